//! Author sets, as authors make and sign them, and as whoever checks a release goes by them.

use countersign_pki::{SignError, Signer, fixed_signature};
use countersign_protocol::{
    Author, AuthorId, AuthorKeys, AuthorSet, Authors, CompleteSet, Error, MAX_AUTHOR_SET,
    SignedAuthorSet, Unfit, UnixTime,
    authors::{SetSignature, assemble_set, point_of, set_to_be_signed},
};

use crate::manifest::{AwsLcEs256, author_id};

/// Why an author set could not be made or signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorSetError {
    /// A key stands among the authors twice.
    #[error("author {0} is among the authors already")]
    AuthorTwice(AuthorId),
    /// Nothing more can be signed.
    #[error(
        "the set has {} signatures already, and can hold no more",
        SignedAuthorSet::MAX_SIGNATURES
    )]
    Full,
    /// The bytes are no signed set.
    #[error("not a signed author set: {} at byte {}", .0.kind, .0.offset)]
    Malformed(Error),
    /// Of what kind an author's key must be.
    #[error("author {0} has a key that is not on P-256")]
    NotP256(AuthorId),
    /// What was asked for is no set.
    #[error(
        "a set has 1 to 8 authors, a threshold from 1 to as many, and a product's name of 1 to 32 bytes"
    )]
    Unsound,

    /// The key could not sign.
    #[error("signing the author set")]
    Sign(#[source] SignError),
    /// What the key gave is not its own signature.
    #[error("the key gave a signature that its public half does not verify")]
    SignerWrong,
}

/// What a set says, before it is bytes.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The product.
    pub product: &'a str,
    /// 1, or one more than that of the set before it.
    pub sequence: u32,
    /// How many authors it takes.
    pub threshold: u8,
    /// The authors' public keys, each a DER `SubjectPublicKeyInfo`.
    pub authors: &'a [Vec<u8>],
    /// Now, by its makers' clock.
    pub created: UnixTime,
    /// Its end.
    pub not_after: Option<UnixTime>,
}

/// Writes a set's bytes, which its authors then sign.
///
/// # Errors
/// [`AuthorSetError::AuthorTwice`], [`AuthorSetError::NotP256`], [`AuthorSetError::Unsound`].
pub fn encode(plan: &Plan<'_>) -> Result<Vec<u8>, AuthorSetError> {
    let mut points = Vec::new();
    for spki in plan.authors {
        let point = point_of(spki).ok_or_else(|| AuthorSetError::NotP256(author_id(spki)))?;
        if points.contains(&point) {
            return Err(AuthorSetError::AuthorTwice(author_id(spki)));
        }
        points.push(point);
    }
    let set = AuthorSet {
        product: plan.product,
        sequence: plan.sequence,
        threshold: plan.threshold,
        keys: AuthorKeys::new(points).ok_or(AuthorSetError::Unsound)?,
        created: plan.created,
        not_after: plan.not_after,
    };
    let mut out = vec![0; MAX_AUTHOR_SET];
    let length = set.encode(&mut out).map_err(|_| AuthorSetError::Unsound)?;
    out.truncate(length);
    Ok(out)
}

