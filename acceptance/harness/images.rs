//! App images for tests.

use aws_lc_rs::digest::{SHA256, digest};
use countersign_virtual_node::compose::{App, app_image, app_image_of};
use esp_formats::app_image::{ChipId, Composition, compose, composed_len};

/// An image in memory.
pub(crate) struct Image {
    /// What its descriptor says.
    pub(crate) version: String,
    /// The file.
    pub(crate) bytes: Vec<u8>,
}

/// Composes an image of 200 KiB for an ESP32-C3.
pub(crate) fn image(version: &str) -> Image {
    composed(version, "esp32c3", false)
}

/// Composes one of a secure version.
pub(crate) fn secured(version: &str, secure_version: u32) -> Image {
    let app = App {
        chip: ChipId::ESP32_C3,
        version,
        project: "acceptance",
        hangs: false,
        size: 200 * 1024,
    };
    Image {
        version: version.to_owned(),
        bytes: app_image_of(&app, secure_version).unwrap(),
    }
}

/// Composes one for a chip; one that hangs is never confirmed.
pub(crate) fn composed(version: &str, chip: &str, hangs: bool) -> Image {
    let chip = ChipId::from_name(chip).unwrap();
    let app = App {
        chip,
        version,
        project: "acceptance",
        hangs,
        size: 200 * 1024,
    };
    Image {
        version: version.to_owned(),
        bytes: app_image(&app).unwrap(),
    }
}

/// Composes an image of 20 KiB for an ESP32-C3 that says that it was built with a certain ESP-IDF.
pub(crate) fn built_with(version: &str, idf: &str) -> Image {
    let composition = Composition {
        chip: ChipId::from_name("esp32c3").unwrap(),
        secure_version: 0,
        version,
        project_name: "acceptance",
        time: "00:00:00",
        date: "Jan  1 2026",
        idf_version: idf,
        payload: b"",
        filler_len: 20 * 1024,
    };
    let mut bytes = vec![0; composed_len(&composition).unwrap()];
    let sha256 = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().try_into().unwrap();
    let length = compose(&composition, &mut bytes, sha256).unwrap();
    bytes.truncate(length);
    Image {
        version: version.to_owned(),
        bytes,
    }
}

/// Composes an image that takes its time to travel.
pub(crate) fn large(version: &str) -> Image {
    let chip = ChipId::from_name("esp32c3").unwrap();
    let app = App {
        chip,
        version,
        project: "acceptance",
        hangs: false,
        size: 1_800_000,
    };
    Image {
        version: version.to_owned(),
        bytes: app_image(&app).unwrap(),
    }
}
