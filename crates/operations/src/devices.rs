//! Looking at devices.

use countersign_fleet::DeviceId;

use crate::{
    Context, Error, refusals, seen,
    view::{DeviceRefusalView, DeviceView},
};

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

/// One device, with its certificates, its offers, and why it was turned away.
///
/// # Errors
/// [`Error::UnknownDevice`], [`Error::Store`].
pub async fn show(context: &Context, id: &DeviceId) -> Result<DeviceView, Error> {
    seen::flush(context).await?;
    refusals::flush(context).await?;
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
    let now = context.clock.now();
    let refusals = context.store.refusals(id).await?;
    let refusals = refusals
        .iter()
        .map(|one| DeviceRefusalView::of(&device, &certificates, one, now))
        .collect();
    Ok(DeviceView::of(&device).with(&certificates, &offers, refusals))
}
