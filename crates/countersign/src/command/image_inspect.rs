//! `countersign image inspect`.

use std::path::Path;

use anyhow::{Context, Result};
use countersign_images::{check::Signed, check_image};
use countersign_operations::text::chip_name;
use countersign_x509::sha256;
use esp_formats::app_image::AppImage;
use serde_json::json;

use crate::{cli::Global, files, output};

pub(super) fn run(global: &Global, path: &Path) -> Result<()> {
    let bytes = files::read(path)?;
    let image = check_image(&bytes).with_context(|| path.display().to_string())?;
    let layout = AppImage::parse(&bytes, sha256)?;
    let signature = match image.signed {
        Signed::No => "none",
        Signed::V1 => "secure boot v1",
        Signed::V2 => "secure boot v2",
    };
    if global.json {
        let segments: Vec<_> = layout
            .segments()
            .map(|segment| {
                json!({
                    "offset": segment.offset,
                    "load_address": segment.header.load_addr,
                    "length": segment.data.len(),
                })
            })
            .collect();
        return output::json(&json!({
            "project": image.project,
            "version": image.version,
            "chip": chip_name(image.chip),
            "chip_id": image.chip,
            "idf_version": image.idf_version,
            "built": image.built,
            "secure_version": image.secure_version,
            "size": image.size,
            "sha256": image.digest.to_string(),
            "checksum": layout.checksum(),
            "appended_digest": image.has_appended_digest,
            "signature": signature,
            "segments": segments,
        }));
    }
    output::pairs(&[
        ("project", image.project.clone()),
        ("version", image.version.clone()),
        (
            "chip",
            format!("{} ({})", chip_name(image.chip), image.chip),
        ),
        ("ESP-IDF", image.idf_version.clone()),
        ("built", image.built.clone()),
        ("secure version", image.secure_version.to_string()),
        ("size", format!("{} bytes", image.size)),
        ("SHA-256", image.digest.to_string()),
        ("checksum", format!("{:#04x}, valid", layout.checksum())),
        (
            "appended digest",
            if image.has_appended_digest {
                "valid"
            } else {
                "none"
            }
            .to_owned(),
        ),
        (
            "signature",
            match image.signed {
                Signed::No => signature.to_owned(),
                _ => format!("{signature}, not verified here"),
            },
        ),
    ]);
    println!();
    let rows = layout.segments().map(|segment| {
        vec![
            format!("{:#x}", segment.offset),
            format!("{:#010x}", segment.header.load_addr),
            format!("{} bytes", segment.data.len()),
        ]
    });
    output::table(&["SEGMENT AT", "LOADED TO", "LENGTH"], rows.collect());
    Ok(())
}
