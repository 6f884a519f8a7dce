//! The virtual node from outside: its link, and whole machines against a small device plane. Loopback only.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first thing that is wrong"
)]

mod authority;
mod device;
mod device_plane;
mod link;
mod machine;
mod secure_boot;
mod tls;
