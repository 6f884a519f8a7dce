//! The device's crates, built for a chip without an operating system: `core` is all they may link.

mod rust_src;

use anyhow::Result;

use super::{Context, Outcome};
use crate::{process, workspace};

/// The ESP32-C3's target; all that these crates need of a chip is that it is not a computer.
const TARGET: &str = "riscv32imc-unknown-none-elf";

const CRATES: &[&str] = &[
    "esp-formats",
    "countersign-esp-boot",
    "countersign-protocol",
    "countersign-node",
    "countersign-mbedtls-link",
];

/// Builds with rustup's target, else with `core` from Debian's sources of the same compiler, else not at all.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    cargo.args(["build", "--locked", "--target", TARGET]);
    cargo.args(CRATES.iter().flat_map(|name| ["--package", name]));
    if !installed()? {
        let sources = match rust_src::find(context) {
            Ok(sources) => sources,
            Err(error) => {
                eprintln!("{error:#}");
                return Ok(Outcome::Skipped(format!(
                    "install with: rustup target add {TARGET}"
                )));
            }
        };
        cargo
            .arg("-Zbuild-std=core")
            .arg("--target-dir")
            .arg(context.target.join("bare-metal"));
        // Both change what build scripts see: for this one command only, in a folder of its own.
        cargo
            .env("RUSTC_BOOTSTRAP", "1")
            .env("__CARGO_TESTS_ONLY_SRC_ROOT", sources);
    }
    process::succeed(&mut cargo)?;
    Ok(Outcome::Passed)
}

fn installed() -> Result<bool> {
    let args = ["--print", "target-libdir", "--target", TARGET];
    let libraries = process::output(std::process::Command::new("rustc").args(args))?;
    Ok(std::path::Path::new(libraries.trim()).is_dir())
}
