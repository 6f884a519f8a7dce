//! What one device shall run next: the decision, and what it changes in the store.

use countersign_fleet::{
    Device, OfferRecord, OfferState, Release, Running, StoreError,
    decision::{self, Bounds, Next, OpenOffer, Situation, runs},
};
use countersign_protocol::OfferId;

use crate::{Context, Error, admit::Admitted, author_sets};

/// What a device says of itself when it asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    /// What it runs.
    pub(crate) running: &'a Running,
    /// Below what it takes no release.
    pub(crate) bounds: Bounds,
    /// The author set that it goes by, 0 for the factory's keys; `None` of a client that believes its server.
    pub(crate) authors: Option<u32>,
    /// Whether it tells how an offer ended; a stock client cannot.
    pub(crate) reports: bool,
}

/// Decides what a device shall run next, now that it said what it runs, and keeps the decision.
///
/// The cost does not grow with the fleet: only this device's rows and its product's newest release are read.
pub(crate) async fn next(
    context: &Context,
    admitted: &Admitted,
    said: &Said<'_>,
) -> Result<Option<(OfferRecord, Release)>, Error> {
    let (store, running) = (&context.store, said.running);
    let (device, newest) = (admitted.device(), admitted.newest());
    let open = match admitted.open() {
        Some(offer) => {
            let release = store.release(offer.release).await?;
            Some((offer, release))
        }
        None => None,
    };
    // By far the most check-ins end here.
    if open.is_none() && newest.is_none_or(|newest| runs(running, newest)) {
        return Ok(None);
    }
    // The store may have kept what the device stands for. What is given out is what it holds now.
    let mut newest = store.newest_release(&device.product).await?;
    if let (Some(release), Some(goes_by)) = (&newest, said.authors)
        && !author_sets::believed_by(context, release, goes_by, context.clock.now()).await?
    {
        // It would refuse it for good. Once it has followed its authors it is offered.
        newest = None;
    }
    let current = store
        .release_by_version(&device.product, &running.version)
        .await?;
    let past = store.offers(&device.id).await?;
    let decision = decision::decide(&Situation {
        now: context.clock.now(),
        device,
        running,
        current: current.as_ref().filter(|current| runs(running, current)),
        bounds: said.bounds,
        reports: said.reports,
        attempts: context.settings.attempts,
        newest: newest.as_ref(),
        open: open.as_ref().map(|(offer, release)| OpenOffer {
            offer,
            release: release.as_ref(),
        }),
        past: &past,
    });
    if let (Some(end), Some((offer, release))) = (decision.end, &open) {
        let state = end.state();
        let version = release.as_ref().map_or("", |release| &release.version);
        let audit = context.entry(device.id.as_str(), "offer.end", version, state.as_str());
        store
            .end_offer(&offer.id, state, end.reason(), &audit)
            .await?;
        tracing::info!(device = %device.id, version, "{state}");
    }
    match decision.next {
        Next::Nothing(_) => Ok(None),
        Next::Keep(release) => Ok(admitted
            .open()
            .map(|offer| (offer.clone(), release.clone()))),
        Next::Offer(release) => offer(context, device, release.clone()).await,
    }
}

async fn offer(
    context: &Context,
    device: &Device,
    release: Release,
) -> Result<Option<(OfferRecord, Release)>, Error> {
    let offer = OfferRecord {
        id: OfferId(context.random_id()),
        device: device.id.clone(),
        release: release.id,
        state: OfferState::Open,
        reason: None,
        offered_at: context.clock.now(),
        ended_at: None,
        failures: 0,
        deliveries: 0,
    };
    match context.store.add_offer(&offer).await {
        Ok(()) => {
            tracing::info!(device = %device.id, version = release.version, "offered");
            Ok(Some((offer, release)))
        }
        // The same device asked twice at once: the other answer stands.
        Err(StoreError::OfferOpen(_)) => {
            let Some(offer) = context.store.open_offer(&device.id).await? else {
                return Ok(None);
            };
            let release = context.store.release(offer.release).await?;
            Ok(release.map(|release| (offer, release)))
        }
        Err(error) => Err(error.into()),
    }
}
