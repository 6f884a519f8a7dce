//! The authorities: what is certified, under which profile, by which key. No files, no clock; a [`Signer`] is an argument.

pub mod signer;

pub use signer::{SignError, Signer};
