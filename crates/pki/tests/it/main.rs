//! What the authorities issue, judged by verifiers that we did not write.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests and their helpers"
)]

mod ceremony;
mod crl;
mod fixture;
mod openssl;
mod peers;
mod proof;
mod refusals;
mod rules;
mod webpki;
