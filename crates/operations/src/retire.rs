//! A device is out of service.

use countersign_fleet::{DeviceId, DeviceState};

use crate::{Context, Error, device_state, view::DeviceView};

/// Retires a device: its certificates are revoked, for the end of its service and not for a key in wrong hands, and its
/// connections are cut. Retiring it again changes nothing, and nothing takes it back; it may be revoked still.
///
/// # Errors
/// [`Error::UnknownDevice`]; [`Error::Store`], with `DeviceRevoked` where it was revoked before, which says more.
pub async fn retire(
    context: &Context,
    id: &DeviceId,
    reason: Option<&str>,
) -> Result<DeviceView, Error> {
    let state = DeviceState::Retired;
    device_state::set(context, id, state, reason, "device.retire").await
}
