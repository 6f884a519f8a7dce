//! The virtual node from outside: its link, and whole machines against a small device plane. Loopback only.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first thing that is wrong"
)]

mod authority;
mod device;
mod device_plane;
#[cfg(feature = "mbedtls")]
#[expect(dead_code, reason = "another program looks at more of it")]
#[path = "../../../mbedtls-link/examples/link-heap/heap.rs"]
mod heap;
mod link;
mod machine;
#[cfg(feature = "mbedtls")]
mod memory;
mod provisioned;
mod secure_boot;
#[cfg(feature = "mbedtls")]
#[path = "../../../mbedtls-link/examples/link-heap/socket.rs"]
mod socket;
mod tls;

#[cfg(feature = "mbedtls")]
#[global_allocator]
static HEAP: heap::Counting = heap::Counting;
