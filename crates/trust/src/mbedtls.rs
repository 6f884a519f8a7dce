//! What mbedTLS makes of a chain: reading, path building, names, verification flags.
//!
//! Followed from the sources of mbedTLS 2.16, 2.28, 3.2 to 3.6 and 4.0 to 4.1, as ESP-IDF configures
//! them by default (`components/mbedtls/port/include/mbedtls/esp_config.h`). Where versions differ,
//! [`Rules`] says so; where the library is laxer or stricter than RFC 5280, so are we. That is why
//! certificates are read here once more, by its rules: `countersign_x509` reads them by the standard's.

mod algorithm;
mod asn1;
mod certificate;
mod der;
mod extensions;
pub(crate) mod flags;
pub(crate) mod host_name;
mod key;
mod name;
pub(crate) mod path;
mod rules;
pub(crate) mod signature;

pub(crate) use algorithm::{Digest, SignatureAlgorithm, SignatureKind};
pub(crate) use certificate::{Certificate, Unreadable};
pub(crate) use extensions::{DIGITAL_SIGNATURE, KEY_CERT_SIGN, SERVER_AUTH};
pub(crate) use key::Key;
use name::Name;
pub(crate) use rules::{Rules, Time};
pub(crate) use signature::Signatures;
