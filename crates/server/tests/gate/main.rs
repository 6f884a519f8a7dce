//! The gate in the handshake, by whole servers on loopback and rustls as their client: what is remembered of a device and what
//! for, whom a session brings in, how fast one who is barred is gone, and what is shown to devices.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "in a test, anything unexpected ends the test, and how long things took is told"
)]

mod chains;
mod client;
mod cuts;
mod identities;
mod names;
mod parts;
mod sessions;
mod times;
mod world;
