//! Looking at devices.

use countersign_fleet::DeviceId;

use crate::{Context, Error, seen, view::DeviceView};

/// All devices, by id.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(context: &Context) -> Result<Vec<DeviceView>, Error> {
    seen::flush(context).await?;
    Ok(context
        .store
        .devices()
        .await?
        .iter()
        .map(DeviceView::of)
        .collect())
}

/// One device, with its certificates and offers.
///
/// # Errors
/// [`Error::UnknownDevice`], [`Error::Store`].
pub async fn show(context: &Context, id: &DeviceId) -> Result<DeviceView, Error> {
    seen::flush(context).await?;
    let device = context
        .store
        .device(id)
        .await?
        .ok_or_else(|| Error::UnknownDevice(id.clone()))?;
    let certificates = context.store.certificates(id).await?;
    let mut offers = Vec::new();
    for offer in context.store.offers(id).await? {
        let release = context.store.release(offer.release).await?;
        offers.push((offer, release));
    }
    Ok(DeviceView::of(&device).with(&certificates, &offers))
}
