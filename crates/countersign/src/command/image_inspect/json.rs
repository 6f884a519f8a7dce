//! An image's fields for programs.

use countersign_images::sha256;
use countersign_operations::text::{chip_name, hex};
use esp_formats::app_image::{flash_mode, flash_size};
use serde_json::{Value, json};

use super::{Shown, drives, kind, signature};
use crate::command::image_verify::value_of;

pub(super) fn value(shown: &Shown<'_>) -> Value {
    let survey = &shown.found.survey;
    let header = survey.header();
    let drives = drives(header.spi_pin_drive).map(|(pin, drive)| (pin.to_owned(), json!(drive)));
    let segments: Vec<_> = survey
        .segments()
        .map(|segment| {
            let memory = header.chip.memory_types(segment.header.load_addr);
            json!({
                "offset": segment.offset,
                "load_address": segment.header.load_addr,
                "length": segment.data.len(),
                "memory": memory.collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut value = json!({
        "kind": kind(shown.found.kind),
        "chip": chip_name(header.chip.0),
        "chip_id": header.chip.0,
        "size": shown.file.len(),
        "sha256": sha256(shown.file).to_string(),
        "image_length": survey.image_len,
        "flash_length": shown.found.flash_len(),
        "entry": header.entry_addr,
        "segment_count": header.segment_count,
        "flash": {
            "mode": flash_mode(header.spi_mode),
            "mode_number": header.spi_mode,
            "size": flash_size(header.flash_size),
            "size_number": header.flash_size,
            "frequency": header.chip.flash_frequency(header.spi_speed),
            "frequency_number": header.spi_speed,
        },
        "wp_pin": header.wp_pin,
        "pin_drive": serde_json::Map::from_iter(drives),
        "min_chip_rev": header.min_chip_rev,
        "min_chip_rev_full": header.min_chip_rev_full,
        "max_chip_rev_full": header.max_chip_rev_full,
        "segments": segments,
        "checksum": survey.checksum.map(|sum| sum.stored),
        "checksum_computed": survey.checksum.map(|sum| sum.computed),
        "appended_digest": survey.digest.is_some(),
        "digest": survey.digest.map(|sum| hex(&sum.stored)),
        "digest_computed": survey.digest.map(|sum| hex(&sum.computed)),
        "signature": signature(&shown.found),
        "signature_blocks": shown.found.blocks.iter().map(value_of).collect::<Vec<_>>(),
        "refused": shown.refusals,
    });
    if let Some(found) = &survey.descriptor {
        value["project"] = json!(found.project_name);
        value["version"] = json!(found.version);
        value["idf_version"] = json!(found.idf_version);
        value["built"] = json!(format!("{} {}", found.date, found.time).trim());
        value["secure_version"] = json!(found.secure_version);
        value["elf_sha256"] = json!(hex(found.app_elf_sha256));
        value["min_efuse_blk_rev_full"] = json!(found.min_efuse_blk_rev);
        value["max_efuse_blk_rev_full"] = json!(found.max_efuse_blk_rev);
        let page = 1_u64.checked_shl(found.mmu_page_size_log2.into());
        value["mmu_page_size"] = json!(page.filter(|page| *page > 1));
    } else if let Some(found) = survey.boot_descriptor() {
        value["boot_loader"] = json!({
            "version": found.version,
            "secure_version": found.secure_version,
            "idf_version": found.idf_version,
            "built": found.date_time,
        });
    }
    if let Some(slots) = &shown.slots {
        let slots = slots.iter().map(|slot| {
            json!({
                "label": slot.label,
                "offset": slot.offset,
                "size": slot.size,
                "fits": slot.fits,
            })
        });
        value["slots"] = slots.collect();
    }
    value
}
