//! Certificates (RFC 5280 §4.1).

pub(crate) mod read;

use std::{
    fmt,
    hash::{Hash, Hasher},
    net::IpAddr,
    ops::Range,
    sync::{Arc, OnceLock},
};

use crate::{
    Error, ExtendedKeyUsage, KeyKind, KeyUsage,
    der::{OID, Reader},
    key::dotted,
    sha256, signature,
};

pub(crate) use read::name as read_name;

/// One certificate: its bytes, and what they say. Cheap to clone.
///
/// Two certificates are equal where their bytes are.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    fields: Fields,
    fingerprint: OnceLock<[u8; 32]>,
}

/// What a certificate says. Ranges are of bytes in its DER.
struct Fields {
    version: u8,
    tbs: Range<usize>,
    serial: Vec<u8>,
    serial_is_negative: bool,
    issuer: Range<usize>,
    issuer_name: Name,
    not_before: u64,
    not_after: u64,
    subject: Range<usize>,
    subject_name: Name,
    public_key: Range<usize>,
    key_kind: KeyKind,
    extensions: Extensions,
    signed_with: Range<usize>,
    signature: Range<usize>,
}

/// A distinguished name (RFC 5280 §4.1.2.4), as far as we look into it.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) common_name: Option<String>,
    pub(crate) text: String,
}

#[derive(Default)]
struct Extensions {
    critical: Vec<String>,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<ExtendedKeyUsage>,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    has_subject_alt_name: bool,
    dns_names: Vec<String>,
    ip_addresses: Vec<IpAddr>,
    uris: Vec<String>,
    ca_issuers: Vec<String>,
}

#[derive(Clone, Copy)]
struct BasicConstraints {
    ca: bool,
    path_len: Option<u32>,
}

