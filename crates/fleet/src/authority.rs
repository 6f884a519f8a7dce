//! Authorities of others that vouch for devices.

use countersign_protocol::{Digest, UnixTime};

use crate::{AuthorityName, ProductName};

/// A registered authority: one that is not ours and vouches for devices, each in the namespace of its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegisteredAuthority {
    /// Its name, which begins the ids of all its devices: `NAME/...`.
    pub name: AuthorityName,
    /// Its certificate, DER: an anchor, whatever stands above it.
    pub der: Vec<u8>,
    /// SHA-256 of its public key (`SubjectPublicKeyInfo`).
    pub key: Digest,
    /// Where its certificates say who the device is.
    pub mapping: NameMapping,
    /// The product of devices that it brings in; none where it brings in none.
    pub product: Option<ProductName>,
    /// For whom it may vouch.
    pub vouches_for: VouchesFor,
    /// The last second in which it may bring in new devices; none: as long as its certificate lasts.
    pub new_until: Option<UnixTime>,
    /// Whether it may vouch for devices that are known, by the key that is known, after its own certificate has ended.
    pub known_after_end: bool,
    /// When it was registered.
    pub registered_at: UnixTime,
}

/// For whom a registered authority may vouch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VouchesFor {
    /// For devices that are known already, by the keys by which they are known.
    Known,
    /// For new ones too: the first certificate brings the device in, and pins its key.
    New,
    /// For nobody any more. Its devices stay known, and are refused.
    Nobody,
}

/// Where a certificate says who the device is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameMapping {
    /// The subject's common name, of which there must be one.
    CommonName,
    /// The only subject alternative name of type `uniformResourceIdentifier`.
    Uri,
    /// The only subject alternative name of type `dNSName`.
    DnsName,
}
