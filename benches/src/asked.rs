//! What a benchmark is asked for.

use std::{fmt::Display, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// The command line of a benchmark.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Whether it shall only show that it still runs: its figures mean nothing then.
    pub quick: bool,
    /// JSON in place of a table.
    pub json: bool,
    /// Another build of the program, to be measured in the same rounds.
    pub beside: Option<PathBuf>,
    /// Only rows in whose names this is.
    pub only: String,
}

impl Asked {
    /// Reads the arguments of the program.
    ///
    /// # Errors
    /// It names one that there is not.
    pub fn read() -> Result<Self> {
        let mut asked = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => asked.quick = true,
                "--json" => asked.json = true,
                "--beside" => {
                    let program = arguments.next().context("--beside which program?")?;
                    asked.beside = Some(program.into());
                }
                // cargo says so to every benchmark.
                "--bench" => {}
                "--only" => asked.only = arguments.next().context("--only which rows?")?,
                other => bail!(
                    "there is no {other} here; there are --quick, --json, --beside PROGRAM and --only TEXT"
                ),
            }
        }
        Ok(asked)
    }
    /// How much is measured.
    pub fn plan<P>(&self, quick: impl FnOnce() -> P, full: impl FnOnce() -> P) -> P {
        if self.quick { quick() } else { full() }
    }

    /// Prints what was measured, as it was asked for.
    #[expect(
        clippy::print_stdout,
        reason = "a benchmark's result is what it prints"
    )]
    pub fn tell<R: Display>(&self, report: &R, json: impl FnOnce(&R) -> Value) {
        if self.json {
            println!("{:#}", json(report));
        } else {
            print!("{report}");
        }
    }
}
