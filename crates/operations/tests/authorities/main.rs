//! Authorities that are not ours, and the devices that they vouch for.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by a panic, and how long things took is told"
)]

mod admit;
mod house;
mod import;
mod mint;
mod register;
mod repin;
