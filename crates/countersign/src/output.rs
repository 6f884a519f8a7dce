//! What a person sees, and what a program gets.

use std::{
    fmt,
    io::{self, Write},
    sync::OnceLock,
};

use countersign_x509::name::escaped;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

/// In place of the standard library's, which panics where nobody reads: whoever looks at the first lines only
/// (`countersign ... | head`) still wants the rest done, and the right exit code.
macro_rules! print {
    ($($text:tt)*) => {
        $crate::output::write(&mut std::io::stdout(), format_args!($($text)*), "")
    };
}

/// See [`print!`].
macro_rules! println {
    () => {
        println!("")
    };
    ($($text:tt)*) => {
        $crate::output::write(&mut std::io::stdout(), format_args!($($text)*), "\n")
    };
}

/// See [`print!`].
macro_rules! eprintln {
    ($($text:tt)*) => {
        $crate::output::write(&mut std::io::stderr(), format_args!($($text)*), "\n")
    };
}

/// Writes what the macros above print.
pub(crate) fn write(to: &mut impl Write, text: fmt::Arguments<'_>, end: &str) {
    match write!(to, "{text}{end}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = LOST.set(error);
        }
        _ => {}
    }
}

/// Why something could not be printed, if something could not: a full disk. That nobody reads any more is no such reason.
pub(crate) fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints rows under a heading, without lines between them. What devices and images say of themselves may hold what moves
/// a cursor, or turns the direction of writing round: it is escaped.
pub(crate) fn table(heading: &[&str], rows: Vec<Vec<String>>) {
    print!("{}", columns(heading, rows));
}

fn columns(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut lines = vec![heading.iter().map(|&cell| cell.to_owned()).collect()];
    lines.extend(rows);
    for cell in lines.iter_mut().flatten() {
        *cell = escaped(cell);
    }
    let mut widths = Vec::new();
    for line in &lines {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.width().max(*width);
        }
    }
    let mut text = String::new();
    for cells in lines {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            let room = width.saturating_sub(cell.width());
            line.extend([" ", cell, " "]);
            line.extend(std::iter::repeat_n(' ', room));
        }
        text.extend([line.trim_end(), "\n"]);
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_seen() {
        let rows = [["größer", "1"], ["漢字", "22"], ["a\n", ""]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(
            columns(&["NAME", "N"], rows.into()),
            " NAME    N\n größer  1\n 漢字    22\n a\\u{a}\n"
        );
        assert_eq!(columns(&["NAME"], vec![vec![String::new()]]), " NAME\n\n");
    }
}
