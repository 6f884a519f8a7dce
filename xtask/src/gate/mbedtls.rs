//! Mbed TLS, which takes a C compiler of its own: the crate that binds it, linted and tested with the library in it, and
//! the programs by which the acceptance tests are devices.
//!
//! | program             | library                        | record buffers, in and out                  |
//! |---------------------|--------------------------------|---------------------------------------------|
//! | `16k/tls-pipe`      | 3.6, as ESP-IDF v5.2 to v5.5   | 16384 and 4096 bytes, ESP-IDF's default     |
//! | `4k/tls-pipe`       | the same                       | 4096 and 4096, as on boards that are short of memory |
//! | `2_28/tls-pipe`     | 2.28, as ESP-IDF v4.4          | Debian's: 16384 and 16384                   |
//! | `16k/chain-oracle`  | 3.6                            | none: it judges chains without a connection |
//! | `*/link-heap`       | 3.6, full and small profile    | 16384 and 4096, 4096 and 4096; 2048 out in the small profile |
//! | `2_28/chain-oracle` | 2.28                           | the same                                    |

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::counts::Counts;
use super::{Context, FULL, Outcome, cargo, tests_step, tools};
use crate::{process, workspace};

/// A build of the crate.
struct Build {
    /// The folder of its programs.
    folder: &'static str,
    features: &'static str,
    /// It is linted and tested here.
    tested: bool,
}

const BUILDS: &[Build] = &[
    Build {
        folder: "16k",
        features: "full,ssl-out-content-len-4096",
        // With the workspace: the program has the same library.
        tested: false,
    },
    Build {
        folder: "4k",
        features: "full,ssl-in-content-len-4096,ssl-out-content-len-4096",
        tested: true,
    },
    Build {
        folder: "small_16k",
        features: "small,rsa,software",
        tested: false,
    },
    Build {
        folder: "small_4k",
        features: "small,software,ssl-in-content-len-4096",
        tested: true,
    },
];

/// The folder of the programs with Debian's library.
const DEBIANS: &str = "2_28";

/// Debian's programs: their names, and their sources in `acceptance/tools`.
const SOURCES: &[(&str, &[&str])] = &[
    (
        "tls-pipe",
        &[
            "tls_pipe_2_28/main.c",
            "tls_pipe_2_28/say.c",
            "tls_pipe_2_28/socket.c",
            "bundle/bundle.c",
        ],
    ),
    ("chain-oracle", &["chain_oracle/main.c", "bundle/bundle.c"]),
];

/// All programs: the variable that leads tests to each, its folder and its name.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("COUNTERSIGN_MBEDTLS_16K", "16k", "tls-pipe"),
    ("COUNTERSIGN_MBEDTLS_4K", "4k", "tls-pipe"),
    ("COUNTERSIGN_MBEDTLS_2_28", DEBIANS, "tls-pipe"),
    ("COUNTERSIGN_ORACLE_3_6", "16k", "chain-oracle"),
    ("COUNTERSIGN_ORACLE_2_28", DEBIANS, "chain-oracle"),
    ("COUNTERSIGN_HEAP_FULL_16K", "16k", "link-heap"),
    ("COUNTERSIGN_HEAP_FULL_4K", "4k", "link-heap"),
    ("COUNTERSIGN_HEAP_SMALL_16K", "small_16k", "link-heap"),
    ("COUNTERSIGN_HEAP_SMALL_4K", "small_4k", "link-heap"),
];

/// All features, Mbed TLS too.
const WITH_MBEDTLS: &str = "countersign/full,countersign/mbedtls,countersign-benches/pkcs11";

const CRATE: &str = "countersign-mbedtls-link";

/// What the crate is compiled with.
const COMPILERS: &[&str] = &["clang", "cmake", "ninja-build"];

/// Builds, lints and tests; what cannot be built here is a skip that says what is missing.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let missing = missing();
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
        for one in BUILDS {
            sum += build(context, one)?;
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

/// The features of the program with which it is linted, tested and documented: those that can be left out, and where it can
/// be compiled, Mbed TLS.
pub(super) fn features() -> &'static str {
    if missing().is_empty() {
        WITH_MBEDTLS
    } else {
        FULL
    }
}

/// What of [`features`] is the program's.
pub(super) fn program_features() -> &'static str {
    if missing().is_empty() {
        "countersign/full,countersign/mbedtls"
    } else {
        "countersign/full"
    }
}

/// What of the compilers is not there.
fn missing() -> Vec<&'static str> {
    let absent = tools::missing_for_mbedtls();
    let mut missing = COMPILERS.to_vec();
    missing.retain(|package| absent.contains(package));
    missing
}

/// The programs that are there, by the variables in which tests look for them.
pub(super) fn programs(context: &Context) -> Vec<(&'static str, PathBuf)> {
    let mut programs = all(context);
    programs.retain(|(_, program)| program.exists());
    programs
}

fn all(context: &Context) -> Vec<(&'static str, PathBuf)> {
    PROGRAMS
        .iter()
        .map(|(variable, folder, name)| (*variable, place(context).join(folder).join(name)))
        .collect()
}

fn place(context: &Context) -> PathBuf {
    context.target.join("mbedtls")
}

/// Lints and tests one build of the crate where that is done here, and puts its programs where they stay.
fn build(context: &Context, one: &Build) -> Result<Counts> {
    let Build {
        folder, features, ..
    } = *one;
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
    ];
    let with = |before: &[&'static str], after: &[&'static str]| {
        cargo(&[before, &selection[..], after].concat(), &[])
    };
    let mut counts = Counts::default();
    if one.tested {
        with(
            &["clippy", "--locked", "--all-targets"],
            &["--", "-D", "warnings"],
        )?;
        if let Outcome::Counted(counted) = tests_step::run_some(context, &selection)? {
            counts = counted;
        }
    }
    with(&["build", "--locked", "--examples"], &[])?;
    let place = make_folder(context, folder)?;
    for (_, _, name) in PROGRAMS.iter().filter(|program| program.1 == folder) {
        let built = Path::new(&*target).join("debug/examples").join(name);
        std::fs::copy(&built, place.join(name))
            .with_context(|| format!("copying {}", built.display()))?;
    }
    Ok(counts)
}

/// Compiles the programs for Debian's library, or says why not.
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
    let place = make_folder(context, DEBIANS)?;
    let tools = workspace::root().join("acceptance/tools");
    for (name, files) in SOURCES {
        process::succeed(
            Command::new("cc")
                .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
                .arg(place.join(name))
                .args(files.iter().map(|file| tools.join(file)))
                .args(["-lmbedtls", "-lmbedx509", "-lmbedcrypto"]),
        )?;
    }
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

fn make_folder(context: &Context, folder: &str) -> Result<PathBuf> {
    let place = place(context).join(folder);
    std::fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
    Ok(place)
}
