//! `cargo xtask fuzz`: one parser, on the nightly toolchain, by cargo-fuzz.

use std::process::Command;

use anyhow::{Result, bail};

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
    process::succeed(&mut nightly(&[
        "run",
        target,
        "--",
        &format!("-max_total_time={seconds}"),
    ]))
}
