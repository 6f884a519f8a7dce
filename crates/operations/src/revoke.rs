//! A device shall never come again under its certificates.

use countersign_fleet::{DeviceId, DeviceState};

use crate::{Context, Error, context::OPERATOR, devices, view::DeviceView};

/// Revokes a device and its certificates. From the next request on it is refused, on live connections too.
/// Revoking it again changes nothing.
///
/// # Errors
/// [`Error::UnknownDevice`], [`Error::Store`].
pub async fn revoke(
    context: &Context,
    id: &DeviceId,
    reason: Option<&str>,
) -> Result<DeviceView, Error> {
    let device = context
        .store
        .device(id)
        .await?
        .ok_or_else(|| Error::UnknownDevice(id.clone()))?;
    if device.state != DeviceState::Revoked {
        let audit = context.entry(OPERATOR, "device.revoke", id, reason.unwrap_or(""));
        context
            .store
            .set_device_state(id, DeviceState::Revoked, reason, &audit)
            .await?;
        tracing::info!(device = %id, "revoked");
    }
    devices::show(context, id).await
}
