//! The device's crates, built for a chip without an operating system: `core` is all they may link.

use anyhow::Result;

use super::{Context, Outcome};
use crate::{process, riscv::Core, workspace};

const CRATES: &[&str] = &[
    "esp-formats",
    "countersign-esp-boot",
    "countersign-protocol",
    "countersign-node",
    "countersign-mbedtls-link",
];

/// Builds for the ESP32-C3's target; all that these crates need of a chip is that it is not a computer.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let core = match Core::find()? {
        Ok(core) => core,
        Err(hint) => return Ok(Outcome::Skipped(hint)),
    };
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    cargo.args(["build", "--locked"]);
    cargo.args(CRATES.iter().flat_map(|name| ["--package", name]));
    core.prepare(&mut cargo, "core", &context.target.join("bare-metal"));
    process::succeed(&mut cargo)?;
    Ok(Outcome::Passed)
}
