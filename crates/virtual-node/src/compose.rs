//! App images that we compose ourselves, for whoever has none at hand.
//!
//! To every tool they are app images: header, segments, checksum, appended digest, app descriptor. What would run on a
//! chip is filler; a [virtual machine](crate::machine) runs the node in its place.

use countersign_x509::sha256;
use esp_formats::{
    Error,
    app_image::{ChipId, Composition, compose, composed_len},
};

use crate::machine::VIRTUAL_HANG;

/// What a composed image shall say of itself.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// The chip that it is for.
    pub chip: ChipId,
    /// The version in its app descriptor, 1 to 32 bytes.
    pub version: &'a str,
    /// The project in its app descriptor, at most 32 bytes.
    pub project: &'a str,
    /// Whether a virtual machine that starts it hangs.
    pub hangs: bool,
    /// About how long it shall be, in bytes.
    pub size: u32,
}

/// Composes an app image of secure version 0.
///
/// # Errors
/// That of [`compose`]: a chip that is not known, a text that is too long, a size that no slot has.
pub fn app_image(app: &App<'_>) -> Result<Vec<u8>, Error> {
    app_image_of(app, 0)
}

/// Composes an app image of a secure version, for devices that refuse lower ones.
///
/// # Errors
/// As [`app_image`].
pub fn app_image_of(app: &App<'_>, secure_version: u32) -> Result<Vec<u8>, Error> {
    let composition = Composition {
        chip: app.chip,
        secure_version,
        version: app.version,
        project_name: app.project,
        time: "00:00:00",
        date: "Jan  1 2026",
        idf_version: "v5.5.1",
        payload: if app.hangs { VIRTUAL_HANG } else { b"" },
        filler_len: app.size,
    };
    let mut image = vec![0; composed_len(&composition)?];
    let length = compose(&composition, &mut image, sha256)?;
    image.truncate(length);
    Ok(image)
}
