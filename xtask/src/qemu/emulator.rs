//! QEMU, from this machine or from Debian.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    debian::{self, Debian},
    process, workspace,
};

/// QEMU for a 32-bit RISC-V machine.
pub(crate) struct Emulator {
    /// Where it was unpacked to; `None` where it is this machine's own.
    folder: Option<PathBuf>,
}

impl Emulator {
    /// Finds it, or fetches it; else says how it can be had.
    ///
    /// # Errors
    ///
    /// When the workspace cannot be read.
    pub(crate) fn find() -> Result<Result<Self, String>> {
        let own = Self { folder: None };
        if own.fits() {
            return Ok(Ok(own));
        }
        let kept = workspace::target_dir()?.join("qemu");
        let fetched = Self {
            folder: Some(kept.clone()),
        };
        if fetched.fits() {
            return Ok(Ok(fetched));
        }
        if let Err(error) = fetch(&kept) {
            eprintln!("{error:#}");
        } else if fetched.fits() {
            return Ok(Ok(fetched));
        }
        Ok(Err(format!(
            "needs QEMU 9.0 or later; install with: sudo apt-get install {PACKAGE}"
        )))
    }

    /// A call of it.
    pub(super) fn command(&self) -> Command {
        let Some(folder) = &self.folder else {
            return Command::new(PROGRAM);
        };
        let mut command = Command::new(folder.join("usr/bin").join(PROGRAM));
        let machine = format!("{}-linux-gnu", std::env::consts::ARCH);
        let libraries = ["usr/lib", "lib"].map(|lib| folder.join(lib).join(&machine));
        let libraries = libraries.map(|path| path.display().to_string()).join(":");
        command
            .env("LD_LIBRARY_PATH", libraries)
            .arg("-L")
            .arg(folder.join("usr/share/qemu"));
        command
    }

    /// A call of it for our machine, without its flashes and its network.
    pub(super) fn machine(&self) -> Command {
        let mut command = self.command();
        let cpu = "rv32i,m=true,c=true,zicsr=true,zicntr=true,zifencei=true,pmp=true";
        command
            .args(["-M", "virt,pflash0=rom,pflash1=flash", "-cpu", cpu])
            .args(["-m", "320K", "-bios", "none"])
            .args(["-display", "none", "-monitor", "none", "-serial", "stdio"])
            // QEMU goes on with what it translated of code in flash that was written since. So a reset ends it, and it is
            // started again.
            .arg("-no-reboot")
            .args(["-global", "virtio-mmio.force-legacy=false"])
            .args(["-object", "rng-random,filename=/dev/urandom,id=random"])
            .args(["-device", "virtio-rng-device,rng=random"])
            .args(["-device", "virtio-net-device,netdev=net"]);
        command
    }

    /// Its version, as it says itself.
    pub(super) fn version(&self) -> String {
        let said = process::output(self.command().arg("--version")).unwrap_or_default();
        said.lines().next().unwrap_or_default().to_owned()
    }

    /// Whether it is there, and knows a processor that is nothing but what one asks for.
    fn fits(&self) -> bool {
        let processors = process::output(self.command().args(["-cpu", "help"]));
        processors.is_ok_and(|text| text.lines().any(|line| line.trim() == "rv32i"))
    }
}

/// Takes it and the libraries that this machine lacks from Debian, and unpacks all into `kept`.
fn fetch(kept: &Path) -> Result<()> {
    let work = kept.with_extension("fetching");
    let debian = Debian::at(&work)?;
    let release = debian::release()?;
    let newer = format!("{release}-backports");
    debian
        .use_suites(&[&release, &newer])
        .context("fetching QEMU")?;
    let args = [
        "--quiet",
        "--yes",
        "--no-install-recommends",
        "--download-only",
    ];
    process::succeed(debian.apt("apt-get").args(args).args([
        "--target-release",
        &newer,
        "install",
        PACKAGE,
    ]))?;
    let packages = debian.fetched()?;
    if packages.is_empty() {
        bail!("apt fetched nothing");
    }
    let unpacked = work.join("unpacked");
    for package in packages {
        process::succeed(
            Command::new("dpkg-deb")
                .arg("--extract")
                .arg(package)
                .arg(&unpacked),
        )?;
    }
    if kept.exists() {
        std::fs::remove_dir_all(kept).context("clearing an earlier QEMU")?;
    }
    // Moved only when complete, so that a broken fetch is repeated and not believed.
    std::fs::rename(&unpacked, kept).context("keeping QEMU")?;
    std::fs::remove_dir_all(&work).context("clearing up after the fetch")
}

const PROGRAM: &str = "qemu-system-riscv32";
const PACKAGE: &str = "qemu-system-riscv";
