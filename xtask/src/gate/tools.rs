//! Other people's programs, by which the tests judge what we make.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Context, Outcome};
use crate::{process, workspace};

/// A command that the tests call, the Debian package that brings it, and a call that only succeeds where it is there.
const COMMANDS: &[(&str, &[&str])] = &[
    ("openssl", &["openssl", "version"]),
    ("curl", &["curl", "--version"]),
    (VENV, &["python3", "-c", "import ensurepip, venv"]),
];

/// The same for what only the step `mbedtls` needs, which is skipped where it cannot be had. Debian's clang brings the
/// libclang that bindgen loads; of Debian 12 `libmbedtls-dev` is 2.28, as ESP-IDF v4.4 has it.
const FOR_MBEDTLS: &[(&str, &[&str])] = &[
    ("clang", &["clang", "--version"]),
    ("cmake", &["cmake", "--version"]),
    ("ninja-build", &["ninja", "--version"]),
    ("libmbedtls-dev", &["ls", "/usr/include/mbedtls/version.h"]),
];

/// The same for what some tests are skipped without: a token in a folder, a tool of others for tokens, a verifier of
/// certificates and CRLs of another family than OpenSSL, and a server of others that takes our devices.
const FOR_SOME: &[(&str, &[&str])] = &[
    ("softhsm2", &["softhsm2-util", "--version"]),
    ("opensc", &["opensc-tool", "--version"]),
    ("gnutls-bin", &["certtool", "--version"]),
    ("nginx", &["nginx", "-v"]),
];

/// Without it there is no Python venv.
const VENV: &str = "python3-venv";

/// Where the commands of the Python tools are.
pub(super) fn bin(context: &Context) -> PathBuf {
    venv(context).join("bin")
}

/// Installs what is missing; does nothing, and needs no network, once all is there.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let (mut needed, mut wanted) = (missing(COMMANDS), missing_wanted());
    if may_install() && !(needed.is_empty() && wanted.is_empty()) {
        let updated = apt(&["update"]);
        if !needed.is_empty() {
            updated?;
            install(&needed)?;
            needed.clear();
        }
        // One by one, so that one that cannot be had does not keep the others out.
        for package in wanted {
            if let Err(error) = install(&[package]) {
                eprintln!("{error:#}");
            }
        }
        wanted = missing_wanted();
    }
    if !needed.contains(&VENV) {
        make_venv(&venv(context), "xtask/requirements.txt")?;
        let older = context.target.join("venv-esptool4");
        make_venv(&older, "xtask/requirements-esptool4.txt")?;
    }
    let missing = [needed, wanted].concat();
    if missing.is_empty() {
        return Ok(Outcome::Passed);
    }
    let packages = missing.join(" ");
    Ok(Outcome::Skipped(format!(
        "missing: {packages}; install with: sudo apt-get install {packages}"
    )))
}

/// What the step `mbedtls` needs and is not there.
pub(super) fn missing_for_mbedtls() -> Vec<&'static str> {
    missing(FOR_MBEDTLS)
}

/// What is skipped without.
fn missing_wanted() -> Vec<&'static str> {
    [missing_for_mbedtls(), missing(FOR_SOME)].concat()
}

fn missing(commands: &[(&'static str, &[&str])]) -> Vec<&'static str> {
    let works = |command: &[&str]| match command {
        [program, args @ ..] => process::works(Command::new(program).args(args)),
        [] => false,
    };
    commands
        .iter()
        .filter(|(_, call)| !works(call))
        .map(|(package, _)| *package)
        .collect()
}

/// Root on a Debian: the only place where a program may install packages without being asked.
fn may_install() -> bool {
    let root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && Path::new("/etc/debian_version").exists()
}

fn install(packages: &[&str]) -> Result<()> {
    apt(&[&["install", "-y", "--no-install-recommends"][..], packages].concat())
}

fn apt(args: &[&str]) -> Result<()> {
    process::succeed(
        Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// Makes the venv anew unless it was made from the same list and the same Python.
fn make_venv(venv: &Path, list: &'static str) -> Result<()> {
    let list = workspace::root().join(list);
    let wanted = std::fs::read_to_string(&list);
    let wanted = wanted.with_context(|| format!("reading {}", list.display()))?;
    let python = process::output(Command::new("python3").arg("--version"))?;
    let wanted = format!("{python}{wanted}");

    let marker = venv.join("made-from.txt");
    if std::fs::read_to_string(&marker).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    // `--clear` would empty what a link leads to, and that is somebody else's.
    if venv.is_symlink() {
        std::fs::remove_file(venv).context("removing the link at the venv's place")?;
    }
    process::succeed(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(venv),
    )?;
    process::succeed(
        Command::new(venv.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-input",
                "--quiet",
            ])
            .arg("--requirement")
            .arg(&list),
    )?;
    // Last, so that a venv that was left half made is made again.
    std::fs::write(&marker, wanted).context("marking the venv as made")
}

fn venv(context: &Context) -> PathBuf {
    context.target.join("venv")
}
