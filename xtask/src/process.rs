//! Running other programs: what is run is said, nothing reads our stdin, and a failure is an error.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use anyhow::{Context as _, Result, bail};

/// Runs a command with its output going where ours goes.
///
/// # Errors
///
/// When the command cannot be started, or does not succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("starting {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", briefly(command));
    }
    Ok(())
}

/// Runs a command, passes its output on line by line, and gives the lines back with its success.
///
/// # Errors
///
/// When the command cannot be started or waited for.
pub(crate) fn watched(command: &mut Command) -> Result<(bool, Vec<String>)> {
    lines(command, |line| {
        // Our own stderr being closed is no reason to stop the tests.
        let _ = writeln!(std::io::stderr(), "{line}");
    })
}

/// Runs a command in silence, and gives back its lines of both kinds with its success.
///
/// # Errors
///
/// When the command cannot be started or waited for.
pub(crate) fn collected(command: &mut Command) -> Result<(bool, Vec<String>)> {
    lines(command, |_| {})
}

/// Runs a command, and looks at each of its lines as it comes.
fn lines(command: &mut Command, each: impl Fn(&str)) -> Result<(bool, Vec<String>)> {
    announce(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", shown(command)))?;
    let (sender, receiver) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as Box<_>),
        child.stderr.take().map(|stream| Box::new(stream) as Box<_>),
    ];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                if sender
                    .send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
                {
                    break;
                }
            }
        });
    }
    drop(sender);
    let mut lines = Vec::new();
    for line in receiver {
        each(&line);
        lines.push(line);
    }
    let status = child
        .wait()
        .with_context(|| format!("waiting for {}", shown(command)))?;
    Ok((status.success(), lines))
}

/// Runs a command in silence and gives back what it wrote to stdout.
///
/// # Errors
///
/// When the command cannot be started or does not succeed; its stderr is part of the error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", shown(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} ended with {}: {}",
            shown(command),
            output.status,
            stderr.trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Tells whether a command is there and succeeds; in silence.
pub(crate) fn works(command: &mut Command) -> bool {
    output(command).is_ok()
}

/// Cargo, as it was found by the cargo that started us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn announce(command: &Command) {
    eprintln!("$ {}", shown(command));
}

/// The program and what it was to do, where the whole command was said before.
fn briefly(command: &Command) -> String {
    shown(command)
        .split(' ')
        .take_while(|word| !word.starts_with('-'))
        .collect::<Vec<_>>()
        .join(" ")
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or_else(|| command.get_program());
    let mut text = program.to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}
