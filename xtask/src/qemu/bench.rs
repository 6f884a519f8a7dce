//! `cargo xtask qemu --bench`: what a handshake and a download cost, in instructions and in memory.
//!
//! QEMU counts the instructions of the whole machine. A handshake's are those from the call that makes the connection to
//! its return. What the machine does while it waits, a look each millisecond, is left out.

use std::{fmt, path::Path};

use anyhow::{Context as _, Result};

use super::{
    build::{App, Builds},
    emulator::Emulator,
    guest::{Machine, OUTSIDE},
    heap::Peaks,
    house::House,
};

/// Measures all builds by both versions of TLS.
pub(super) fn measure(
    emulator: &Emulator,
    builds: &Builds,
    program: &Path,
    folder: &Path,
) -> Result<Table> {
    let rom = folder.join("rom.bin");
    builds.rom(&rom)?;
    let house = House::make(program, folder.join("house"))?;
    let server = house.serve(None)?;
    let mut rows = Vec::new();
    let mut machines = Vec::new();
    for (index, (words, profile)) in PROFILES.iter().enumerate() {
        let path = folder.join(format!("{index}.bin"));
        let app = App {
            version: "1.0.0",
            profile,
            features: &[],
        };
        builds.app(&app, &path)?;
        let image = std::fs::metadata(&path).context("reading the image")?.len();
        for tls in ["1.2", "1.3"] {
            let id = format!("7cdfa10000{index}{}", tls.replace("1.", ""));
            let (_, flash) = house.make_device(&id, &path)?;
            let mut told = vec![
                ("hosts", format!("localhost={OUTSIDE}")),
                ("every", "1".to_owned()),
            ];
            if tls == "1.2" {
                told.push(("tls", tls.to_owned()));
            }
            machines.push(Machine {
                emulator,
                rom: rom.clone(),
                flash,
                ports: server.ports.to_vec(),
                told,
                count: true,
            });
            rows.push(Row {
                words,
                tls,
                image,
                ..Row::default()
            });
        }
    }
    // Before there is anything to download: a check-in by a full handshake, then one that resumes it.
    for (row, machine) in rows.iter_mut().zip(&machines) {
        println!("\n{} {}: check-ins", row.words, row.tls);
        let mut guest = machine.start()?;
        let mut peaks = Peaks::default();
        for _ in 0..CHECK_INS {
            guest.wait_for(&["memory:"], &mut peaks)?;
        }
        row.check_in = peaks;
        let connections = connections(&guest.said);
        let cost = |resumed| {
            let of_kind = connections.iter().filter(|made| made.resumed == resumed);
            of_kind.min_by_key(|made| made.instructions).copied()
        };
        (row.full, row.resumed) = (cost(false), cost(true));
        let link = guest.said.iter().find(|line| line.starts_with("link: "));
        row.suite = link.map(|line| cipher(line)).unwrap_or_default();
        guest.cut_power()?;
    }
    let update = folder.join("2.0.0.bin");
    let app = App {
        version: "2.0.0",
        profile: PROFILES.first().map_or("small", |first| first.1),
        features: &[],
    };
    builds.app(&app, &update)?;
    let size = std::fs::metadata(&update)
        .context("reading the image")?
        .len();
    house.publish(&update, 1)?;
    for (row, machine) in rows.iter_mut().zip(&machines) {
        println!("\n{} {}: an update", row.words, row.tls);
        let mut guest = machine.start()?;
        let mut peaks = Peaks::default();
        guest.wait_for(&["memory:"], &mut peaks)?;
        row.update = peaks;
        let at = |what: &str| {
            let mark = format!("count: {what} at ");
            guest
                .said
                .iter()
                .find_map(|line| number(line.strip_prefix(&mark)?))
        };
        let handshake = connections(&guest.said)
            .get(1)
            .map(|made| made.instructions);
        let marks = at("download begins")
            .zip(at("download ends"))
            .zip(at("read back"));
        if let Some((((begins, ends), read_back), handshake)) = marks.zip(handshake) {
            let per_mib = |count: u64| count.saturating_mul(1 << 20).checked_div(size);
            row.download = per_mib(ends.saturating_sub(begins).saturating_sub(handshake));
            row.read_back = per_mib(read_back.saturating_sub(ends));
        }
        guest.cut_power()?;
    }
    drop(server);
    Ok(Table { rows })
}

/// A connection that was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Made {
    /// By a session of before.
    resumed: bool,
    instructions: u64,
    /// Bytes that were sent for it, and that came.
    bytes: [u64; 2],
}

