//! The programs that we did not write.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) use countersign_skips::skip;
use serde_json::Value;

use super::run;

/// Whether a program is there; where it is not, the test says so loudly, and is counted as skipped.
pub(crate) fn need(test: &str, program: &str, install: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok()
        || Command::new(program).arg("version").output().is_ok();
    if !found {
        skip(test, program, install);
    }
    found
}

/// A Python with Espressif's tools, `cryptography` and `cbor2`, as `cargo xtask test` installs it.
pub(crate) fn python(test: &str) -> Option<PathBuf> {
    let python = tools()
        .map(|bin| bin.join("python"))
        .filter(|python| python.is_file());
    if python.is_none() {
        skip(
            test,
            "python with esptool, cryptography and cbor2",
            "cargo xtask test --only tools",
        );
    }
    python
}

/// A Python with esptool 4, beside that of [`python`].
pub(crate) fn python_of_esptool_4(test: &str) -> Option<PathBuf> {
    let venvs = tools().and_then(|bin| Some(bin.parent()?.parent()?.to_owned()));
    let python = venvs
        .map(|venvs| venvs.join("venv-esptool4/bin/python"))
        .filter(|python| python.is_file());
    if python.is_none() {
        skip(
            test,
            "python with esptool 4",
            "cargo xtask test --only tools",
        );
    }
    python
}

/// Runs one of Espressif's tools as a Python module, which must succeed; gives its words.
pub(crate) fn espressif(python: &Path, module: &str, args: &[&str]) -> String {
    let output = run(Command::new(python).args(["-m", module]).args(args));
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{module} {args:?}: {words}{errors}"
    );
    words
}

/// Runs one of the scripts in `acceptance/tools`, which must succeed; gives what it found.
pub(crate) fn judge(python: &Path, script: &str, args: &[&str]) -> Value {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../../acceptance/tools");
    let output = run(Command::new(python)
        .arg(Path::new(tools).join(script))
        .args(args));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {args:?}: {errors}");
    // A script that only writes a file says nothing.
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn tools() -> Option<PathBuf> {
    std::env::var_os("COUNTERSIGN_TEST_TOOLS").map(PathBuf::from)
}
