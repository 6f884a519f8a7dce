//! What the firmware takes of flash and RAM.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// The sizes of one build, in bytes.
pub(super) struct Row {
    profile: String,
    image: u64,
    sections: BTreeMap<String, u64>,
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
            sections: sections(&bytes)?,
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
            let sum: u64 = sections
                .iter()
                .filter_map(|section| row.sections.get(*section))
                .sum();
            let width = name.len().max(9);
            let _ = write!(text, "  {sum:>width$}");
        }
    }
    text
}

/// The sizes of an ELF file's sections by their names.
///
/// Source: the System V ABI, chapter 4: the header has the sections' place at byte 32, their headers' size and number at
/// 46 and 48 and that of the names at 50; a header has name, offset and size at 0, 16 and 20.
fn sections(elf: &[u8]) -> Result<BTreeMap<String, u64>> {
    if !elf.starts_with(b"\x7FELF\x01\x01") {
        bail!("not an ELF file of a 32-bit little-endian machine");
    }
    let (at, size) = (word(elf, 32)?, half(elf, 46)?);
    let (count, names) = (half(elf, 48)?, half(elf, 50)?);
    let header = |index: usize| {
        let header = elf.get(at + index * size..);
        header.context("the ELF file ends in its section headers")
    };
    let names = word(header(names)?, 16)?;
    let mut sizes = BTreeMap::new();
    for index in 0..count {
        let header = header(index)?;
        let name = elf.get(names + word(header, 0)?..).unwrap_or_default();
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        sizes.insert(name, u64::try_from(word(header, 20)?)?);
    }
    Ok(sizes)
}

fn half(bytes: &[u8], at: usize) -> Result<usize> {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
    let field = *field.context("the ELF file ends in a header")?;
    Ok(usize::from(u16::from_le_bytes(field)))
}

fn word(bytes: &[u8], at: usize) -> Result<usize> {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
    let field = *field.context("the ELF file ends in a header")?;
    Ok(usize::try_from(u32::from_le_bytes(field))?)
}
