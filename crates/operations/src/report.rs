//! A device says how an offer ended.

use countersign_fleet::{Device, OfferState, Running, Seen};
use countersign_protocol::{Outcome, Report};

use crate::{Context, Error, admit::Admitted};

/// Takes a report. The same report again changes nothing, and neither does one on an offer that has ended.
///
/// # Errors
/// [`Error::UnknownOffer`] where the offer is not this device's; [`Error::Store`].
pub async fn report(
    context: &Context,
    device: &Admitted,
    report: &Report<'_>,
) -> Result<(), Error> {
    let device = device.device();
    let offer = context.store.offer(&report.offer).await?;
    let offer = offer
        .filter(|offer| offer.device == device.id)
        .ok_or(Error::UnknownOffer)?;
    let state = match report.outcome {
        Outcome::Confirmed => {
            confirmed(context, device, report.version);
            OfferState::Confirmed
        }
        Outcome::RolledBack => OfferState::RolledBack,
        Outcome::Refused => OfferState::Refused,
        Outcome::Failed => {
            context
                .store
                .count_failure(&offer.id, report.reason)
                .await?;
            return Ok(());
        }
    };
    let why = report
        .reason
        .map(|reason| format!(": {}", reason.code()))
        .unwrap_or_default();
    let audit = context.entry(
        device.id.as_str(),
        "offer.end",
        format_args!("release {}", offer.release.0),
        format_args!("{}{why}", state.as_str()),
    );
    let ended = context
        .store
        .end_offer(&offer.id, state, report.reason, &audit);
    if ended.await? {
        tracing::info!(device = %device.id, release = offer.release.0, "{state}{why}");
    }
    Ok(())
}

/// What the device runs waits for its confirmation no longer.
fn confirmed(context: &Context, device: &Device, version: &str) {
    let running = context
        .seen
        .latest(&device.id)
        .or_else(|| device.running.clone());
    if let Some(running) = running.filter(|running| running.version == version) {
        let running = Running {
            pending_verify: false,
            ..running
        };
        context.seen.push(Seen {
            device: device.id.clone(),
            at: context.clock.now(),
            running,
        });
    }
}
