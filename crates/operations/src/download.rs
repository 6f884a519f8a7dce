//! A device fetches bytes of an image under a signed address.

use std::sync::Arc;

use countersign_images::{ImageRead, UrlError, url};
use countersign_protocol::Digest;

use crate::{Context, Error, admit::Admitted};

/// Opens the image that a signed address names, for the device that the address was made for.
///
/// The signature is checked before anything is looked up, so that nobody learns from us what images there are.
///
/// # Errors
/// [`Error::BadUrl`] where the address is not good, not this device's or has ended; [`Error::ImageMissing`];
/// [`Error::Images`].
pub fn open(
    context: &Context,
    device: &Admitted,
    path_digest: &str,
    query: &str,
) -> Result<(Digest, Arc<dyn ImageRead>), Error> {
    let now = context.clock.now();
    let id = device.device().id.as_str();
    let named = url::parse_digest(path_digest).ok_or(Error::BadUrl(UrlError::Malformed))?;
    let grant = url::verify(&context.url_keys, &named, query, id, now).map_err(Error::BadUrl)?;
    let digest = grant.image();
    let image = context
        .images
        .open(&digest)?
        .ok_or(Error::ImageMissing(digest))?;
    Ok((digest, Arc::from(image)))
}

/// Counts that a device was handed the last byte of an image, where that is the image of its open offer. What it makes
/// of it, a stock client never says.
///
/// # Errors
/// [`Error::Store`].
pub async fn delivered(context: &Context, device: &Admitted, image: &Digest) -> Result<(), Error> {
    let Some(offer) = device.open() else {
        return Ok(());
    };
    let release = context.store.release(offer.release).await?;
    if release.is_some_and(|release| release.image == *image) {
        context.store.count_delivery(&offer.id).await?;
    }
    Ok(())
}
