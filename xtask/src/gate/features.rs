//! The crate that keeps keys, without tokens: what a plain `cargo build` makes of it.

use anyhow::Result;

use super::{Context, Outcome, cargo, tests_step};

/// Lints and tests it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    cargo(
        &[
            "clippy",
            "--locked",
            "--package",
            CRATE,
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        &[],
    )?;
    tests_step::run_some(context, &["--package", CRATE])
}

const CRATE: &str = "countersign-keys";
