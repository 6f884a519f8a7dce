//! The tests themselves: run, counted, and asked what they had to skip.
//!
//! A test that needs a program which is not there appends a line to the file that `COUNTERSIGN_SKIP_FILE` names
//! and ends as passed: `SKIPPED: <test>: needs <command>; install it with: <how>`.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::counts::Counts;
use super::{Context, Outcome, esp32c3, mbedtls, qemu, tools};
use crate::{process, qemu::Kit, workspace};

/// Runs all tests but the documentation's.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    run_some(context, &["--workspace", "--features", mbedtls::features()])
}

/// Runs the tests of the packages, with the features, that `selection` has cargo take.
pub(super) fn run_some(context: &Context, selection: &[&str]) -> Result<Outcome> {
    let skips = context.target.join("skipped-tests.txt");
    std::fs::create_dir_all(&context.target).context("making the target folder")?;
    std::fs::write(&skips, "").with_context(|| format!("emptying {}", skips.display()))?;

    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    if process::works(Command::new("cargo").args(["nextest", "--version"])) {
        cargo.args(["nextest", "run", "--locked", "--no-fail-fast"]);
        cargo.args(["--no-tests", "pass"]);
    } else {
        cargo.args(["test", "--locked", "--no-fail-fast"]);
        cargo.args(["--lib", "--bins", "--tests"]);
    }
    cargo.args(selection);
    cargo.env("COUNTERSIGN_SKIP_FILE", &skips);
    cargo.env("COUNTERSIGN_TEST_TOOLS", tools::bin(context));
    cargo.envs(mbedtls::programs(context));
    cargo.envs(esp32c3::packed(context));
    cargo.envs(qemu::kept(context));
    let (succeeded, lines) = process::watched(&mut cargo)?;

    let mut counts = Counts::read(lines.iter().map(String::as_str));
    let skipped = std::fs::read_to_string(&skips).context("reading what tests skipped")?;
    for line in skipped.lines().filter(|line| !line.trim().is_empty()) {
        eprintln!("{line}");
        // To its runner such a test has passed.
        counts.passed = counts.passed.saturating_sub(1);
        counts.skipped = counts.skipped.saturating_add(1);
    }
    ended(succeeded, counts)
}

/// Runs the tests that print tables, one after the other, and shows what they print.
pub(super) fn run_tables(context: &Context) -> Result<()> {
    let mut cargo = acceptance("_table");
    cargo.env("COUNTERSIGN_TEST_TOOLS", tools::bin(context));
    cargo.envs(mbedtls::programs(context));
    cargo.envs(qemu::kept(context));
    process::succeed(&mut cargo)?;

    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    cargo.args(["test", "--locked", "--package", "countersign-node"]);
    cargo.args(["--test", "it", "--", "--nocapture", "_table"]);
    process::succeed(&mut cargo)
}

/// Runs the tests that switch the machine in QEMU on, one after the other, and shows what they print.
pub(super) fn run_scenarios(context: &Context, kit: &Kit) -> Result<()> {
    let mut cargo = acceptance("_qemu");
    cargo.env("COUNTERSIGN_TEST_TOOLS", tools::bin(context));
    cargo.env(qemu::VARIABLE, kit.path());
    process::succeed(&mut cargo)
}

/// A run of the program's own tests whose names have this in them, one after the other, with what they print.
fn acceptance(named: &str) -> Command {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    cargo.args(["test", "--locked", "--package", "countersign"]);
    cargo.args(["--features", mbedtls::program_features()]);
    cargo.args(["--test", "acceptance", "--", "--nocapture"]);
    cargo.args(["--test-threads", "1", named]);
    cargo
}

/// Runs the documentation's examples.
pub(super) fn run_doctests(_: &Context) -> Result<Outcome> {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    cargo.args(["test", "--locked", "--doc", "--workspace"]);
    cargo.args(["--features", mbedtls::features(), "--no-fail-fast"]);
    let (succeeded, lines) = process::watched(&mut cargo)?;
    ended(succeeded, Counts::read(lines.iter().map(String::as_str)))
}

/// A runner that fails without a failed test did not get as far as running them.
fn ended(succeeded: bool, counts: Counts) -> Result<Outcome> {
    if !succeeded && counts.failed == 0 {
        bail!("the tests did not build, or their runner failed");
    }
    Ok(Outcome::Counted(counts))
}
