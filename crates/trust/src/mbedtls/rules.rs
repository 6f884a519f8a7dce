//! What differs between versions.

use countersign_protocol::UnixTime;

use crate::release::{IdfRelease, MbedTls};

/// What differs between the releases of ESP-IDF for whom they believe.
///
/// Two releases with equal rules give equal verdicts on equal bundles.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule of its own, with its own release"
)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Rules {
    /// Since 3.0 the default profile wants SHA-256 or better and names its curves; before, SHA-224 and
    /// any curve will do.
    pub(crate) narrow_profile: bool,
    /// Since 3.5 an `iPAddress` is compared with a host that is one; before, it is not looked at.
    pub(crate) ip_addresses: bool,
    /// Since 2.28 `certificatePolicies` are read: a critical one may name `anyPolicy` only.
    pub(crate) policies: bool,
    /// Since 3.5 both key identifiers are read; before, they may not be critical.
    pub(crate) key_identifiers: bool,
    /// Since 3.4 a key usage, or a Netscape type, without any octet is read.
    pub(crate) empty_bits: bool,
    /// Since 3.4 a point may be compressed (`library/ecp.c`, `mbedtls_ecp_point_read_binary`).
    pub(crate) compressed_points: bool,
    /// Since 4.0 keys are PSA's: RSA has at most 4096 bits, and whole octets; small curves are gone.
    pub(crate) psa: bool,
    /// Since v4.2.1 the bundle's callback forgives a weak hash at the top.
    pub(crate) forgives_weak_hash: bool,
    /// Since v6.0 there is an option by which the bundle's roots can end a path anywhere.
    pub(crate) cross_signed: bool,
    /// In v6.0 to v6.0.2 that option fails where the device looks at dates, and with names that have
    /// several parts in one set.
    pub(crate) cross_signed_flawed: bool,
}

impl Rules {
    pub(crate) fn of(release: IdfRelease) -> Self {
        let version = release.mbedtls();
        let cross_signed = release >= IdfRelease::new(6, 0, 0);
        Self {
            narrow_profile: version >= MbedTls::new(3, 0, 0),
            ip_addresses: version >= MbedTls::new(3, 5, 0),
            policies: version >= MbedTls::new(2, 28, 0),
            key_identifiers: version >= MbedTls::new(3, 5, 0),
            empty_bits: version >= MbedTls::new(3, 4, 0),
            compressed_points: version >= MbedTls::new(3, 4, 0),
            psa: version >= MbedTls::new(4, 0, 0),
            forgives_weak_hash: release >= IdfRelease::new(4, 2, 1),
            cross_signed,
            cross_signed_flawed: cross_signed && release < IdfRelease::new(6, 0, 3),
        }
    }
}

/// What a device takes for now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Time {
    /// It does not look at dates.
    Ignored,
    /// This, exactly.
    At(UnixTime),
    /// This or later: what has not begun yet may have.
    AtLeast(UnixTime),
}
