//! The programs that we did not write.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use countersign_x509::{Certificate, pem};

/// Runs `openssl` in `folder`: whether it was content, and what it wrote. `None`, counted as a skip, where there is none.
pub(crate) fn openssl(folder: &Path, arguments: &[&str]) -> Option<(bool, String)> {
    run(Command::new("openssl"), folder, arguments, "openssl")
}

/// The same by `certtool` of `GnuTLS`.
pub(crate) fn certtool(folder: &Path, arguments: &[&str]) -> Option<(bool, String)> {
    run(Command::new("certtool"), folder, arguments, "gnutls-bin")
}

/// The same by a script for Python with `cryptography`, which `cargo xtask test` installs.
pub(crate) fn pyca(folder: &Path, script: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let tools = std::env::var_os("COUNTERSIGN_TEST_TOOLS").map(PathBuf::from);
    let Some(python) = tools.map(|bin| bin.join("python")) else {
        skip("python with cryptography", "cargo xtask test --only tools");
        return None;
    };
    let all = [&["-c", script], arguments].concat();
    run(Command::new(python), folder, &all, "python3-venv")
}

fn run(
    mut program: Command,
    folder: &Path,
    arguments: &[&str],
    package: &str,
) -> Option<(bool, String)> {
    program.args(arguments).current_dir(folder);
    let Ok(output) = program.stdin(Stdio::null()).output() else {
        let name = program.get_program().to_string_lossy().into_owned();
        skip(&name, &format!("apt-get install {package}"));
        return None;
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    Some((output.status.success(), text))
}

/// Says loudly that a test could not run, and has it counted.
fn skip(program: &str, install: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("pki");
    let line = format!("SKIPPED: {test}: needs {program}; install it with: {install}\n");
    eprint!("{line}");
    if let Some(file) = std::env::var_os("COUNTERSIGN_SKIP_FILE") {
        let file = OpenOptions::new().append(true).create(true).open(file);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}

/// Writes certificates, one behind the other.
pub(crate) fn write(folder: &Path, name: &str, certificates: &[Certificate]) {
    fs::write(folder.join(name), pem::to_pem(certificates)).unwrap();
}
