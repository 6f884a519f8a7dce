//! The firmware for the ESP32-C3: linted, linked, packed as `espflash save-image` packs it, and judged by other people's
//! tools. There is no board here: nothing of it is run.
//!
//! | judged         | by                     | what must be so                                                          |
//! |----------------|------------------------|--------------------------------------------------------------------------|
//! | `app.bin`      | Espressif's esptool    | checksum and appended digest valid, the chip's id, what the descriptor says |
//! | `bootloader.bin` | the same             | checksum and appended digest valid, the chip's id                         |
//! | `merged.bin`   | `mp-image-tool-esp32`, of the MicroPython world | the partition table's rows are those of `partitions.csv` |

mod judge;
mod sizes;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Context, Outcome, tools};
use crate::{
    process,
    riscv::{self, Core},
    workspace,
};

/// The project's name and the version that the image is built with here; others than the package's own, so that it
/// shows that they come from the build's settings.
const PROJECT: &str = "gate";
const VERSION: &str = "1.2.3-gate";

/// Builds of the C library: the prebuilt one, which needs no C compiler, and the small one, which does.
const DEFAULT: &str = "prebuilt";
const SMALL: &str = "small";

/// The app image, as the packer calls it.
const APP: &str = "app.bin";

/// Lints, builds, packs and judges; without the target and its sources it is a skip.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    // What does not come about now must not be found by the tests.
    if let Some((_, app)) = packed(context) {
        std::fs::remove_file(&app).with_context(|| format!("removing {}", app.display()))?;
    }
    let core = match Core::find()? {
        Ok(core) => core,
        Err(hint) => return Ok(Outcome::Skipped(hint)),
    };
    let firmware = Firmware {
        core,
        folder: workspace::root().join("firmware/esp32c3"),
        target: place(context),
    };
    let packer = workspace::root().join("firmware/pack/Cargo.toml");
    for manifest in [&firmware.manifest(), &packer] {
        process::succeed(
            process::cargo()
                .args(["fmt", "--check", "--manifest-path"])
                .arg(manifest),
        )?;
    }
    let mut clippy = firmware.cargo("clippy", DEFAULT);
    process::succeed(clippy.args(["--", "-D", "warnings"]))?;
    let pack = build_packer(context, &packer)?;

    let mut rows = Vec::new();
    for profile in [DEFAULT, SMALL] {
        if profile == SMALL && !tools::missing_for_mbedtls().is_empty() {
            eprintln!("the small build is left out: it takes clang, cmake and ninja");
            continue;
        }
        process::succeed(&mut firmware.cargo("build", profile))?;
        let out = firmware.target.join(profile);
        process::succeed(
            std::process::Command::new(&pack)
                .args([&firmware.elf(), &firmware.partitions(), &out])
                .env_remove("RUST_LOG"),
        )?;
        judge::image(context, &out.join(APP), &[PROJECT, VERSION])?;
        judge::image(context, &out.join("bootloader.bin"), &[])?;
        judge::table(context, &out.join("merged.bin"), &firmware.partitions())?;
        rows.push(sizes::Row::read(profile, &firmware.elf(), &out)?);
    }
    println!("\n{}", sizes::shown(&rows));
    Ok(Outcome::Passed)
}

/// The app image, where there is one, by the variable in which tests look for it.
pub(super) fn packed(context: &Context) -> Option<(&'static str, PathBuf)> {
    let app = place(context).join(DEFAULT).join(APP);
    app.exists().then_some(("COUNTERSIGN_ESP32C3", app))
}

/// Where cargo builds, and what is packed goes.
fn place(context: &Context) -> PathBuf {
    context.target.join("esp32c3")
}

struct Firmware {
    core: Core,
    folder: PathBuf,
    /// Where cargo builds.
    target: PathBuf,
}

impl Firmware {
    fn cargo(&self, verb: &str, profile: &str) -> std::process::Command {
        let mut cargo = process::cargo();
        cargo.args([verb, "--locked", "--release", "--manifest-path"]);
        cargo.arg(self.manifest());
        cargo.args(["--no-default-features", "--features", profile]);
        cargo.env("COUNTERSIGN_PROJECT", PROJECT);
        cargo.env("COUNTERSIGN_VERSION", VERSION);
        self.core.prepare(&mut cargo, "core,alloc", &self.target);
        cargo
    }

    fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }

    fn partitions(&self) -> PathBuf {
        self.folder.join("partitions.csv")
    }

    fn elf(&self) -> PathBuf {
        let folder = self.target.join(riscv::TARGET).join("release");
        folder.join("countersign-esp32c3")
    }
}

/// Lints and builds the program that packs, for this machine; both at once, since what it is made of takes a minute.
fn build_packer(context: &Context, manifest: &Path) -> Result<PathBuf> {
    let target = context.target.join("pack");
    let mut cargo = process::cargo();
    cargo.args(["build", "--locked", "--manifest-path"]);
    cargo.arg(manifest).arg("--target-dir").arg(&target);
    // Clippy's documentation warns that its artifacts may not be optimized as expected; these are not.
    cargo.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    cargo.env("RUSTFLAGS", "-D warnings");
    process::succeed(&mut cargo)?;
    let program = target.join("debug/countersign-pack");
    program.canonicalize().context("looking for the packer")
}
