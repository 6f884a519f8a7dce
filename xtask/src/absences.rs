//! What the crates below `operations` must not touch: files, sockets, threads and clocks are handed in, not taken.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::workspace;

/// What is looked for, outside tests and comments. Of `std::net` only what opens something: an address is a value.
const FORBIDDEN: &[&str] = &[
    "std::fs",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
    "UnixDatagram",
    "UnixListener",
    "UnixStream",
    "tokio::fs",
    "tokio::net",
    "tokio::process",
    "tokio::time",
];

/// Files that may, each with its reason: `path prefix: reason` by line.
const ALLOWED: &str = include_str!("../absences.txt");

/// Reads the sources of these crates (name to manifest path) and says what they touch.
pub(crate) fn check(crates: &BTreeMap<&str, &str>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for manifest in crates.values() {
        let folder = Path::new(manifest).with_file_name("src");
        let mut files = Vec::new();
        sources(&folder, &mut files)?;
        for file in files {
            let shown = file
                .strip_prefix(workspace::root())
                .unwrap_or(&file)
                .to_string_lossy();
            if allowed(&shown) {
                continue;
            }
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("reading {shown}"))?;
            for (line, word) in touched(&text) {
                faults.push(format!(
                    "{shown}:{line} uses {word}; take it as an argument or a trait, or give the \
                     reason in xtask/absences.txt"
                ));
            }
        }
    }
    Ok(faults)
}

/// Collects the `.rs` files of a folder that are not only for tests.
fn sources(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn allowed(path: &str) -> bool {
    ALLOWED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .any(|(prefix, _reason)| path.starts_with(prefix))
}

/// Finds forbidden words by line number, up to the tests at the file's end.
fn touched(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut in_group = None::<&str>;
    let mut for_tests = false;
    for (index, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default().trim();
        if std::mem::replace(&mut for_tests, code == "#[cfg(test)]") {
            // The tests are a file's last item; anything else for tests has one line.
            if code.ends_with('{') {
                break;
            }
            continue;
        }
        let mut words: Vec<&str> = FORBIDDEN
            .iter()
            .copied()
            .filter(|w| code.contains(w))
            .collect();
        // `use std::{fs, io};`, on one line or several.
        let group = ["std", "tokio"]
            .into_iter()
            .find(|root| code.contains(&format!("{root}::{{")));
        in_group = group.or(in_group);
        if let Some(root) = in_group {
            let parts = code
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .collect::<Vec<_>>();
            words.extend(FORBIDDEN.iter().copied().filter(|word| {
                word.strip_prefix(root)
                    .and_then(|rest| rest.strip_prefix("::"))
                    .is_some_and(|module| parts.contains(&module))
            }));
            if code.ends_with(';') {
                in_group = None;
            }
        }
        found.extend(
            words
                .into_iter()
                .map(|word| (index.saturating_add(1), word)),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::touched;

    #[test]
    fn finds_paths_and_groups_by_line() {
        let text = "use core::fmt;\nlet now = std::time::Instant::now();\nuse std::{fs, io};\n";
        assert_eq!(touched(text), [(2, "Instant::now"), (3, "std::fs")]);
        let text = "use std::{\n    io,\n    thread::spawn,\n};\nlet thread = 1;\n";
        assert_eq!(touched(text), [(3, "std::thread")]);
    }

    #[test]
    fn leaves_comments_and_tests_alone() {
        let text =
            "//! Not std::fs.\nfn f() {} // std::net\n#[cfg(test)]\nmod t { use std::fs; }\n";
        assert_eq!(touched(text), []);
    }
}
