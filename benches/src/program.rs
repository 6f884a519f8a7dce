//! The program that is measured, as a whole: `countersign serve` in a process of its own.

use std::{
    env,
    ffi::OsStr,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Deserializer, Value};

use crate::process::Process;

/// Where the program was built, beside this one.
///
/// # Errors
/// It was not, with the command that does it.
pub fn find() -> Result<PathBuf> {
    // target/release/deps/handshake-0123456789abcdef
    let here = env::current_exe()?;
    let built = here.parent().and_then(Path::parent);
    let built = built.context("this program lies in no folder")?;
    let program = built.join("countersign");
    if !program.is_file() {
        let release = if built.ends_with("release") {
            " --release"
        } else {
            ""
        };
        bail!(
            "there is no {}: `cargo build{release} -p countersign` makes it",
            program.display()
        );
    }
    Ok(program)
}

/// Runs a command of the program to its end.
pub(crate) fn run(program: &Path, state: &Path, args: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    let output = command.args(args).arg("--state").arg(state).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{args:?}: {said}");
    Ok(())
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    /// Its device plane.
    pub(crate) at: SocketAddr,
    pub(crate) process: Process,
}

/// Begins to serve a state directory.
pub(crate) fn serve(program: &Path, state: &Path, more: &[&str]) -> Result<Server> {
    let mut command = Command::new(program);
    command.args(["serve", "--json", "--state"]).arg(state);
    for plane in ["device", "download", "operator"] {
        command.args([&format!("--{plane}-listen"), "127.0.0.1:0"]);
    }
    let log = fs::File::create(state.join("serve.log"))?;
    command.args(more).stderr(Stdio::from(log));
    let mut process = Process::start(&mut command, true)?;
    let output = process.output().context("it has no output")?;
    let mut said = Deserializer::from_reader(output).into_iter::<Value>();
    let said = said.next().transpose().ok().flatten();
    let said = said.with_context(|| {
        let log = fs::read_to_string(state.join("serve.log")).unwrap_or_default();
        format!("{} does not serve: {log}", program.display())
    })?;
    let url = said["device_url"].as_str().unwrap_or_default();
    let at = url.trim_start_matches("https://").parse();
    let at = at.with_context(|| format!("{url} is no address"))?;
    Ok(Server { at, process })
}

/// Copies a state directory that nobody holds, so that another program can serve the same.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (at, name) = (entry.path(), entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&at, &to.join(name))?;
        } else if at.extension() != Some(OsStr::new("sock")) {
            fs::copy(&at, to.join(name))?;
        }
    }
    Ok(())
}
