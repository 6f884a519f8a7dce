//! The node on a bare machine: `firmware/qemu-virt` linted, then the story that `cargo xtask qemu` tells. What it was told with
//! stays, for the tests that switch the machine on by themselves.

use std::path::PathBuf;

use anyhow::Result;

use super::{Context, Outcome};
use crate::{
    qemu::{self, Builds, Emulator, Kit},
    riscv::Core,
};

/// Lints and tells; what cannot be had here is a skip that says how.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    // What does not come about now must not be found by the tests.
    qemu::remove(&Kit::folder(&context.target))?;
    let core = match Core::find()? {
        Ok(core) => core,
        Err(hint) => return Ok(Outcome::Skipped(hint)),
    };
    let emulator = match Emulator::find()? {
        Ok(emulator) => emulator,
        Err(hint) => return Ok(Outcome::Skipped(hint)),
    };
    let builds = Builds::new(core)?;
    builds.lint(qemu::profile())?;
    qemu::tell_for_gate(&emulator, &builds)?;
    Ok(Outcome::Passed)
}

/// What stayed, where there is something, by the variable in which tests look for it.
pub(super) fn kept(context: &Context) -> Option<(&'static str, PathBuf)> {
    let folder = Kit::folder(&context.target);
    folder.exists().then_some((VARIABLE, folder))
}

/// Leads tests to the folder of a [`Kit`].
pub(super) const VARIABLE: &str = "COUNTERSIGN_QEMU";
