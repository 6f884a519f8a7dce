//! The device's side of Countersign: one state machine over traits, without an allocator.
//!
//! A platform implements [`Platform`], opens a [`Node`] and calls [`Node::cycle`] or [`Node::run`]. The node checks in,
//! is offered a release, believes only its author's signature, downloads by ranges, verifies, writes as NOR flash
//! allows, selects the slot, and after the reboot confirms or lets the boot loader go back.
//!
//! # The update, step by step
//!
//! The comments in the source carry these numbers.
//!
//! 1. **Check in.** The device says what it runs, to a server that has proved itself, and is told the time, when to
//!    come again, and perhaps what to run next. 503 with `Retry-After` is obeyed. A time is kept as long as servers
//!    prove themselves at it.
//! 2. **Believe the authors.** A successor of the author set is followed first, if the server has one, and kept. The manifest
//!    is one that as many known authors signed as it takes, for this product and chip, with a counter
//!    above all that were confirmed or barred, not ended, with no lower secure version, and fits the slot. Nothing is
//!    downloaded before.
//! 3. **Know the host.** The URL, and every one that a redirect leads to, is absolute `https` to our server or to a
//!    store that the settings name; a store cannot redirect to our server. Three redirects are followed for each URL.
//! 4. **Download.** By ranges into the slot after the running one, sector by sector; the image's first 288 bytes must
//!    say what the manifest says before a sector is erased. Lost connections are made again, from the last sector
//!    written, and so after a reset; an ended URL is asked for again; a changed `ETag` begins anew. Each of these is
//!    counted, and has its end: see [`Pace`].
//! 5. **Verify.** The slot is read back; its SHA-256 must be the manifest's. Where the product has Secure Boot, the image must
//!    also be signed by a key that the chip trusts ([`SecureBoot`]).
//! 6. **Select.** What is about to be tried is recorded, then `otadata` is written as ESP-IDF writes it, then the
//!    platform reboots.
//! 7. **Confirm.** The new image confirms itself once a server has answered its check-in; only then does its counter
//!    count as accepted. Where it does not come to that, the boot loader goes back, and the release is barred.
//! 8. **Report.** How the offer ended is told to the server, and remembered until a server has taken it.
//!
//! # What it needs
//!
//! On riscv32imc, Rust 1.95: 6,148 bytes for [`Buffers`], 696 for a [`Node`] and 3,728 for the future of
//! [`Node::cycle`] with a link over Mbed TLS, whose heap is not counted; about 62 KiB of code and 16 KiB of CRC tables, at
//! `opt-level = "s"` and without the platform's link and cryptography. A partition
//! named `node_state`, of 8 KiB at least and not encrypted, holds the node's [`State`]. Dropping a future in the middle
//! does to the flash what a cut of power does: nothing that a reset, or a new [`Node`], does not make good.
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

#[cfg(test)]
extern crate std;

mod address;
mod authors;
pub mod error;
pub mod event;
mod flash;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod http;
pub mod node;
mod places;
pub mod platform;
pub mod provisioned;
pub mod settings;
pub mod state;
mod text;

pub use error::{Error, Partition};
pub use event::{Event, Need, Observer};
pub use node::{Buffers, Next, Node};
pub use platform::{Clock, Crypto, Entropy, Link, LinkError, Parts, Peer, Platform, Sha256};
pub use settings::{Blocks, Pace, Scheme, SecureBoot, Settings};
pub use state::State;

/// What flash is erased by, in bytes.
pub(crate) const SECTOR: usize = 4096;
