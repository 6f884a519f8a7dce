//! What the machine takes from an app image that it starts.

use countersign_protocol::UnixTime;
use esp_formats::app_image::AppImage;

use crate::machine::build_time::build_time;

/// What an image says of itself.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) version: String,
    /// When it was built, or the epoch where it does not say.
    pub(super) built: UnixTime,
    /// It carries [`VIRTUAL_HANG`].
    pub(super) hangs: bool,
}

impl Image {
    pub(super) fn of(image: &AppImage<'_>) -> Self {
        let descriptor = image.descriptor();
        let hangs = image.segments().next().is_some_and(|segment| {
            segment
                .data
                .windows(VIRTUAL_HANG.len())
                .any(|window| window == VIRTUAL_HANG)
        });
        Self {
            version: descriptor.map_or_else(String::new, |app| app.version.to_owned()),
            built: descriptor
                .and_then(|app| build_time(app.date, app.time))
                .unwrap_or_default(),
            hangs,
        }
    }
}

/// In an image's first segment, it makes the image hang as soon as it is started: nothing of it runs until the watchdog
/// resets the machine. For images that shall show what a bad release does.
pub const VIRTUAL_HANG: &[u8] = b"countersign virtual node: hang\0";
