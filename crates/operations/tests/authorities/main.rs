//! Authorities that are not ours, and the devices that they vouch for.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

mod admit;
mod house;
mod import;
mod mint;
mod register;
mod repin;
