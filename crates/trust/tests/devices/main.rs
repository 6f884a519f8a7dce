//! What devices make of chains: by hand, release by release, and by chance, against mbedTLS itself.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test"
)]

mod bundle;
mod bundles;
mod der;
mod forge;
mod lines;
mod oracle;
mod quirks;
mod s3;
mod servers;
mod twist;

/// What devices take for now: 2030-03-17.
const NOW: u64 = 1_900_000_000;
const YEAR: u64 = 365 * 24 * 3600;
