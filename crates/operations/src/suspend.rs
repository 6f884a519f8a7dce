//! A device shall not come for now.

use countersign_fleet::{DeviceId, DeviceState};

use crate::{Context, Error, device_state, view::DeviceView};

/// Suspends a device. It is refused from now on, and its connections are cut, until it is resumed; its certificates stay
/// what they are. Suspending it again changes nothing.
///
/// # Errors
/// [`Error::UnknownDevice`]; [`Error::Store`], with `DeviceRevoked` or `DeviceRetired` where it will not come again anyhow.
pub async fn suspend(
    context: &Context,
    id: &DeviceId,
    reason: Option<&str>,
) -> Result<DeviceView, Error> {
    let state = DeviceState::Suspended;
    device_state::set(context, id, state, reason, "device.suspend").await
}
