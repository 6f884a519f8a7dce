//! Whole capabilities, tried with the program as it is built, against programs that we did not write.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "these are tests"
)]

mod author_sets;
mod authorities;
mod backup;
mod bad_input;
mod bad_state;
mod ca;
mod chip;
mod demo;
mod device_authors;
mod esp_idf;
mod fallbacks;
mod faults;
mod formats;
mod gate;
mod harness;
mod hostile;
mod images;
mod keys;
mod manifest;
mod mbedtls;
mod operator;
mod pki;
mod policy;
mod products;
mod refusals;
mod release_sign;
mod sealed;
mod server_certificate;
mod stock;
mod stores;
mod suspend;
mod trust_bundle;
mod trust_inspect;
mod update;
