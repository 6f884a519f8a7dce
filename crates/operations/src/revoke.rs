//! A device shall never come again under its certificates.

use countersign_fleet::{DeviceId, DeviceState};

use crate::{Context, Error, device_state, view::DeviceView};

/// Revokes a device and its certificates, as those of a key in wrong hands. It is refused from now on, in the handshake
/// already, and its connections are cut. Revoking it again changes nothing, and nothing takes it back.
///
/// # Errors
/// [`Error::UnknownDevice`]; [`Error::Store`], also where the journal of revocations cannot be written: nothing was
/// changed then.
pub async fn revoke(
    context: &Context,
    id: &DeviceId,
    reason: Option<&str>,
) -> Result<DeviceView, Error> {
    let state = DeviceState::Revoked;
    device_state::set(context, id, state, reason, "device.revoke").await
}
