//! The node on a bare machine: `firmware/qemu-virt` linted, then the story that `cargo xtask qemu` tells.

use anyhow::Result;

use super::Outcome;
use crate::{
    qemu::{self, Builds, Emulator},
    riscv::Core,
};

/// Lints and tells; what cannot be had here is a skip that says how.
pub(super) fn run() -> Result<Outcome> {
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
