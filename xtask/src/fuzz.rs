//! `cargo xtask fuzz`: one parser, on the nightly toolchain, by cargo-fuzz.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{process, workspace};

/// Fuzzes one target of `fuzz/` for so many seconds.
pub(crate) fn run(target: &str, seconds: u32) -> Result<()> {
    let nightly = |args: &[&str]| {
        let mut command = Command::new("rustup");
        command.args(["run", "nightly", "cargo", "fuzz"]).args(args);
        // Ours is the stable cargo that started us.
        command
            .current_dir(workspace::root())
            .env_remove("CARGO")
            .env_remove("RUSTUP_TOOLCHAIN");
        command
    };
    if !process::works(&mut nightly(&["--version"])) {
        bail!(
            "needs the nightly toolchain and cargo-fuzz; install them with: \
             rustup toolchain install nightly && cargo install cargo-fuzz --locked --version 0.13.2"
        );
    }
    let corpus = workspace::root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&corpus).context("making the corpus folder")?;
    let mut fuzz = nightly(&["run", target]);
    fuzz.arg(corpus).args(vectors()?);
    fuzz.args(["--", &format!("-max_total_time={seconds}")]);
    process::succeed(&mut fuzz)
}

/// The crates' test vectors: valid inputs to begin with, of which a target picks what it can use.
fn vectors() -> Result<Vec<PathBuf>> {
    let crates = workspace::root().join("crates");
    let entries = std::fs::read_dir(&crates).context("reading crates/")?;
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path().join("tests/data")));
    Ok(folders.filter(|folder| folder.is_dir()).collect())
}
