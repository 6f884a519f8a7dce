//! The signed manifest of a checked image.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use countersign_pki::{SignError, Signer, fixed_signature};
use countersign_protocol::{
    Authors, CoSignatures, Error, Es256Verifier, MAX_MANIFEST, Manifest, Reason, SignedRelease,
    UnixTime, VerifiedManifest,
    manifest::{AuthorId, assemble, to_be_signed},
};

use crate::{Checked, KnownAuthors, sha256};

/// Verifies ECDSA on P-256 with aws-lc.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLcEs256;

impl Es256Verifier for AwsLcEs256 {
    fn es256_verify(&self, spki: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        // One form of key and no other, so that a key has one name.
        spki.strip_prefix(P256_SPKI.as_slice())
            .filter(|point| point.len() == POINT_LEN)
            .is_some_and(|point| {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
                    .is_ok()
            })
    }
}

/// Why a manifest could not be made or is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It bears a known author's name, and not his signature.
    #[error("the signature on the manifest is not that of author {0}")]
    BadSignature(AuthorId),
    /// The authors' set has ended.
    #[error("author set {0} has ended, and nothing that it signed is accepted any more")]
    AuthorsEnded(u32),
    /// He has signed it before.
    #[error("author {0} has signed it already")]
    SignedAlready(AuthorId),
    /// There is room for no further author.
    #[error("{} authors have signed it, and no more can", CoSignatures::MAX + 1)]
    TooManyAuthors,
    /// Known authors have signed it, and fewer than it takes.
    #[error(
        "{count} of the {needed} authors that set {sequence} asks for have signed the manifest"
    )]
    TooFewAuthors {
        /// How many have.
        count: usize,
        /// How many it takes.
        needed: u8,
        /// The set.
        sequence: u32,
    },
    /// It is not a signed manifest, or what was signed is no manifest.
    #[error("not a signed manifest: {} at byte {}", .0.kind, .0.offset)]
    Malformed(Error),
    /// None of the known authors signed it.
    #[error("the manifest is by author {0}, who is not known here")]
    UnknownAuthor(AuthorId),

    /// The release cannot be described by a manifest.
    #[error("the release does not fit into a manifest: {}", .0.kind)]
    Unfit(Error),

    /// The key could not sign.
    #[error("signing the manifest")]
    Sign(#[source] SignError),
    /// What the key gave is not its own signature.
    #[error("the key gave a signature that its public half does not verify")]
    SignerWrong,
}

/// The first field in which a manifest and an image differ.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the manifest says {field} {manifest}, the image has {image}")]
pub struct Mismatch {
    /// The field.
    pub field: &'static str,
    /// What the manifest says.
    pub manifest: String,
    /// What the image has.
    pub image: String,
}

/// The author's name that goes with a public key, a DER `SubjectPublicKeyInfo`.
pub fn author_id(spki: &[u8]) -> AuthorId {
    AuthorId::from_spki_sha256(&sha256(spki).0)
}

/// Describes a checked image as a release and signs that: a tagged `COSE_Sign1` (RFC 9052 §4.2) with ES256.
///
/// # Errors
/// [`ManifestError::Unfit`] where a text is longer than a manifest's, [`ManifestError::Sign`] where the key could not
/// sign, [`ManifestError::SignerWrong`] where what it gave does not verify.
pub fn sign(
    checked: &Checked,
    product: &str,
    counter: u64,
    created: UnixTime,
    not_after: Option<UnixTime>,
    signer: &dyn Signer,
) -> Result<Vec<u8>, ManifestError> {
    let manifest = Manifest {
        product,
        chip: checked.chip,
        project: &checked.project,
        version: &checked.version,
        image: checked.digest,
        size: checked.size,
        counter,
        secure_version: checked.secure_version,
        created,
        not_after,
    };
    let spki = signer.public_key();
    let author = author_id(spki);
    let payload = written(|out| manifest.encode(out))?;
    let message = written(|out| to_be_signed(author, &payload, out))?;
    let der = signer.sign(&message).map_err(ManifestError::Sign)?;
    let signature = fixed_signature(&der).map_err(|_| ManifestError::SignerWrong)?;
    let signed = written(|out| assemble(author, &payload, &signature, out))?;
    // Nothing leaves unverified: a token that signs with another key would be found out by the devices only.
    match verify(&signed, &[spki.to_vec()]) {
        Ok(_) => Ok(signed),
        Err(_) => Err(ManifestError::SignerWrong),
    }
}

