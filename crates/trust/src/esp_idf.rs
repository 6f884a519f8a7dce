//! What an ESP-IDF client with a certificate bundle accepts.
//!
//! Sources: mbedTLS, as `mbedtls` in this crate says; ESP-IDF at its tags from v4.2 to v6.0.2 and its
//! branches, `components/mbedtls/esp_crt_bundle/esp_crt_bundle.c` (the bundle's callbacks).
//!
//! A device differs from a browser: it builds one path, upwards through the certificates that were
//! sent and in no other order; it does not stop at a certificate whose name and key it trusts, unless
//! its build has the option for that (v6.0 and later); and a bundle is names and keys, without dates
//! or constraints.

mod callback;
mod explanation;
pub(crate) mod handshake;
mod mending;
mod refusal;

use countersign_protocol::UnixTime;
use esp_formats::bundle::{Bundle, Entry};

use crate::{
    IdfRelease,
    mbedtls::{Rules, Signatures, Time},
};

pub use refusal::Refusal;

/// The proof that a device accepts a chain: only [`verify`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted<'b> {
    anchor: Entry<'b>,
    path: Vec<usize>,
}

impl<'b> Accepted<'b> {
    /// The entry of the bundle under which the path ends.
    pub const fn anchor(&self) -> Entry<'b> {
        self.anchor
    }

    /// The certificates that the path is made of, by their position in what was sent, the server's
    /// own first.
    pub fn path(&self) -> &[usize] {
        &self.path
    }
}

/// Does what [`verify_as`] does for ESP-IDF v5.5.
///
/// # Errors
/// Those of [`verify_as`].
pub fn verify<'b>(
    chain: &[&[u8]],
    bundle: &Bundle<'b>,
    host: &str,
    floor: Option<UnixTime>,
) -> Result<Accepted<'b>, Refusal> {
    verify_as(IdfRelease::new(5, 5, 5), chain, bundle, host, floor)
}

/// Does what a device with this release and this bundle does when a server that it calls `host` sends
/// `chain`, for a TLS library that keeps to the first certificate's key. What the device itself does, step
/// by step, is told by [`judge`](crate::judge).
///
/// `chain` is DER in the order sent, the server's own first. `floor` is the earliest time that now
/// can be: what ended before it is refused. What has not begun yet is not, since a device's clock
/// may be behind. Without a floor dates are not looked at, as in ESP-IDF's default build. A host that is
/// an IP address is compared since mbedTLS 3.5 only (v5.0.5, v5.1.2, v5.2). No release verifies across
/// signatures here, as without `CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY`.
///
/// # Errors
/// [`Refusal`]: the first reason, in the order in which mending them helps. Where a device would pass over
/// the first certificate and take the second for the server's, this refuses: the path always begins
/// with the first.
pub fn verify_as<'b>(
    release: IdfRelease,
    chain: &[&[u8]],
    bundle: &Bundle<'b>,
    host: &str,
    floor: Option<UnixTime>,
) -> Result<Accepted<'b>, Refusal> {
    let device = handshake::Settings {
        rules: Rules::of(release),
        time: floor.map_or(Time::Ignored, Time::AtLeast),
        cross_signed: false,
        first_counts: true,
        signatures: &Signatures::default(),
    };
    handshake::run(chain, host, bundle, &device).outcome
}

#[cfg(test)]
mod tests;
