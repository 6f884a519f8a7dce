//! The address under which a device fetches its image: signed, for this device, for minutes.

use countersign_fleet::{DeviceId, Release};
use countersign_images::url;
use countersign_protocol::UnixTime;

use crate::Context;

/// A download address and its end.
#[derive(Clone, Debug)]
pub struct DownloadLink {
    /// Absolute, `https`, with its signature: not for logs.
    pub url: String,
    /// The last second in which it is good.
    pub expires: UnixTime,
}

/// Makes the address of a release's image for one device.
///
/// Its life is the time that the image takes at the slowest admitted rate, and some patience: a stock client keeps
/// the address for all its ranges and retries.
pub fn download_link(
    context: &Context,
    device: &DeviceId,
    release: &Release,
) -> Option<DownloadLink> {
    let settings = &context.settings;
    let life = url::life(
        u64::from(release.size),
        settings.slowest_rate,
        settings.patience_s,
    );
    let expires = context.clock.now().plus(life);
    let key = context.url_keys.first()?;
    let url = url::sign(
        key,
        &settings.download_url,
        &release.image,
        device.as_str(),
        expires,
    );
    Some(DownloadLink { url, expires })
}
