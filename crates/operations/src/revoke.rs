//! A device shall never come again under its certificates.

use countersign_fleet::{DeviceId, DeviceState};

use crate::{Context, Error, device_state, view::DeviceView};

/// Revokes a device and its certificates. From the next request on it is refused, on live connections too.
/// Revoking it again changes nothing, and nothing takes it back.
///
/// # Errors
/// [`Error::UnknownDevice`], [`Error::Store`].
pub async fn revoke(
    context: &Context,
    id: &DeviceId,
    reason: Option<&str>,
) -> Result<DeviceView, Error> {
    let state = DeviceState::Revoked;
    device_state::set(context, id, state, reason, "device.revoke").await
}
