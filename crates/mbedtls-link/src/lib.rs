//! TLS by Mbed TLS, set up as ESP-IDF sets it up: what a device does, on any machine that has a C library.
//!
//! A `Session` is a client's connection over any [`Transport`] that moves bytes and may say "not now". It is configured as
//! `esp-tls` configures one with `crt_bundle_attach`: the library's default preset and its own order of suites, TLS 1.2
//! alone unless asked otherwise, the host's name sent and checked, the device's chain and key shown, and servers believed
//! by a certificate bundle alone ([`anchor`]). Dates are checked where a time is given, since ESP-IDF checks them only
//! with `CONFIG_MBEDTLS_HAVE_TIME_DATE`. `TlsLink` is the node's link over such sessions, `MbedCrypto` its cryptography.
//!
//! Without the feature `mbedtls` nothing of C is compiled, and only what needs none is here: the rule of the bundle, the
//! words for the flags, configuration and errors.
//!
//! # One thread
//!
//! Mbed TLS is compiled without locks. `Library` is therefore one in a process, and neither it nor its sessions leave the
//! thread that made it: they are not `Send`. Many sessions may be under way on that thread.
//!
//! Source: ESP-IDF v5.5, `components/esp-tls/esp_tls_mbedtls.c` and `components/mbedtls/esp_crt_bundle/esp_crt_bundle.c`;
//! Mbed TLS 3.6.5.

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::alloc_instead_of_core,
        clippy::std_instead_of_alloc,
        clippy::std_instead_of_core
    )
)]

#[cfg(feature = "mbedtls")]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod anchor;
#[cfg(feature = "mbedtls")]
#[expect(unsafe_code, reason = "the one module that calls the C library")]
mod c;
mod code;
mod config;
#[cfg(feature = "mbedtls")]
mod crypto;
#[cfg(any(feature = "mbedtls", test))]
mod date;
mod error;
mod flags;
#[cfg(feature = "mbedtls")]
mod link;
#[cfg(feature = "mbedtls")]
mod session;
mod transport;

#[cfg(feature = "mbedtls")]
pub use self::{
    c::{IN_CONTENT_LEN, LIBRARY, Library, OUT_CONTENT_LEN},
    crypto::{MbedCrypto, MbedSha256},
    link::{Dial, LinkSettings, TlsConnection, TlsLink},
    session::{Alert, Progress, SavedSession, Session},
};
pub use self::{
    code::Code,
    config::{Config, Versions},
    error::{Error, Refusal},
    flags::VerifyFlags,
    transport::{Transport, TransportError},
};
/// What a session proves itself with.
pub use countersign_node::provisioned::Identity;
/// What a [`Config`] states the time in.
pub use countersign_protocol::UnixTime;
/// The trait of the random source that [`Library`] takes.
#[cfg(feature = "mbedtls")]
pub use rand_core;
