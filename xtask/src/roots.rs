//! `cargo xtask roots`: how old the root certificates in `crates/roots` are, and their renewal.

use anyhow::Result;

use crate::{process, workspace};

/// Hands the options to `crates/roots/examples/renew`, which knows the data. It is a program of its own so
/// that the chores need nothing of the product to be built, and run when it does not build.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let mut renew = process::cargo();
    renew.args(["run", "--quiet", "--locked", "--manifest-path"]);
    renew.arg(workspace::root().join("crates/roots/Cargo.toml"));
    renew.args(["--example", "renew", "--"]).args(options);
    process::succeed(&mut renew)
}
