//! An author says what a release is. Done where his key is, which is never the server.

use countersign_images::{check_image, manifest};
use countersign_pki::Signer;
use countersign_protocol::{SignedRelease, UnixTime};

use crate::Error;

/// What the author decides; all else is read from the image.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The product that the release is for.
    pub product: &'a str,
    /// Grows with every release of the product.
    pub counter: u64,
    /// Now, by the author's clock.
    pub created: UnixTime,
    /// The last second in which devices shall accept it.
    pub not_after: Option<UnixTime>,
}

/// Checks an app image and signs its manifest: a tagged `COSE_Sign1`.
///
/// # Errors
/// [`Error::BadImage`] where no device would take the image; [`Error::Manifest`] where the key could not sign.
pub fn sign(image: &[u8], terms: &Terms<'_>, author: &dyn Signer) -> Result<Vec<u8>, Error> {
    let checked = check_image(image)?;
    Ok(manifest::sign(
        &checked,
        terms.product,
        terms.counter,
        terms.created,
        terms.not_after,
        author,
    )?)
}

/// Checks that a release is this image's and signs it once more, for a product whose author set asks for several.
///
/// # Errors
/// As [`sign`], and [`Error::ManifestMismatch`] where the manifest is another image's.
pub fn co_sign(image: &[u8], release: &[u8], author: &dyn Signer) -> Result<Vec<u8>, Error> {
    let checked = check_image(image)?;
    let malformed = manifest::ManifestError::Malformed;
    let parsed = SignedRelease::parse(release).map_err(malformed)?;
    let said = parsed.manifest().unverified().map_err(malformed)?;
    manifest::matches(&said, &checked).map_err(Error::ManifestMismatch)?;
    Ok(manifest::co_sign(release, author)?)
}
