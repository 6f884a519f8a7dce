//! The workflows, over a real store in a folder of its own, and a clock that is set by hand.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by a panic, and how long things took is told"
)]

mod authorities;
mod crl;
mod device_state;
mod world;
