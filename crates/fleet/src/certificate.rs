//! Certificates that were issued or shown, and what is published of those that were revoked.

use countersign_protocol::{Digest, UnixTime};

use crate::DeviceId;

/// What a certificate was issued as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertificateProfile {
    /// A device's, from the factory: an `IDevID` (IEEE 802.1AR), without end.
    Device,
    /// A device's in service: an `LDevID`, with an end.
    DeviceInService,
    /// One of our servers'.
    Server,
    /// An authority's of ours, a root or one that issues.
    Authority,
    /// A proof that we hold an authority's key, for another's service.
    Proof,
    /// A device's, issued by a registered authority and shown to us.
    Registered,
}

/// Why a certificate was revoked (RFC 5280 §5.3.1): those of its reasons that we have a use for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RevocationReason {
    /// Nothing was said.
    Unspecified,
    /// Its key is in wrong hands, or may be.
    KeyCompromise,
    /// Another took its place.
    Superseded,
    /// It is out of service.
    CessationOfOperation,
}

/// A certificate. None is ever forgotten.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateRecord {
    /// SHA-256 of its DER.
    pub fingerprint: Digest,
    /// Its serial number, lower-case hexadecimal.
    pub serial: String,
    /// What it was issued as.
    pub profile: CertificateProfile,
    /// The device that it names; none where it is not a device's.
    pub device: Option<DeviceId>,
    /// Its subject, for people: `CN=board-7`.
    pub subject: String,
    /// SHA-256 of the issuing authority's public key (`SubjectPublicKeyInfo`); none of one that was issued before this
    /// was noted, when there was one authority for devices.
    pub issuer: Option<Digest>,
    /// The first second of its validity.
    pub not_before: UnixTime,
    /// The last second of its validity.
    pub not_after: UnixTime,
    /// When and why it was revoked, if it was.
    pub revoked: Option<Revoked>,
    /// The certificate itself. Empty where nothing but its fingerprint is known yet, since an operator said that it is the
    /// device's: then serial number and subject are empty too, and the dates are the widest.
    pub der: Vec<u8>,
}

impl CertificateRecord {
    /// Whether the certificate itself is known, and not its fingerprint alone.
    pub const fn is_whole(&self) -> bool {
        !self.der.is_empty()
    }
}

/// When and why a certificate was revoked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Revoked {
    /// When.
    pub at: UnixTime,
    /// Why.
    pub reason: RevocationReason,
}

/// Which certificates are looked for: those to which all that is said applies.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CertificateSearch {
    /// Its serial number begins so: lower-case hexadecimal.
    pub serial: Option<String>,
    /// Its SHA-256 begins so: lower-case hexadecimal.
    pub fingerprint: Option<String>,
    /// It is this device's.
    pub device: Option<DeviceId>,
    /// It was issued as this.
    pub profile: Option<CertificateProfile>,
    /// It ends before this second.
    pub ends_before: Option<UnixTime>,
    /// It is good, or has not begun, at this second.
    pub not_ended_at: Option<UnixTime>,
}

/// An entry of a CRL (RFC 5280 §5.1.2.6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevokedSerial {
    /// The serial number, lower-case hexadecimal.
    pub serial: String,
    /// When and why.
    pub revoked: Revoked,
}

/// How many certificates an authority issued.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Issued {
    /// All that are recorded.
    pub all: u64,
    /// Of them, those that were revoked.
    pub revoked: u64,
}

/// The newest CRL of an authority.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrlRecord {
    /// SHA-256 of the authority's public key.
    pub issuer: Digest,
    /// Its number (RFC 5280 §5.2.3): it only grows.
    pub number: u64,
    /// When it was made.
    pub this_update: UnixTime,
    /// When the next one is there at the latest.
    pub next_update: UnixTime,
    /// The CRL itself.
    pub der: Vec<u8>,
}

/// A certificate whose holder is turned away in the handshake already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Barred {
    /// SHA-256 of its DER.
    pub fingerprint: Digest,
    /// Whether for good: revoked, not suspended.
    pub for_good: bool,
}
