//! What the authorities issue, judged by verifiers that we did not write.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests and their helpers"
)]

mod fixture;
mod openssl;
mod refusals;
mod webpki;
