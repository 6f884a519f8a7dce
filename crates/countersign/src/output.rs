//! What a person sees, and what a program gets.

use comfy_table::{Table, presets::NOTHING};
use countersign_x509::name::escaped;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Prints a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints rows under a heading, without lines between them. What devices and images say of themselves may hold what moves
/// a cursor, or turns the direction of writing round: it is escaped.
pub(crate) fn table(heading: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(heading.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| escaped(cell)));
    }
    println!("{}", table.trim_fmt());
}

/// Prints names and values, one pair a line, escaped by the same rule.
pub(crate) fn pairs(pairs: &[(&str, String)]) {
    let widest = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs {
        println!("{name:widest$}  {}", escaped(value));
    }
}

/// A bar, on stderr, for a download of `total` bytes.
pub(crate) fn download_bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    match ProgressStyle::with_template("downloading  {bar:40} {bytes:>10} of {total_bytes}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A length in bytes as people say it.
pub(crate) fn bytes(length: u64) -> String {
    match length {
        0..10_240 => format!("{length} B"),
        10_240..10_485_760 => format!("{} KiB", length / 1024),
        _ => format!("{} MiB", length / (1024 * 1024)),
    }
}

/// A day as people say it: `2026-11-23`.
pub(crate) fn date(at: u64) -> String {
    let text = countersign_operations::text::rfc3339(countersign_protocol::UnixTime(at));
    text.split('T').next().unwrap_or_default().to_owned()
}

/// Text of the other side, or a dash where there is none.
pub(crate) fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}
