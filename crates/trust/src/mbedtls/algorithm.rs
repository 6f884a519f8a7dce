//! Signature algorithms (`library/oid.c`, `oid_sig_alg`; `library/x509.c`, `mbedtls_x509_get_sig_alg`).

use super::asn1::{Cursor, Malformed, NULL, OID, SEQUENCE};

/// An `AlgorithmIdentifier`: its OID, and the tag and content of its parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Identifier<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) parameters: Option<(u8, &'a [u8])>,
    /// The content of the whole.
    pub(crate) content: &'a [u8],
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SignatureAlgorithm {
    pub(crate) kind: SignatureKind,
    pub(crate) digest: Digest,
}

/// By what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SignatureKind {
    Ecdsa,
    RsaPkcs1,
    RsaPss,
}

/// Over what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// Why an algorithm is not read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The library passes over the whole certificate, as if it had not been sent.
    Unknown,
    /// The handshake ends.
    Malformed(Malformed),
}

impl<'a> Identifier<'a> {
    /// `mbedtls_asn1_get_alg`.
    pub(crate) fn read(parts: &mut Cursor<'a>, what: &'static str) -> Result<Self, Malformed> {
        let mut inside = parts.element(SEQUENCE, what)?;
        let content = inside.rest();
        let oid = inside.element(OID, what)?.rest();
        let parameters = if inside.is_at_end() {
            None
        } else {
            let (tag, value) = inside.any(what)?;
            inside.finish(what)?;
            Some((tag, value.rest()))
        };
        Ok(Self {
            oid,
            parameters,
            content,
        })
    }

    /// Whether the parameters are absent or NULL.
    pub(crate) const fn is_bare(&self) -> bool {
        matches!(self.parameters, None | Some((0 | NULL, [])))
    }
}

impl SignatureAlgorithm {
    /// `at` is where an error points.
    pub(crate) fn read(identifier: &Identifier<'_>, at: Cursor<'_>) -> Result<Self, Fault> {
        let known = KNOWN.iter().find(|(oid, _, _)| *oid == identifier.oid);
        let Some(&(_, kind, digest)) = known else {
            return Err(Fault::Unknown);
        };
        if kind == SignatureKind::RsaPss {
            let digest = pss_digest(identifier)
                .map_err(|()| Fault::Malformed(at.fault("RSA-PSS parameters", false)))?;
            return Ok(Self { kind, digest });
        }
        if !identifier.is_bare() {
            return Err(Fault::Malformed(at.fault("signature algorithm", false)));
        }
        Ok(Self { kind, digest })
    }
}

/// `mbedtls_x509_get_rsassa_pss_params`, as far as the digest goes; SHA-1 where none is named.
fn pss_digest(identifier: &Identifier<'_>) -> Result<Digest, ()> {
    let Some((SEQUENCE, parameters)) = identifier.parameters else {
        return Err(());
    };
    let mut parts = Cursor::new(parameters);
    if parts.is_at_end() {
        return Ok(Digest::Sha1);
    }
    let Some(mut tagged) = parts.optional(HASH, "").map_err(|_| ())? else {
        return Ok(Digest::Sha1);
    };
    let hash = Identifier::read(&mut tagged, "").map_err(|_| ())?;
    tagged.finish("").map_err(|_| ())?;
    if !hash.is_bare() {
        return Err(());
    }
    let known = DIGESTS.iter().find(|(oid, _)| *oid == hash.oid);
    known.map(|(_, digest)| *digest).ok_or(())
}

/// `[0] EXPLICIT`.
const HASH: u8 = 0xa0;

const KNOWN: [(&[u8], SignatureKind, Digest); 13] = [
    (&rsa(4), SignatureKind::RsaPkcs1, Digest::Md5),
    (&rsa(5), SignatureKind::RsaPkcs1, Digest::Sha1),
    (&rsa(14), SignatureKind::RsaPkcs1, Digest::Sha224),
    (&rsa(11), SignatureKind::RsaPkcs1, Digest::Sha256),
    (&rsa(12), SignatureKind::RsaPkcs1, Digest::Sha384),
    (&rsa(13), SignatureKind::RsaPkcs1, Digest::Sha512),
    // `sha-1WithRSAEncryption` of OIW, 1.3.14.3.2.29.
    (
        &[0x2b, 0x0e, 0x03, 0x02, 0x1d],
        SignatureKind::RsaPkcs1,
        Digest::Sha1,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01],
        SignatureKind::Ecdsa,
        Digest::Sha1,
    ),
    (&ecdsa(1), SignatureKind::Ecdsa, Digest::Sha224),
    (&ecdsa(2), SignatureKind::Ecdsa, Digest::Sha256),
    (&ecdsa(3), SignatureKind::Ecdsa, Digest::Sha384),
    (&ecdsa(4), SignatureKind::Ecdsa, Digest::Sha512),
    // The digest is in the parameters.
    (&rsa(10), SignatureKind::RsaPss, Digest::Sha1),
];

const DIGESTS: [(&[u8], Digest); 6] = [
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05],
        Digest::Md5,
    ),
    (&[0x2b, 0x0e, 0x03, 0x02, 0x1a], Digest::Sha1),
    (&sha2(4), Digest::Sha224),
    (&sha2(1), Digest::Sha256),
    (&sha2(2), Digest::Sha384),
    (&sha2(3), Digest::Sha512),
];

/// 1.2.840.113549.1.1.n (RFC 8017 §A.2).
const fn rsa(n: u8) -> [u8; 9] {
    [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, n]
}

/// 1.2.840.10045.4.3.n (RFC 5758 §3.2).
const fn ecdsa(n: u8) -> [u8; 8] {
    [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n]
}

/// 2.16.840.1.101.3.4.2.n (RFC 8017 §B.1).
const fn sha2(n: u8) -> [u8; 9] {
    [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, n]
}