/// The connections that were made.
fn connections(said: &[String]) -> Vec<Made> {
    let pairs = said.windows(2);
    pairs
        .filter_map(|pair| match pair {
            [link, count] => {
                let count = count.strip_prefix("count: connecting took ")?;
                let (instructions, rest) = count.split_once("; ")?;
                let (sent, taken) = rest.split_once(" bytes sent, ")?;
                Some(Made {
                    resumed: link.ends_with(", resumed"),
                    instructions: number(instructions)?,
                    bytes: [number(sent)?, number(taken)?],
                })
            }
            _ => None,
        })
        .collect()
}

/// What a connection's bytes are sealed by: the last words of its suite, without the hash.
fn cipher(link: &str) -> String {
    let suite = link.split(", ").nth(1).unwrap_or_default();
    let words: Vec<&str> = suite.split('-').collect();
    let from = words
        .iter()
        .position(|word| matches!(*word, "AES" | "CHACHA20"));
    let words = words.get(from.unwrap_or_default()..).unwrap_or_default();
    let hash = words.last().is_some_and(|word| word.starts_with("SHA"));
    let words = words.get(..words.len() - usize::from(hash));
    words.unwrap_or_default().join("-")
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    text.split(' ').next()?.parse().ok()
}

/// One build by one version of TLS.
#[derive(Default)]
struct Row {
    words: &'static str,
    tls: &'static str,
    suite: String,
    image: u64,
    full: Option<Made>,
    resumed: Option<Made>,
    download: Option<u64>,
    read_back: Option<u64>,
    check_in: Peaks,
    update: Peaks,
}

/// What was measured, as a table of Markdown.
pub(super) struct Table {
    rows: Vec<Row>,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Millions of instructions; bytes.\n\n\
             | Mbed TLS | TLS | cipher | handshake, full | bytes out, in | resumed | bytes out, in | download, a MiB | reading it back, a MiB | heap, check-in | heap, update | stack | app image |\n\
             |---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
        )?;
        for row in &self.rows {
            let stack = row.check_in.stack.max(row.update.stack);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {stack} | {} |",
                row.words,
                row.tls,
                row.suite,
                millions(row.full.map(|made| made.instructions)),
                bytes(row.full),
                millions(row.resumed.map(|made| made.instructions)),
                bytes(row.resumed),
                millions(row.download),
                millions(row.read_back),
                row.check_in.heap,
                row.update.heap,
                row.image,
            )?;
        }
        Ok(())
    }
}

fn bytes(made: Option<Made>) -> String {
    made.map_or_else(
        || "none".to_owned(),
        |Made {
             bytes: [sent, taken],
             ..
         }| format!("{sent}, {taken}"),
    )
}

fn millions(count: Option<u64>) -> String {
    let Some(count) = count else {
        return "none".to_owned();
    };
    let tenths = count.saturating_add(50_000) / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Of which the first makes a session and the others resume it; the least that one took counts.
const CHECK_INS: u32 = 6;

/// The builds: in words, and by features.
const PROFILES: &[(&str, &str)] = &[
    ("small, records of 4 KiB", "small,records-4096"),
    ("small, records of 16 KiB", "small"),
    ("small with RSA, records of 16 KiB", "small,rsa"),
    ("full, records of 16 KiB", "full"),
    ("prebuilt, records of 16 KiB", "prebuilt"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_told_apart_by_what_was_said_of_them() {
        let said = [
            "link: localhost by TLSv1.2 in 3 ms, SUITE",
            "count: connecting took 1234 instructions; 7 bytes sent, 8 taken; heap 5",
            "node: checked in, again in 1 s",
            "link: localhost by TLSv1.2 in 3 ms, SUITE, resumed",
            "count: connecting took 56 instructions; 9 bytes sent, 10 taken; heap 5",
        ];
        let said = said.map(str::to_owned);
        let made = |resumed, instructions, bytes| Made {
            resumed,
            instructions,
            bytes,
        };
        let expected = [made(false, 1234, [7, 8]), made(true, 56, [9, 10])];
        assert_eq!(connections(&said), expected);
        for (suite, expected) in [
            ("TLS1-3-AES-256-GCM-SHA384", "AES-256-GCM"),
            (
                "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256",
                "CHACHA20-POLY1305",
            ),
        ] {
            assert_eq!(
                cipher(&format!("link: a by b in 3 ms, {suite}, resumed")),
                expected
            );
        }
        assert_eq!(millions(Some(1_251_234)), "1.3");
    }
}
