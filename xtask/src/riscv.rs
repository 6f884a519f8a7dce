//! Building for a bare chip: with rustup's target, else with `core` from Debian's sources of the same compiler.

mod rust_src;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;

/// The ESP32-C3's target.
pub(crate) const TARGET: &str = "riscv32imc-unknown-none-elf";

/// Where `core` comes from.
pub(crate) struct Core {
    /// The compiler's sources, where it has not been compiled beforehand.
    sources: Option<PathBuf>,
}

impl Core {
    /// Finds it, or fetches it; else says how it can be had.
    ///
    /// # Errors
    ///
    /// When the compiler cannot be asked.
    pub(crate) fn find() -> Result<Result<Self, String>> {
        if installed()? {
            return Ok(Ok(Self { sources: None }));
        }
        Ok(match rust_src::find() {
            Ok(sources) => Ok(Self {
                sources: Some(sources),
            }),
            Err(error) => {
                eprintln!("{error:#}");
                Err(format!("install with: rustup target add {TARGET}"))
            }
        })
    }

    /// Has `cargo` build for the target, into `folder`; `parts` is `core`, or `core,alloc`.
    pub(crate) fn prepare(&self, cargo: &mut Command, parts: &str, folder: &Path) {
        cargo.args(["--target", TARGET]);
        cargo.arg("--target-dir").arg(folder);
        if let Some(sources) = &self.sources {
            // Both change what build scripts see: for this one command only, in a folder of its own.
            cargo
                .arg(format!("-Zbuild-std={parts}"))
                .env("RUSTC_BOOTSTRAP", "1")
                .env("__CARGO_TESTS_ONLY_SRC_ROOT", sources);
        }
    }
}

fn installed() -> Result<bool> {
    let args = ["--print", "target-libdir", "--target", TARGET];
    let libraries = process::output(Command::new("rustc").args(args))?;
    Ok(Path::new(libraries.trim()).is_dir())
}
