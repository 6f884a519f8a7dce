//! The device's side of Countersign: one state machine over traits, without an allocator.
//!
//! It checks in, is offered a release, believes only its author's signature, downloads by ranges, verifies, writes as
//! NOR flash allows, selects the slot, and after the reboot confirms or lets the boot loader go back.
#![no_std]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::string_slice
)]

pub mod platform;

pub use platform::{Clock, Crypto, Entropy, Link, LinkError, Peer, Sha256};
