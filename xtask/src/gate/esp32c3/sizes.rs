//! What the firmware takes of flash and RAM.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::elf::Elf;

/// The sizes of one build, in bytes.
pub(super) struct Row {
    profile: String,
    image: u64,
    sections: BTreeMap<String, u32>,
}

/// The columns behind the image's: what they are called, and the sections that they sum up.
const COLUMNS: &[(&str, &[&str])] = &[
    ("code", &[".text"]),
    ("constants", &[".rodata", ".rodata.wifi"]),
    ("code in RAM", &[".trap", ".rwtext", ".rwtext.wifi"]),
    ("data", &[".data", ".data.wifi"]),
    ("zeroed, heap in it", &[".bss"]),
    ("second heap", &[".dram2_uninit"]),
    ("stack", &[".stack"]),
];

impl Row {
    pub(super) fn read(profile: &str, elf: &Path, out: &Path) -> Result<Self> {
        let bytes = std::fs::read(elf).with_context(|| format!("reading {}", elf.display()))?;
        let image = std::fs::metadata(out.join("app.bin")).context("measuring app.bin")?;
        Ok(Self {
            profile: profile.to_owned(),
            image: image.len(),
            sections: Elf::parse(&bytes)?.section_sizes()?,
        })
    }
}

/// All builds, as a table.
pub(super) fn shown(rows: &[Row]) -> String {
    let mut text = format!("{:<10}  {:>9}", "ESP32-C3", "app image");
    for (name, _) in COLUMNS {
        let _ = write!(text, "  {name:>9}");
    }
    for row in rows {
        let _ = write!(text, "\n{:<10}  {:>9}", row.profile, row.image);
        for (name, sections) in COLUMNS {
            let sum: u32 = sections
                .iter()
                .filter_map(|section| row.sections.get(*section))
                .sum();
            let width = name.len().max(9);
            let _ = write!(text, "  {sum:>width$}");
        }
    }
    text
}
