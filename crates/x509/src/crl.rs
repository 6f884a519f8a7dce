//! Certificate revocation lists (RFC 5280 §5).

mod read;

use std::{fmt, ops::Range, sync::Arc};

use crate::{Certificate, Error, pem, signature};

/// One CRL of version 2: its bytes, and what they say. Cheap to clone.
///
/// A list is complete and its issuer's own: one that says otherwise (a delta, a part, an indirect list) says so in a
/// critical extension, and none that is critical is known here. Two CRLs are equal where their bytes are.
#[derive(Clone)]
pub struct Crl(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    fields: Fields,
}

/// What a CRL says. Ranges are of bytes in its DER.
struct Fields {
    tbs: Range<usize>,
    issuer: Range<usize>,
    issuer_text: String,
    this_update: u64,
    next_update: u64,
    /// The content of `revokedCertificates`; empty where there is none.
    revoked: Range<usize>,
    len: usize,
    number: Range<usize>,
    authority_key_id: Option<Range<usize>>,
    signed_with: Range<usize>,
    signature: Range<usize>,
}

/// One entry (RFC 5280 §5.1.2.6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RevokedCertificate<'a> {
    /// The serial number: the magnitude, big-endian, without leading zeros.
    pub serial: &'a [u8],
    /// When it was revoked, in seconds since 1970; 0 for anything earlier.
    pub revoked_at: u64,
    /// Why.
    pub reason: ReasonCode,
}

/// Why a certificate was revoked (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReasonCode {
    /// Nothing is said: no reason code, or 0.
    Unspecified,
    /// 1: its key is in wrong hands, or may be.
    KeyCompromise,
    /// 2: its issuer's key is.
    CaCompromise,
    /// 3: a name in it is not its holder's any more.
    AffiliationChanged,
    /// 4: another took its place.
    Superseded,
    /// 5: it is out of service.
    CessationOfOperation,
    /// 6: for the time being.
    CertificateHold,
    /// 8: not revoked any more; in a delta CRL only.
    RemoveFromCrl,
    /// 9: its holder may no longer do what it says.
    PrivilegeWithdrawn,
    /// 10: the key of an attribute authority is in wrong hands.
    AaCompromise,
}

impl Crl {
    /// Reads a DER CRL.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the byte where it breaks RFC 5280 §5: another version than 2, no next update, no CRL
    /// number, a date in the wrong form, an empty list, a serial number that is not positive or has more than 20
    /// octets, bytes behind it; [`Error::DuplicateExtension`]; [`Error::CriticalExtension`] where one is marked
    /// critical that is not known here.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let fields = read::fields(der)?;
        let der = der.to_vec();
        Ok(Self(Arc::new(Inner { der, fields })))
    }

    /// As [`Crl::from_der`], from the first CRL in a PEM text (RFC 7468 §6).
    ///
    /// # Errors
    /// Those of [`Crl::from_der`], [`Error::MissingPem`], [`Error::MalformedPem`].
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        let found = pem::blocks(text, LABEL)?;
        let first = found.first().ok_or(Error::MissingPem { label: LABEL })?;
        Self::from_der(first)
    }

    /// The CRL in PEM (RFC 7468 §6).
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, self.der())
    }

    /// The whole CRL, as it was read.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The issuer's name: a raw DER `Name`.
    pub fn issuer(&self) -> &[u8] {
        self.slice(&self.0.fields.issuer)
    }

    /// The issuer's whole name for people to read.
    pub fn issuer_text(&self) -> &str {
        &self.0.fields.issuer_text
    }

    /// When it was made, in seconds since 1970; 0 for anything earlier.
    pub fn this_update(&self) -> u64 {
        self.0.fields.this_update
    }

    /// When the next one is there at the latest, in seconds since 1970; 0 for anything earlier.
    pub fn next_update(&self) -> u64 {
        self.0.fields.next_update
    }

    /// Its number (RFC 5280 §5.2.3): the magnitude, big-endian, without leading zeros; 20 octets at most.
    pub fn number(&self) -> &[u8] {
        self.slice(&self.0.fields.number)
    }

    /// By which of its issuer's keys it is signed (RFC 5280 §5.2.1), if it says so.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        let id = self.0.fields.authority_key_id.as_ref()?;
        Some(self.slice(id))
    }

    /// How many certificates it names.
    pub fn len(&self) -> usize {
        self.0.fields.len
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The certificates that it names, in its order.
    pub fn revoked(&self) -> impl Iterator<Item = RevokedCertificate<'_>> {
        read::entries(self.slice(&self.0.fields.revoked))
    }

    /// Whether it bears `issuer`'s name, byte for byte, `issuer` may sign CRLs (RFC 5280 §4.2.1.3), and its key made the
    /// signature.
    pub fn is_issued_by(&self, issuer: &Certificate) -> bool {
        let may = issuer.key_usage().is_none_or(crate::KeyUsage::crl_sign);
        may && self.issuer() == issuer.subject()
            && self.verify_signature_with(issuer.public_key()).is_ok()
    }

    /// Checks the signature with a DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// Those of [`Certificate::verify_signature_with`].
    pub fn verify_signature_with(&self, spki: &[u8]) -> Result<(), Error> {
        let fields = &self.0.fields;
        let (signed_with, message) = (self.slice(&fields.signed_with), self.slice(&fields.tbs));
        signature::verify(spki, signed_with, message, self.slice(&fields.signature))
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Crl {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Crl {}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crl")
            .field("issuer", &self.issuer_text())
            .field("this_update", &self.this_update())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl ReasonCode {
    /// Its number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::RemoveFromCrl => 8,
            Self::PrivilegeWithdrawn => 9,
            Self::AaCompromise => 10,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Unspecified,
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            8 => Self::RemoveFromCrl,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => return None,
        })
    }
}

const LABEL: &str = "X509 CRL";

#[cfg(test)]
mod tests;
