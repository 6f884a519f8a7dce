//! Mbed TLS, which takes a C compiler of its own: the crate that binds it, linted and tested with the library in it, and
//! the programs by which the acceptance tests are devices.
//!
//! | program             | library                        | record buffers, in and out                  |
//! |---------------------|--------------------------------|---------------------------------------------|
//! | `16k/tls-pipe`      | 3.6, as ESP-IDF v5.2 to v5.5   | 16384 and 4096 bytes, ESP-IDF's default     |
//! | `4k/tls-pipe`       | the same                       | 4096 and 4096, as on boards that are short of memory |
//! | `2_28/tls-pipe`     | 2.28, as ESP-IDF v4.4          | Debian's: 16384 and 16384                   |

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::counts::Counts;
use super::{Context, Outcome, cargo, tests_step, tools};
use crate::{process, workspace};

/// A build of the crate: its folder, the variable that leads tests to its program, its features.
const BUILDS: &[(&str, &str, &str)] = &[
    (
        "16k",
        "COUNTERSIGN_MBEDTLS_16K",
        "mbedtls,ssl-out-content-len-4096",
    ),
    (
        "4k",
        "COUNTERSIGN_MBEDTLS_4K",
        "mbedtls,ssl-in-content-len-4096,ssl-out-content-len-4096",
    ),
];

/// The same for Debian's library.
const DEBIANS: (&str, &str) = ("2_28", "COUNTERSIGN_MBEDTLS_2_28");

const CRATE: &str = "countersign-mbedtls-link";

/// What the crate is compiled with.
const COMPILERS: &[&str] = &["clang", "cmake", "ninja-build"];

/// Builds, lints and tests; what cannot be built here is a skip that says what is missing.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let absent = tools::missing_for_mbedtls();
    let missing: Vec<&str> = COMPILERS
        .iter()
        .copied()
        .filter(|package| absent.contains(package))
        .collect();
    // Whatever does not come about now must not be found by the tests.
    for (_, program) in all(context) {
        if program.exists() {
            std::fs::remove_file(&program)
                .with_context(|| format!("removing {}", program.display()))?;
        }
    }
    let mut skipped = Vec::new();
    if let Err(hint) = debians(context)? {
        skipped.push(hint);
    }
    let mut sum = Counts::default();
    if missing.is_empty() {
        for (folder, _, features) in BUILDS {
            sum += build(context, folder, features)?;
        }
    } else {
        let packages = missing.join(" ");
        skipped.push(format!("install with: sudo apt-get install {packages}"));
    }
    for hint in &skipped {
        eprintln!("SKIPPED: mbedtls: {hint}");
        sum += Counts {
            skipped: 1,
            ..Counts::default()
        };
    }
    Ok(match skipped.as_slice() {
        [hint] if sum.passed == 0 => Outcome::Skipped(hint.clone()),
        _ => Outcome::Counted(sum),
    })
}

/// The programs that are there, by the variables in which tests look for them.
pub(super) fn programs(context: &Context) -> Vec<(&'static str, PathBuf)> {
    let mut programs = all(context);
    programs.retain(|(_, program)| program.exists());
    programs
}

fn all(context: &Context) -> Vec<(&'static str, PathBuf)> {
    BUILDS
        .iter()
        .map(|(folder, variable, _)| (*folder, *variable))
        .chain([DEBIANS])
        .map(|(folder, variable)| (variable, program(context, folder)))
        .collect()
}

fn program(context: &Context, folder: &str) -> PathBuf {
    place(context).join(folder).join("tls-pipe")
}

fn place(context: &Context) -> PathBuf {
    context.target.join("mbedtls")
}

/// Lints and tests one build of the crate, and puts its program where it stays.
fn build(context: &Context, folder: &str, features: &str) -> Result<Counts> {
    // A folder for all builds: what the library is compiled with is compiled once.
    let target = place(context).join("build");
    let target = target.to_string_lossy();
    let selection = [
        "--package",
        CRATE,
        "--features",
        features,
        "--target-dir",
        &*target,
        // Else cargo decides on it by what else a command builds, and compiles the library for each command anew.
        "--config",
        "profile.dev.build-override.debug=false",
    ];
    let with = |before: &[&'static str], after: &[&'static str]| {
        cargo(&[before, &selection[..], after].concat(), &[])
    };
    with(
        &["clippy", "--locked", "--all-targets"],
        &["--", "-D", "warnings"],
    )?;
    let counts = match tests_step::run_some(context, &selection)? {
        Outcome::Counted(counts) => counts,
        Outcome::Passed | Outcome::Skipped(_) => Counts::default(),
    };
    with(&["build", "--locked", "--example", "tls-pipe"], &[])?;
    let built = Path::new(&*target).join("debug/examples/tls-pipe");
    let program = program(context, folder);
    make_folder(&program)?;
    std::fs::copy(&built, &program).with_context(|| format!("copying {}", built.display()))?;
    Ok(counts)
}

/// Compiles the program for Debian's library, or says why not.
fn debians(context: &Context) -> Result<Result<(), String>> {
    match debians_version().as_deref() {
        Some(version) if version.starts_with("2.28.") => {}
        Some(version) => {
            return Ok(Err(format!(
                "this system's Mbed TLS is {version}; 2.28 is in Debian 12"
            )));
        }
        None => {
            return Ok(Err(
                "install with: sudo apt-get install libmbedtls-dev".to_owned()
            ));
        }
    }
    let program = program(context, DEBIANS.0);
    make_folder(&program)?;
    let sources = workspace::root().join("acceptance/tools/tls_pipe_2_28");
    let files = ["main.c", "bundle.c", "say.c", "socket.c"].map(|name| sources.join(name));
    process::succeed(
        Command::new("cc")
            .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(program)
            .args(files)
            .args(["-lmbedtls", "-lmbedx509", "-lmbedcrypto"]),
    )?;
    Ok(Ok(()))
}

/// The version by the headers: in `version.h` until 3.0, in `build_info.h` since.
fn debians_version() -> Option<String> {
    ["version.h", "build_info.h"].iter().find_map(|name| {
        let header = Path::new("/usr/include/mbedtls").join(name);
        let text = std::fs::read_to_string(header).ok()?;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix("#define MBEDTLS_VERSION_STRING "))?;
        Some(value.trim().trim_matches('"').to_owned())
    })
}

fn make_folder(program: &Path) -> Result<()> {
    let folder = program.parent().unwrap_or(program);
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}
