//! Requests for a certificate: PKCS #10 (RFC 2986).

use crate::{
    Error, PublicKey,
    certificate::read_name,
    der::{BIT_STRING, INTEGER, Reader, SEQUENCE},
    pem, signature,
};

/// A request whose maker has proved that he holds the key.
///
/// It gives the key and the name that is asked for, and nothing else: what a request wishes to be
/// allowed (CA, usages, alternative names) is never looked at, so that it cannot be granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateRequest {
    public_key: Vec<u8>,
    common_name: Option<String>,
}

impl CertificateRequest {
    /// Reads a request and checks its signature by its own key.
    ///
    /// ```text
    /// CertificationRequest ::= SEQUENCE {
    ///     SEQUENCE { version INTEGER (0), subject Name, SubjectPublicKeyInfo, [0] attributes },
    ///     AlgorithmIdentifier, BIT STRING }
    /// ```
    ///
    /// # Errors
    /// [`Error::Malformed`]; [`Error::UnsupportedKey`] for keys other than P-256, P-384 and RSA of
    /// 2048 to 8192 bits; [`Error::UnsupportedSignature`]; [`Error::BadSignature`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let mut input = Reader::new(der);
        let request = input.expect(SEQUENCE, WHAT)?;
        input.finish(WHAT)?;
        let mut parts = request.reader();
        let info = parts.expect(SEQUENCE, WHAT)?;
        let signed_with = parts.expect(SEQUENCE, "signature algorithm")?;
        let signature = parts.expect(BIT_STRING, "signature")?;
        parts.finish(WHAT)?;

        let mut parts = info.reader();
        let version = parts.expect(INTEGER, "version")?;
        if version.value() != [0] {
            let offset = version.offset();
            return Err(Error::Malformed {
                what: "version",
                offset,
            });
        }
        let subject = parts.expect(SEQUENCE, "subject")?;
        let spki = parts.expect(SEQUENCE, "public key")?;
        // RFC 2986 wants it there even if it is empty; some clients leave it out.
        parts.optional(ATTRIBUTES, "attributes")?;
        parts.finish(WHAT)?;

        PublicKey::from_element(der, &spki)?.certifiable()?;
        let bits = der
            .get(signature.bit_string("signature")?)
            .unwrap_or_default();
        signature::verify(spki.der(), signed_with.value(), info.der(), bits)?;
        Ok(Self {
            public_key: spki.der().to_vec(),
            common_name: read_name(&subject, "subject")?.common_name,
        })
    }

    /// As [`CertificateRequest::from_der`], from the first request in a PEM text (RFC 7468 §7).
    ///
    /// # Errors
    /// Those of [`CertificateRequest::from_der`], [`Error::MissingPem`], [`Error::MalformedPem`].
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        let found = match pem::blocks(text, LABEL) {
            Err(Error::MissingPem { .. }) => {
                pem::blocks(text, OLD_LABEL).map_err(|error| match error {
                    Error::MissingPem { .. } => Error::MissingPem { label: LABEL },
                    other => other,
                })?
            }
            other => other?,
        };
        let first = found.first().ok_or(Error::MissingPem { label: LABEL })?;
        Self::from_der(first)
    }

    /// The key that is to be certified: a DER `SubjectPublicKeyInfo`.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The common name that is asked for, if there is exactly one and it is readable text.
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }
}

/// `[0] IMPLICIT SET OF Attribute`.
const ATTRIBUTES: u8 = 0xa0;
const LABEL: &str = "CERTIFICATE REQUEST";
/// What OpenSSL and others wrote before RFC 7468.
const OLD_LABEL: &str = "NEW CERTIFICATE REQUEST";
const WHAT: &str = "certificate request";

#[cfg(test)]
mod tests;
