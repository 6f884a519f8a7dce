//! An image's fields for people.

use countersign_images::sha256;
use countersign_operations::text::{chip_name, hex};
use esp_formats::app_image::{Found, Header, flash_mode, flash_size};

use super::{Shown, drives, kind, revision, signature};
use crate::output;

pub(super) fn print(shown: &Shown<'_>) {
    let survey = &shown.found.survey;
    let header = survey.header();
    output::pairs(&said(shown));
    println!();
    output::pairs(&starting(header));
    println!();
    let rows = survey.segments().map(|segment| {
        let load_addr = segment.header.load_addr;
        let types: Vec<_> = header.chip.memory_types(load_addr).collect();
        let memory = if types.is_empty() {
            // Where esptool has no name for it.
            let memory = header.chip.memory(load_addr);
            memory.map_or("unknown".to_owned(), |memory| memory.to_string())
        } else {
            types.join(", ")
        };
        vec![
            format!("{:#x}", segment.offset),
            format!("{:#010x}", segment.header.load_addr),
            format!("{} bytes", segment.data.len()),
            memory,
        ]
    });
    output::table(
        &["SEGMENT AT", "LOADED TO", "LENGTH", "MEMORY"],
        rows.collect(),
    );
    println!();
    output::pairs(&ending(shown));
    if let Some(slots) = &shown.slots {
        println!();
        let rows = slots.iter().map(|slot| {
            vec![
                slot.label.clone(),
                format!("{:#x}", slot.offset),
                format!("{:#x}", slot.size),
                if slot.fits { "fits" } else { "too small" }.to_owned(),
            ]
        });
        output::table(&["SLOT", "AT", "SIZE", "THE IMAGE"], rows.collect());
    }
    for refusal in &shown.refusals {
        println!("\nrefused: {refusal}");
    }
}

/// What it says of itself.
fn said(shown: &Shown<'_>) -> Vec<(&'static str, String)> {
    let survey = &shown.found.survey;
    let chip = survey.header().chip.0;
    let mut pairs = vec![
        ("kind", kind(shown.found.kind).to_owned()),
        ("chip", format!("{} ({chip})", chip_name(chip))),
    ];
    if let Some(found) = &survey.descriptor {
        pairs.extend([
            ("project", found.project_name.to_owned()),
            ("version", found.version.to_owned()),
            ("secure version", found.secure_version.to_string()),
            ("ESP-IDF", found.idf_version.to_owned()),
            ("built", format!("{} {}", found.date, found.time)),
            ("ELF SHA-256", hex(found.app_elf_sha256)),
            (
                "eFuse block",
                range(found.min_efuse_blk_rev, found.max_efuse_blk_rev),
            ),
        ]);
        let page = 1_u64.checked_shl(found.mmu_page_size_log2.into());
        let page = page.filter(|page| *page > 1).map(|page| page / 1024);
        pairs.push((
            "MMU page",
            page.map_or("not said".to_owned(), |page| format!("{page} KiB")),
        ));
    } else if let Some(found) = survey.boot_descriptor() {
        pairs.extend([
            ("version", found.version.to_string()),
            ("secure version", found.secure_version.to_string()),
            ("ESP-IDF", found.idf_version.to_owned()),
            ("built", found.date_time.to_owned()),
        ]);
    }
    pairs.push(("file", format!("{} bytes", shown.file.len())));
    pairs.push(("SHA-256", sha256(shown.file).to_string()));
    pairs
}

/// How the chip starts it.
fn starting(header: &Header) -> Vec<(&'static str, String)> {
    let or_number = |name: Option<&str>, number: u8| {
        name.map_or_else(|| format!("{number}, which means nothing"), str::to_owned)
    };
    let drives = drives(header.spi_pin_drive).map(|(pin, drive)| format!("{pin} {drive}"));
    let frequency = header.chip.flash_frequency(header.spi_speed);
    vec![
        ("entry", format!("{:#010x}", header.entry_addr)),
        (
            "flash mode",
            or_number(flash_mode(header.spi_mode), header.spi_mode),
        ),
        (
            "flash size",
            or_number(flash_size(header.flash_size), header.flash_size),
        ),
        ("flash frequency", or_number(frequency, header.spi_speed)),
        (
            "WP pin",
            match header.wp_pin {
                0xEE => "0xee, none".to_owned(),
                pin => format!("{pin:#04x}"),
            },
        ),
        ("pin drive", drives.join(", ")),
        (
            "chip revision",
            format!(
                "{} (in the old form {})",
                range(header.min_chip_rev_full, header.max_chip_rev_full),
                header.min_chip_rev
            ),
        ),
    ]
}

/// What stands at its end.
fn ending(shown: &Shown<'_>) -> Vec<(&'static str, String)> {
    let survey = &shown.found.survey;
    let missing = || "not there, the file is cut".to_owned();
    let checksum = survey
        .checksum
        .map_or_else(missing, |sum| judged(&sum, |sum| format!("{sum:#04x}")));
    let digest = match survey.digest {
        Some(sum) => judged(&sum, |sum| hex(&sum)),
        None if survey.header().has_digest => missing(),
        None => "none".to_owned(),
    };
    let len = |len: Option<u32>| len.map_or_else(missing, |len| format!("{len} bytes"));
    let mut pairs = vec![
        ("checksum", checksum),
        ("appended digest", digest),
        ("image", len(survey.image_len)),
        ("in flash", len(shown.found.flash_len())),
    ];
    pairs.push((
        "signature",
        match (signature(&shown.found), shown.found.blocks.len()) {
            ("none", _) => "none".to_owned(),
            (name, 0) => format!("{name}, not verified here"),
            (name, blocks) => {
                format!("{name}, {blocks} of 3 blocks; whose keys to trust was not asked")
            }
        },
    ));
    for block in &shown.found.blocks {
        let name = ["  block 0", "  block 1", "  block 2"].get(block.number);
        let key = match (block.scheme, block.key_digest) {
            (Some(scheme), Some(digest)) => format!("{scheme}, eFuse digest {digest}"),
            _ => "unreadable".to_owned(),
        };
        let fault = block
            .fault
            .map_or(String::new(), |fault| format!("; {fault}"));
        pairs.push((name.copied().unwrap_or("  block"), format!("{key}{fault}")));
    }
    pairs
}

fn judged<T: Copy + PartialEq>(found: &Found<T>, say: impl Fn(T) -> String) -> String {
    if found.stored == found.computed {
        format!("{}, valid", say(found.stored))
    } else {
        format!(
            "{}, invalid: the image gives {}",
            say(found.stored),
            say(found.computed)
        )
    }
}

/// A range of revisions, of which 65535 is no end, and 0 is no end of chips from before there was one.
fn range(min: u16, max: u16) -> String {
    match max {
        0 | u16::MAX => format!("{} and later", revision(min)),
        max => format!("{} to {}", revision(min), revision(max)),
    }
}
