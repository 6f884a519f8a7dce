//! What `cargo metadata` says of this workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process;

/// The workspace's root folder.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Where cargo puts what it builds; everything that the gate fetches or makes lies below it too.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = members()?;
    let target = metadata["target_directory"]
        .as_str()
        .context("metadata names no target folder")?;
    Ok(PathBuf::from(target))
}

/// The workspace's own packages, without resolving anything.
pub(crate) fn members() -> Result<Value> {
    metadata(&["--no-deps"])
}

/// All packages that a build for this machine is made of, with all features.
pub(crate) fn packages() -> Result<Value> {
    metadata(&[
        "--locked",
        "--all-features",
        "--filter-platform",
        &rustc("host")?,
    ])
}

/// The same of another workspace, in a build for `platform`.
pub(crate) fn packages_of(manifest: &Path, platform: &str) -> Result<Value> {
    let manifest = manifest.to_string_lossy();
    let args = ["--locked", "--all-features", "--manifest-path", &manifest];
    metadata(&[&args[..], &["--filter-platform", platform]].concat())
}

/// One field of `rustc -vV`: `host`, `release` ...
pub(crate) fn rustc(field: &str) -> Result<String> {
    let text = process::output(std::process::Command::new("rustc").arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(": "))
        .map(str::to_owned)
        .with_context(|| format!("rustc -vV does not state {field}"))
}

fn metadata(args: &[&str]) -> Result<Value> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(root())
        .args(["metadata", "--format-version", "1"])
        .args(args);
    serde_json::from_str(&process::output(&mut cargo)?).context("reading cargo metadata")
}
