//! Looking at devices.

use std::collections::BTreeMap;

use countersign_fleet::{DeviceId, ProductName};

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
    let mut newest = BTreeMap::new();
    let mut views = Vec::new();
    for device in context.store.devices().await? {
        if !newest.contains_key(&device.product) {
            let set = newest_author_set(context, &device.product).await?;
            newest.insert(device.product.clone(), set);
        }
        let set = newest.get(&device.product).copied().flatten();
        views.push(DeviceView::of(&device, set));
    }
    Ok(views)
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
    let newest = newest_author_set(context, &device.product).await?;
    Ok(DeviceView::of(&device, newest).with(&certificates, &offers, refusals))
}

async fn newest_author_set(context: &Context, product: &ProductName) -> Result<Option<u32>, Error> {
    let sets = context.store.author_sets(product).await?;
    Ok(sets.first().map(|newest| newest.sequence))
}
