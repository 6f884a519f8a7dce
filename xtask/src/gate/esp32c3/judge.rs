//! What other people's tools say of the files.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::super::{Context, tools};
use crate::process;

/// Has esptool read an image, and looks for what it must say; `words` stand in what it says of the descriptor.
pub(super) fn image(context: &Context, file: &Path, words: &[&str]) -> Result<()> {
    let mut esptool = Command::new(tools::bin(context).join("esptool"));
    let said = process::output(esptool.arg("image-info").arg(file))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    for wanted in [
        &["Checksum:", "(valid)"][..],
        &["Validation hash:", "(valid)"],
        &["Chip ID: 5 (ESP32-C3)"],
    ] {
        let found = |line: &&str| wanted.iter().all(|part| line.contains(part));
        let Some(line) = said.lines().find(found) else {
            bail!(
                "esptool does not say `{}` of {name}:\n{said}",
                wanted.join(" ")
            );
        };
        println!("esptool: {name}: {line}");
    }
    for word in words {
        let found = |line: &str| {
            line.split_once(": ")
                .is_some_and(|row| row.1.trim() == *word)
        };
        if !said.lines().any(found) {
            bail!("esptool does not find `{word}` in {name}:\n{said}");
        }
    }
    Ok(())
}

/// Has a tool of others read the partition table out of the whole flash's image, and compares it with the CSV.
pub(super) fn table(context: &Context, merged: &Path, partitions: &Path) -> Result<()> {
    let mut reader = Command::new(tools::bin(context).join("mp-image-tool-esp32"));
    // Else it cuts names to the width of a terminal.
    reader.env("COLUMNS", "200").arg(merged);
    let said = process::output(&mut reader)?;
    let found: Vec<[String; 3]> = said.lines().filter_map(|line| row(line, '│')).collect();
    let csv = std::fs::read_to_string(partitions).context("reading the partition table's CSV")?;
    let wanted: Vec<[String; 3]> = csv
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let [name, _, _, offset, size] = fields(line, ',')?;
            Some([name, offset, size])
        })
        .collect();
    if found != wanted || wanted.is_empty() {
        bail!("mp-image-tool-esp32 reads another table than {csv}out of merged.bin:\n{said}");
    }
    for [name, offset, size] in &found {
        println!("mp-image-tool-esp32: {name} at {offset}, {size} bytes");
    }
    Ok(())
}

/// Name, offset and size of a partition, in a line of the tool's table.
fn row(line: &str, between: char) -> Option<[String; 3]> {
    let inner = line.strip_prefix(between)?;
    let [name, _, _, offset, size] = fields(inner, between)?;
    offset.starts_with("0x").then_some([name, offset, size])
}

/// The first five fields of a line.
fn fields(line: &str, between: char) -> Option<[String; 5]> {
    let mut fields = line.split(between).map(|field| field.trim().to_owned());
    let mut next = || fields.next();
    Some([next()?, next()?, next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn a_row_is_taken_out_of_the_drawn_table() {
        let line = "│ nvs  │ data │ nvs │   0x9000 │ 0x4000 │   0xd000 │   0x0 │ (16.0 kB) │";
        let expected = ["nvs", "0x9000", "0x4000"].map(str::to_owned);
        assert_eq!(row(line, '│'), Some(expected));
        for line in [
            "│ Name │ Type │ SubType │   Offset │   Size │      End │ Flags │  │",
            "├──────┼──────┼─────────┼──────────┼────────┼──────────┼───────┼──┤",
            "Found esp32c3 firmware file (4MB flash).",
        ] {
            assert_eq!(row(line, '│'), None, "{line}");
        }
    }
}
