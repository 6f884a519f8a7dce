//! Whether a device may come is changed: the one way for every verb that does so.

use countersign_fleet::{DeviceId, DeviceState};
use countersign_protocol::Digest;

use crate::{Context, Error, context::OPERATOR, crl, devices, gate::Bar, view::DeviceView};

/// Sets a device's state and leaves an audit line; in the store a device that is in it already is left as it is. Then the
/// gate follows, in any case: who asks again has the connections cut again, should the first have ended half-way.
pub(crate) async fn set(
    context: &Context,
    id: &DeviceId,
    state: DeviceState,
    reason: Option<&str>,
    action: &str,
) -> Result<DeviceView, Error> {
    let alone = context.gate.follows.lock().await;
    let device = context
        .store
        .device(id)
        .await?
        .ok_or_else(|| Error::UnknownDevice(id.clone()))?;
    if device.state != state {
        let audit = context.entry(OPERATOR, action, id, reason.unwrap_or(""));
        context
            .store
            .set_device_state(id, state, reason, &audit)
            .await?;
        tracing::info!(device = %id, "{state}");
    }
    // Asked for only now, so that none is passed over that came in between.
    let certificates = context.store.certificates(id).await?;
    let fingerprints: Vec<Digest> = certificates.iter().map(|one| one.fingerprint).collect();
    match state {
        DeviceState::Active => context.gate.lift(&fingerprints),
        DeviceState::Suspended => context.gate.bar(&fingerprints, Bar::Suspended),
        DeviceState::Retired | DeviceState::Revoked => {
            context.gate.bar(&fingerprints, Bar::Revoked);
            crl::changed(context);
        }
    }
    drop(alone);
    devices::show(context, id).await
}
