//! `cargo xtask fuzz`: one parser of foreign bytes, or each in turn, by cargo-fuzz and libFuzzer.

mod libfuzzer;
mod table;
mod toolchain;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use self::libfuzzer::Run;
use self::toolchain::Toolchain;
use crate::{process, workspace};

/// What is asked for: `[TARGET] [--seconds N]`, in this order.
#[derive(Debug, Eq, PartialEq)]
struct Asked<'a> {
    target: Option<&'a str>,
    seconds: u32,
}

/// Fuzzes what is asked for.
///
/// # Errors
///
/// When a target panics, with the name of the file that it panicked on; when something is missing.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let asked = Asked::read(args)?;
    let all = targets()?;
    if let Some(target) = asked.target
        && !all.iter().any(|name| name == target)
    {
        bail!(
            "no target is called {target}; there are: {}",
            all.join(", ")
        );
    }
    let toolchain = Toolchain::find()?;
    match asked.target {
        Some(target) => {
            let mut fuzz = command(toolchain, target, asked.seconds)?;
            process::succeed(&mut fuzz)
        }
        None => every(toolchain, &all, asked.seconds),
    }
}

/// Fuzzes one target after the other, all of them, whatever is found; then shows what came of it.
fn every(toolchain: Toolchain, targets: &[String], seconds: u32) -> Result<()> {
    process::succeed(toolchain.cargo_fuzz("build").current_dir(workspace::root()))?;
    let mut runs = Vec::new();
    for target in targets {
        let mut fuzz = command(toolchain, target, seconds)?;
        let (ended_well, lines) = process::collected(&mut fuzz)?;
        let run = Run::read(&lines, ended_well);
        if let Some(crash) = &run.crash {
            eprintln!("{}", lines.join("\n"));
            eprintln!("{target}: {crash}");
        }
        runs.push((target.as_str(), run));
    }
    println!("{}", table::of(&runs));
    let crashes: Vec<String> = runs
        .iter()
        .filter_map(|(target, run)| Some(format!("{target}: {}", run.crash.as_ref()?)))
        .collect();
    if !crashes.is_empty() {
        bail!("something was found:\n  {}", crashes.join("\n  "));
    }
    Ok(())
}

/// One target's run. What is new goes into a folder below `target`, not among what is committed.
fn command(toolchain: Toolchain, target: &str, seconds: u32) -> Result<Command> {
    let new = workspace::target_dir()?.join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&new).context("making the folder for new inputs")?;
    let committed = workspace::root().join("fuzz/corpus").join(target);
    let mut fuzz = toolchain.cargo_fuzz("run");
    fuzz.current_dir(workspace::root());
    fuzz.arg(target).arg(new).arg(committed).args(vectors()?);
    fuzz.args(["--", &format!("-max_total_time={seconds}")]);
    fuzz.args(LIBFUZZER);
    Ok(fuzz)
}

/// The targets by their programs.
fn targets() -> Result<Vec<String>> {
    let folder = workspace::root().join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder).context("reading fuzz/fuzz_targets/")?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut names: Vec<String> = paths
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// The crates' test vectors: valid inputs to begin with, of which a target picks what it can use.
fn vectors() -> Result<Vec<PathBuf>> {
    let crates = workspace::root().join("crates");
    let entries = std::fs::read_dir(&crates).context("reading crates/")?;
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path().join("tests/data")));
    Ok(folders.filter(|folder| folder.is_dir()).collect())
}

impl<'a> Asked<'a> {
    fn read(args: &[&'a str]) -> Result<Self> {
        let (target, options) = match args {
            [target, options @ ..] if !target.starts_with('-') => (Some(*target), options),
            options => (None, options),
        };
        let seconds = match options {
            [] if target.is_some() => SECONDS_FOR_ONE,
            [] => SECONDS_FOR_EACH,
            ["--seconds", seconds] => seconds
                .parse()
                .ok()
                .filter(|seconds| *seconds > 0)
                .with_context(|| {
                    format!("--seconds {seconds}: a whole number above 0 is wanted")
                })?,
            _ => bail!(
                "unknown arguments: {}; see `cargo xtask --help`",
                options.join(" ")
            ),
        };
        Ok(Self { target, seconds })
    }
}

/// An input that takes ten seconds is as bad as one that panics, and so is one that takes 2 GiB (libFuzzer's default).
const LIBFUZZER: [&str; 2] = ["-print_final_stats=1", "-timeout=10"];
const SECONDS_FOR_ONE: u32 = 60;
const SECONDS_FOR_EACH: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_and_its_seconds_may_each_be_left_out() {
        for (args, target, seconds) in [
            (&[][..], None, SECONDS_FOR_EACH),
            (&["--seconds", "5"], None, 5),
            (&["names"], Some("names"), SECONDS_FOR_ONE),
            (&["names", "--seconds", "5"], Some("names"), 5),
        ] {
            assert_eq!(Asked::read(args).unwrap(), Asked { target, seconds });
        }
        for bad in [
            &["--seconds"][..],
            &["--seconds", "0"],
            &["--seconds", "-1"],
            &["names", "more"],
            &["--jobs", "2"],
        ] {
            Asked::read(bad).unwrap_err();
        }
    }
}