impl Certificate {
    /// Reads a DER certificate.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the byte where it, or an extension that we look into, breaks
    /// RFC 5280 §4.1, or has bytes behind it; [`Error::DuplicateExtension`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        Self::from_vec(der.to_vec())
    }

    /// The same, without a copy.
    pub(crate) fn from_vec(der: Vec<u8>) -> Result<Self, Error> {
        let fields = read::fields(&der)?;
        let fingerprint = OnceLock::new();
        Ok(Self(Arc::new(Inner {
            der,
            fields,
            fingerprint,
        })))
    }

    /// The whole certificate, as it was read.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The version, 1 to 3 (RFC 5280 §4.1.2.1). Only the third has extensions.
    pub fn version(&self) -> u8 {
        self.0.fields.version
    }

    /// The subject's name: a raw DER `Name`.
    pub fn subject(&self) -> &[u8] {
        self.slice(&self.0.fields.subject)
    }

    /// The issuer's name: a raw DER `Name`.
    pub fn issuer(&self) -> &[u8] {
        self.slice(&self.0.fields.issuer)
    }

    /// The subject's public key: a raw DER `SubjectPublicKeyInfo`.
    pub fn public_key(&self) -> &[u8] {
        self.slice(&self.0.fields.public_key)
    }

    /// The serial number in lower-case hexadecimal, two digits a byte, without a sign byte.
    pub fn serial_hex(&self) -> String {
        hex(&self.0.fields.serial)
    }

    /// Whether the serial number is negative, against RFC 5280 §4.1.2.2.
    pub fn has_negative_serial(&self) -> bool {
        self.0.fields.serial_is_negative
    }

    /// The first second at which it is good, since 1970; 0 for anything earlier.
    pub fn not_before(&self) -> u64 {
        self.0.fields.not_before
    }

    /// The last second at which it is good, since 1970; 0 for anything earlier.
    pub fn not_after(&self) -> u64 {
        self.0.fields.not_after
    }

    /// The subject's common name, if there is exactly one and it is readable text.
    ///
    /// Where a name has two, or letters in it that are not seen or turn others round, readers would disagree on who is
    /// meant; then it has none.
    pub fn common_name(&self) -> Option<&str> {
        self.0.fields.subject_name.common_name.as_deref()
    }

    /// The issuer's common name, by the same rule.
    pub fn issuer_common_name(&self) -> Option<&str> {
        self.0.fields.issuer_name.common_name.as_deref()
    }

    /// The subject's whole name for people to read, such as `C=US, O=Amazon, CN=Amazon Root CA 1`.
    pub fn subject_text(&self) -> &str {
        &self.0.fields.subject_name.text
    }

    /// The issuer's whole name for people to read.
    pub fn issuer_text(&self) -> &str {
        &self.0.fields.issuer_name.text
    }

    /// Whether there is a subject alternative name, of whatever type (RFC 5280 §4.2.1.6).
    pub fn has_subject_alt_name(&self) -> bool {
        self.0.fields.extensions.has_subject_alt_name
    }

    /// The subject alternative names of type `dNSName`, as written.
    pub fn dns_names(&self) -> &[String] {
        &self.0.fields.extensions.dns_names
    }

    /// The subject alternative names of type `iPAddress`.
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.0.fields.extensions.ip_addresses
    }

    /// The subject alternative names of type `uniformResourceIdentifier`, as written.
    pub fn uris(&self) -> &[String] {
        &self.0.fields.extensions.uris
    }

    /// Where the issuer's certificate can be had from (`caIssuers`, RFC 5280 §4.2.2.1), as written.
    pub fn ca_issuers(&self) -> &[String] {
        &self.0.fields.extensions.ca_issuers
    }

    /// Whether it says of itself that it is a CA (RFC 5280 §4.2.1.9).
    pub fn is_ca(&self) -> bool {
        self.0
            .fields
            .extensions
            .basic_constraints
            .is_some_and(|constraints| constraints.ca)
    }

    /// How many CAs may stand between this one and an end entity, if that is limited.
    pub fn path_len(&self) -> Option<u32> {
        self.0.fields.extensions.basic_constraints?.path_len
    }

    /// What the key may do, if that is limited (RFC 5280 §4.2.1.3).
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.fields.extensions.key_usage
    }

    /// What for, if that is limited (RFC 5280 §4.2.1.12).
    pub fn extended_key_usage(&self) -> Option<&ExtendedKeyUsage> {
        self.0.fields.extensions.extended_key_usage.as_ref()
    }

    /// The subject key identifier (RFC 5280 §4.2.1.2).
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.fields.extensions.subject_key_id.as_deref()
    }

    /// The issuer's key identifier (RFC 5280 §4.2.1.1).
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.fields.extensions.authority_key_id.as_deref()
    }

    /// Every extension that is marked critical, in dotted form.
    pub fn critical_extensions(&self) -> &[String] {
        &self.0.fields.extensions.critical
    }

    /// The kind of the subject's key.
    pub fn key_kind(&self) -> &KeyKind {
        &self.0.fields.key_kind
    }

    /// The kind of the subject's key for people to read: `EC P-256`, `RSA 2048`.
    pub fn key_description(&self) -> String {
        self.key_kind().to_string()
    }

    /// The content of the signature's `AlgorithmIdentifier`.
    pub fn signature_algorithm(&self) -> &[u8] {
        self.slice(&self.0.fields.signed_with)
    }

    /// The signature's algorithm in dotted form, without its parameters; `?` where it is none.
    pub fn signature_oid(&self) -> String {
        Reader::new(self.signature_algorithm())
            .expect(OID, "signature algorithm")
            .map_or_else(|_| "?".to_owned(), |name| dotted(name.der()))
    }

    /// The SHA-256 of the whole certificate; computed once.
    pub fn fingerprint(&self) -> [u8; 32] {
        *self.0.fingerprint.get_or_init(|| sha256(self.der()))
    }

    /// Whether subject and issuer have the same name, byte for byte.
    pub fn is_self_issued(&self) -> bool {
        self.subject() == self.issuer()
    }

    /// Whether `issuer` bears the issuer's name, byte for byte, and its key made the signature.
    ///
    /// It says nothing of whether `issuer` may issue.
    pub fn is_issued_by(&self, issuer: &Self) -> bool {
        self.issuer() == issuer.subject() && self.verify_signature_with(issuer.public_key()).is_ok()
    }

    /// Checks the signature with a DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`Error::BadSignature`]; [`Error::UnsupportedSignature`] where the algorithm is none of
    /// SHA-2 with ECDSA on P-256, P-384, P-521, RSA of 2048 to 8192 bits, or Ed25519, or the key is
    /// of another kind; [`Error::Malformed`] where the key is.
    pub fn verify_signature_with(&self, spki: &[u8]) -> Result<(), Error> {
        let fields = &self.0.fields;
        let message = self.slice(&fields.tbs);
        let bits = self.slice(&fields.signature);
        signature::verify(spki, self.signature_algorithm(), message, bits)
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.der().hash(state);
    }
}

impl AsRef<[u8]> for Certificate {
    fn as_ref(&self) -> &[u8] {
        self.der()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject_text())
            .field("issuer", &self.issuer_text())
            .field("serial", &self.serial_hex())
            .finish_non_exhaustive()
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