/// Signs a release once more, behind those who signed before.
///
/// # Errors
/// [`ManifestError::Malformed`] where it is none, [`ManifestError::SignedAlready`], [`ManifestError::TooManyAuthors`], and as of
/// [`sign`].
pub fn co_sign(release: &[u8], signer: &dyn Signer) -> Result<Vec<u8>, ManifestError> {
    let parsed = SignedRelease::parse(release).map_err(ManifestError::Malformed)?;
    let spki = signer.public_key();
    let author = author_id(spki);
    let mut others: Vec<(AuthorId, [u8; 64])> =
        parsed.others().iter().map(|(id, one)| (id, *one)).collect();
    if parsed.signatures().any(|(id, _)| id == author) {
        return Err(ManifestError::SignedAlready(author));
    }
    let message = written(|out| to_be_signed(author, parsed.manifest().payload(), out))?;
    let der = signer.sign(&message).map_err(ManifestError::Sign)?;
    let signature = fixed_signature(&der).map_err(|_| ManifestError::SignerWrong)?;
    others.push((author, signature));
    let mut behind = vec![0; CoSignatures::MAX_LEN];
    let length = CoSignatures::encode(&others, &mut behind);
    behind.truncate(length.map_err(|_| ManifestError::TooManyAuthors)?);
    let signed = [parsed.manifest_bytes(), &behind].concat();
    match verify(&signed, &[spki.to_vec()]) {
        Ok(_) => Ok(signed),
        Err(_) => Err(ManifestError::SignerWrong),
    }
}

/// Verifies a signed manifest by the authors whose public keys (DER `SubjectPublicKeyInfo`) are given: one of them suffices.
///
/// # Errors
/// [`ManifestError::Malformed`], [`ManifestError::UnknownAuthor`] or [`ManifestError::BadSignature`].
pub fn verify<'a>(
    bytes: &'a [u8],
    authors: &[Vec<u8>],
) -> Result<VerifiedManifest<'a>, ManifestError> {
    let known = KnownAuthors::Keys(authors.to_vec());
    // Keys without a set have no end.
    verify_by(bytes, &known, UnixTime(0))
}

/// Verifies a release by those who are known.
///
/// # Errors
/// As [`verify`], and [`ManifestError::TooFewAuthors`], [`ManifestError::AuthorsEnded`].
pub fn verify_by<'a>(
    bytes: &'a [u8],
    known: &KnownAuthors,
    now: UnixTime,
) -> Result<VerifiedManifest<'a>, ManifestError> {
    let release = SignedRelease::parse(bytes).map_err(ManifestError::Malformed)?;
    let judged = known.with(|authors| {
        let verified = release.verify(authors, now, &AwsLcEs256);
        verified.map_err(|reason| refusal(reason, &release, authors))
    });
    match judged {
        Ok(verified) => verified,
        Err(_) => Err(ManifestError::UnknownAuthor(release.manifest().author())),
    }
}

fn refusal(reason: Reason, release: &SignedRelease<'_>, authors: &Authors<'_>) -> ManifestError {
    let (mut count, mut wrong) = (0, release.manifest().author());
    authors.each(|author| {
        if release.is_signed_by(author, &AwsLcEs256) {
            count += 1;
        } else if release.signatures().any(|(id, _)| id == author.id) {
            wrong = author.id;
        }
        true
    });
    match (reason, release.manifest().unverified()) {
        (Reason::UnknownAuthor, _) => ManifestError::UnknownAuthor(release.manifest().author()),
        (Reason::MalformedManifest, Err(error)) => ManifestError::Malformed(error),
        (Reason::AuthorsEnded, _) => ManifestError::AuthorsEnded(authors.sequence()),
        (Reason::TooFewAuthors, _) => ManifestError::TooFewAuthors {
            count,
            needed: authors.threshold(),
            sequence: authors.sequence(),
        },
        _ => ManifestError::BadSignature(wrong),
    }
}

/// Tells whether a manifest describes an image.
///
/// # Errors
/// [`Mismatch`] names the first field that differs; the digest comes last, for it differs with all others.
pub fn matches(manifest: &Manifest<'_>, checked: &Checked) -> Result<(), Mismatch> {
    let same = |field, manifest: &dyn ToString, image: &dyn ToString| {
        let (manifest, image) = (manifest.to_string(), image.to_string());
        if manifest == image {
            Ok(())
        } else {
            Err(Mismatch {
                field,
                manifest,
                image,
            })
        }
    };
    same("chip", &manifest.chip, &checked.chip)?;
    same("project", &manifest.project, &checked.project)?;
    same("version", &manifest.version, &checked.version)?;
    same(
        "secure version",
        &manifest.secure_version,
        &checked.secure_version,
    )?;
    same("size", &manifest.size, &checked.size)?;
    same("digest", &manifest.image, &checked.digest)
}

/// What `write` puts into a buffer of a manifest's length.
fn written(
    write: impl FnOnce(&mut [u8]) -> Result<usize, Error>,
) -> Result<Vec<u8>, ManifestError> {
    let mut out = vec![0; MAX_MANIFEST];
    let length = write(&mut out).map_err(ManifestError::Unfit)?;
    out.truncate(length);
    Ok(out)
}

/// What comes before the uncompressed point in the `SubjectPublicKeyInfo` of a P-256 key (RFC 5480 §2).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
    0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// 0x04 and two coordinates of 32 bytes.
const POINT_LEN: usize = 65;

#[cfg(test)]
mod tests;
