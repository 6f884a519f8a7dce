//! Whether a device may come is changed: the one way for every verb that does so.

use countersign_fleet::{DeviceId, DeviceState};

use crate::{Context, Error, context::OPERATOR, devices, view::DeviceView};

/// Sets a device's state and leaves an audit line; a device that is in it already is left as it is.
pub(crate) async fn set(
    context: &Context,
    id: &DeviceId,
    state: DeviceState,
    reason: Option<&str>,
    action: &str,
) -> Result<DeviceView, Error> {
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
    devices::show(context, id).await
}
