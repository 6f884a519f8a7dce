//! `cargo xtask roots`: how old the data of this crate is, and its renewal; `README.md` says when.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal: what it found goes to stdout"
)]

mod esp_idf;
mod wheel;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use countersign_roots::table::{Row, to_hex};
use countersign_roots::{DISTRUST_DATE, Date, ESP_IDF_DATE, MOZILLA_DATE, MOZILLA_SOURCE, Release};

fn main() -> ExitCode {
    let options: Vec<String> = std::env::args().skip(1).collect();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &[&str]) -> Result<()> {
    match options {
        [] => ages(),
        ["--check"] => check(),
        ["--wheel", files @ ..] if !files.is_empty() => wheel::run(files),
        ["--esp-idf", repository] => esp_idf::run(Path::new(repository)),
        _ => bail!(
            "unknown options of roots: {}; see `cargo xtask --help`",
            options.join(" ")
        ),
    }
}

fn ages() -> Result<()> {
    let age = |what: &str, date: Date| -> Result<()> {
        let now = now()?.as_secs();
        let days = now.saturating_sub(date.unix_seconds()) / 86_400;
        println!("roots: {what}: {date}, {days} days old");
        Ok(())
    };
    let all = countersign_roots::all().len();
    let mozilla = countersign_roots::mozilla().count();
    println!(
        "roots: {all} known, {mozilla} of them Mozilla's today, {} kept",
        all - mozilla
    );
    age(&format!("Mozilla's list, {MOZILLA_SOURCE}"), MOZILLA_DATE)?;
    age("distrust dates, NSS", DISTRUST_DATE)?;
    age("ESP-IDF's branches", ESP_IDF_DATE)?;
    let last = Release::all().iter().rfind(|release| !release.is_branch());
    let last = last.context("no release is known")?;
    println!(
        "roots: the last release known is {last}, with Mozilla's list of {}",
        last.mozilla_date()
    );
    Ok(())
}

fn check() -> Result<()> {
    let audit = countersign_roots::audit();
    let mut faults = Vec::new();
    for Row { sha256, name, .. } in &audit.lost {
        let sha256 = to_hex(sha256);
        faults.push(format!(
            "{name} ({sha256}) has no certificate: Mozilla dropped it, or a release brought it; \
             give --wheel a certifi wheel that has it"
        ));
    }
    for certificate in &audit.unlisted {
        let name = certificate.common_name().unwrap_or("?");
        let row = Row::new(certificate.fingerprint(), name);
        faults.push(format!(
            "{name} is new at Mozilla; add to roots.csv the row\n  {row}"
        ));
    }
    for certificate in &audit.superfluous {
        let (name, sha256) = (
            certificate.subject_text(),
            to_hex(&certificate.fingerprint()),
        );
        faults.push(format!(
            "kept.pem has {name} ({sha256}) for nothing; --wheel with any wheel drops it"
        ));
    }
    for row in &audit.repeated {
        faults.push(format!("roots.csv has a second row for {}", row.name));
    }
    for line in &audit.unreadable_lines {
        faults.push(format!("roots.csv:{line} is no row"));
    }
    if audit.unreadable_certificates > 0 {
        let count = audit.unreadable_certificates;
        faults.push(format!("{count} certificates do not read"));
    }
    let installed = installed()?;
    if installed != MOZILLA_SOURCE {
        faults.push(format!(
            "built with {installed}, while MOZILLA_DATE is that of {MOZILLA_SOURCE}; \
             set both constants in crates/roots/src/lib.rs"
        ));
    }
    if !faults.is_empty() {
        bail!("the roots need care:\n  {}", faults.join("\n  "));
    }
    println!("roots: {installed}, kept.pem and roots.csv agree");
    Ok(())
}

/// The crate with Mozilla's list and its version, as the lock file has it.
fn installed() -> Result<String> {
    let lock = crate_root().join("../../Cargo.lock");
    let lock =
        std::fs::read_to_string(&lock).with_context(|| format!("reading {}", lock.display()))?;
    let name = MOZILLA_SOURCE.split(' ').next().unwrap_or_default();
    let (_, package) = lock
        .split_once(&format!("name = \"{name}\"\nversion = \""))
        .with_context(|| format!("the lock file has no {name}"))?;
    let version = package.split('"').next().unwrap_or_default();
    Ok(format!("{name} {version}"))
}

fn crate_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn data(file: &str) -> PathBuf {
    crate_root().join("data").join(file)
}

/// Runs a command in silence and gives back what it wrote to stdout.
fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", command.get_program().display()))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{command:?} ended with {}: {}",
            output.status,
            stderr.trim()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("{command:?} gives no UTF-8"))
}

fn write(file: &str, text: &str) -> Result<()> {
    let path = data(file);
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    println!("roots: wrote {file}");
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a chore for people, who ask how old it is today"
)]
fn now() -> Result<Duration> {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock is before 1970")
}