/// Signs a set's bytes once more, behind those who signed before; one who has is not added again.
///
/// # Errors
/// [`AuthorSetError::Full`], [`AuthorSetError::Sign`], [`AuthorSetError::SignerWrong`].
pub fn sign(
    set: &[u8],
    before: &[SetSignature],
    signer: &dyn Signer,
) -> Result<Vec<SetSignature>, AuthorSetError> {
    let author = author_id(signer.public_key());
    let mut all: Vec<SetSignature> = before.to_vec();
    // What stands there under his name counts alone, and may be wrong.
    all.retain(|one| one.author != author);
    if all.len() >= SignedAuthorSet::MAX_SIGNATURES {
        return Err(AuthorSetError::Full);
    }
    let mut message = vec![0; SignedAuthorSet::MAX_LEN];
    let length =
        set_to_be_signed(author, set, &mut message).map_err(|_| AuthorSetError::Unsound)?;
    message.truncate(length);
    let der = signer.sign(&message).map_err(AuthorSetError::Sign)?;
    let signature = fixed_signature(&der).map_err(|_| AuthorSetError::SignerWrong)?;
    all.push(SetSignature { author, signature });
    // Nothing leaves unverified: a token that signs with another key would be found out by the devices only.
    let signed = assemble(set, &all)?;
    let parsed = SignedAuthorSet::parse(&signed).map_err(AuthorSetError::Malformed)?;
    let known = Author {
        id: author,
        public_key: signer.public_key(),
    };
    if parsed.is_signed_by(&known, &AwsLcEs256) {
        Ok(all)
    } else {
        Err(AuthorSetError::SignerWrong)
    }
}

/// Writes a set's file.
///
/// # Errors
/// [`AuthorSetError::Unsound`] where it is too long to be one.
pub fn assemble(set: &[u8], signatures: &[SetSignature]) -> Result<Vec<u8>, AuthorSetError> {
    let mut out = vec![0; SignedAuthorSet::MAX_LEN];
    let length = assemble_set(set, signatures, &mut out).map_err(|_| AuthorSetError::Unsound)?;
    out.truncate(length);
    Ok(out)
}

/// Whom releases and successors are judged by: the newest set, or keys without one.
#[derive(Clone, Debug)]
pub enum KnownAuthors {
    /// Public keys, each a DER `SubjectPublicKeyInfo`, of which any suffices: what counts as set 0.
    Keys(Vec<Vec<u8>>),
    /// A signed set whose signatures were verified when it came.
    Set(Vec<u8>),
}

impl KnownAuthors {
    /// Hands them to `judge`.
    ///
    /// # Errors
    /// [`AuthorSetError::Malformed`] where the set is none.
    pub fn with<T>(&self, judge: impl FnOnce(&Authors<'_>) -> T) -> Result<T, AuthorSetError> {
        match self {
            Self::Keys(keys) => {
                let known: Vec<_> = keys
                    .iter()
                    .map(|spki| Author {
                        id: author_id(spki),
                        public_key: spki,
                    })
                    .collect();
                Ok(judge(&Authors::factory(&known)))
            }
            Self::Set(signed) => {
                let set = SignedAuthorSet::parse(signed).and_then(|signed| signed.unverified());
                let set = set.map_err(AuthorSetError::Malformed)?;
                Ok(judge(&Authors::of(&set, sha256)))
            }
        }
    }
}

/// Verifies that a set follows those who are known.
///
/// # Errors
/// [`Unfit`].
pub fn follow<'a>(
    signed: &SignedAuthorSet<'a>,
    known: &Authors<'_>,
    product: &str,
) -> Result<CompleteSet<'a>, Unfit> {
    signed.follow(known, product, sha256, &AwsLcEs256)
}

/// Verifies that enough of a set's own authors have signed it.
///
/// # Errors
/// [`Unfit`].
pub fn complete<'a>(signed: &SignedAuthorSet<'a>) -> Result<CompleteSet<'a>, Unfit> {
    signed.complete(sha256, &AwsLcEs256)
}

/// The ids of a set's authors, in its order, each with whether he has signed `signed`.
pub fn signers(authors: &Authors<'_>, signed: &SignedAuthorSet<'_>) -> Vec<(AuthorId, bool)> {
    let mut found = Vec::new();
    authors.each(|author| {
        found.push((author.id, signed.is_signed_by(author, &AwsLcEs256)));
        true
    });
    found
}

/// The authors of a set that is believed.
pub fn authors_of<'a>(set: &AuthorSet<'a>) -> Authors<'a> {
    Authors::of(set, sha256)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    crate::sha256(bytes).0
}
