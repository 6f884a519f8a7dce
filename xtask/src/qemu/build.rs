//! Building what the machine runs.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::pack;
use crate::{process, riscv::Core, workspace};

/// Builds of `firmware/qemu-virt`.
pub(crate) struct Builds {
    core: Core,
    /// Where cargo builds.
    target: PathBuf,
}

/// One app.
#[derive(Clone, Copy)]
pub(super) struct App<'a> {
    /// What its descriptor says.
    pub(super) version: &'a str,
    /// `small`, `full` or `prebuilt`: which Mbed TLS is in it.
    pub(super) profile: &'a str,
    /// More features.
    pub(super) features: &'a [&'a str],
}

impl Builds {
    pub(crate) fn new(core: Core) -> Result<Self> {
        let target = workspace::target_dir()?.join("qemu-virt");
        Ok(Self { core, target })
    }

    /// Lints all of it, for one profile.
    pub(crate) fn lint(&self, profile: &str) -> Result<()> {
        let manifest = manifest();
        process::succeed(
            process::cargo()
                .args(["fmt", "--all", "--check", "--manifest-path"])
                .arg(&manifest),
        )?;
        let mut cargo = self.cargo("clippy", &["--workspace"], profile, &[]);
        process::succeed(cargo.args(["--", "-D", "warnings"]))
    }

    /// Builds the boot stage, and makes the file of the machine's first flash of it.
    pub(super) fn rom(&self, path: &Path) -> Result<()> {
        let mut cargo = process::cargo();
        cargo.args(["build", "--locked", "--release", "--manifest-path"]);
        cargo.arg(manifest()).args(["--package", "qemu-virt-boot"]);
        self.core.prepare(&mut cargo, "core,alloc", &self.target);
        process::succeed(&mut cargo)?;
        pack::rom(&self.built("qemu-virt-boot")?, path)
    }

    /// Builds an app, and makes an app image of it.
    pub(super) fn app(&self, app: &App<'_>, path: &Path) -> Result<()> {
        let mut cargo = self.cargo(
            "build",
            &["--package", "qemu-virt-app"],
            app.profile,
            app.features,
        );
        process::succeed(cargo.env("QEMU_VIRT_VERSION", app.version))?;
        let image = pack::app_image(&self.built("qemu-virt-app")?)?;
        std::fs::write(path, image).with_context(|| format!("writing {}", path.display()))
    }

    fn cargo(
        &self,
        verb: &str,
        packages: &[&str],
        profile: &str,
        features: &[&str],
    ) -> std::process::Command {
        let features = [&[profile], features].concat().join(",");
        let mut cargo = process::cargo();
        cargo.args([verb, "--locked", "--release", "--manifest-path"]);
        cargo.arg(manifest()).args(packages);
        cargo.args(["--no-default-features", "--features", &features]);
        self.core.prepare(&mut cargo, "core,alloc", &self.target);
        cargo
    }

    fn built(&self, name: &str) -> Result<Vec<u8>> {
        let path = self
            .target
            .join(crate::riscv::TARGET)
            .join("release")
            .join(name);
        std::fs::read(&path).with_context(|| format!("reading {}", path.display()))
    }
}

fn manifest() -> PathBuf {
    workspace::root().join("firmware/qemu-virt/Cargo.toml")
}
