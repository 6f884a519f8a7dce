//! Which compiler fuzzes.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, workspace};

/// A compiler that can do it, with cargo-fuzz.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Toolchain {
    /// Rustup's nightly.
    Nightly,
    /// The one that runs now, which is a nightly itself.
    This,
    /// The one that runs now, told to take a nightly's flags: for machines with one toolchain.
    ThisUnlocked,
}

impl Toolchain {
    /// Finds the first that works.
    ///
    /// # Errors
    ///
    /// When cargo-fuzz is missing, with how to install it.
    pub(crate) fn find() -> Result<Self> {
        if process::works(&mut Self::Nightly.cargo_fuzz("--version")) {
            return Ok(Self::Nightly);
        }
        if !process::works(&mut Self::This.cargo_fuzz("--version")) {
            bail!("cargo-fuzz is missing; install it with: {INSTALL}");
        }
        if workspace::rustc("release")?.contains("nightly") {
            return Ok(Self::This);
        }
        eprintln!(
            "no nightly toolchain (rustup toolchain install nightly): fuzzing with this one and RUSTC_BOOTSTRAP=1"
        );
        Ok(Self::ThisUnlocked)
    }

    /// `cargo fuzz` and one of its commands.
    pub(crate) fn cargo_fuzz(self, what: &str) -> Command {
        let mut command = match self {
            Self::Nightly => {
                let mut command = Command::new("rustup");
                command.args(["run", "nightly", "cargo"]);
                // Ours is the stable cargo that started us.
                command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
                command
            }
            Self::This => process::cargo(),
            Self::ThisUnlocked => {
                let mut command = process::cargo();
                command.env("RUSTC_BOOTSTRAP", "1");
                command
            }
        };
        command.args(["fuzz", what]);
        command
    }
}

const INSTALL: &str = "cargo install cargo-fuzz --locked --version 0.13.2";
