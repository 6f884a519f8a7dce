//! CBOR in the one form that this crate reads and writes.
//!
//! [`check`] walks the bytes once and refuses all that is not deterministic; [`Reader`] and [`Writer`] then do the
//! typed part on top of `minicbor`, which by itself would read other forms too.

mod check;
mod read;
mod write;

pub(crate) use check::check;
pub(crate) use read::{Reader, require};
pub(crate) use write::Writer;

/// An offset as [`crate::Error`] carries it; no input of ours comes near the end of its range.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
