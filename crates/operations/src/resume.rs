//! A device that was suspended may come again.

use countersign_fleet::{DeviceId, DeviceState};

use crate::{Context, Error, device_state, view::DeviceView};

/// Ends a device's suspension: it is served from its next request on. An active one is left as it is.
///
/// # Errors
/// [`Error::UnknownDevice`]; [`Error::Store`], with `DeviceRevoked` or `DeviceRetired` where it was that, which is for good.
pub async fn resume(context: &Context, id: &DeviceId) -> Result<DeviceView, Error> {
    let state = DeviceState::Active;
    device_state::set(context, id, state, None, "device.resume").await
}
