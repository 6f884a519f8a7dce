//! `cargo xtask test`: everything that main always passes, step by step, each timed, one closing summary.

mod bare_metal;
mod counts;
mod esp32c3;
mod features;
mod mbedtls;
mod qemu;
mod summary;
mod tests_step;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::counts::Counts;
use crate::{layers, licences, process, qemu::Kit, workspace};

/// One step of the gate.
pub(crate) struct Step {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// What it checks, for `--help`.
    pub(crate) about: &'static str,
    run: fn(&Context) -> Result<Outcome>,
    /// It cannot be believed when the installation failed.
    needs_tools: bool,
}

/// All steps, in their order.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "tools",
        about: "install what the tests need: openssl, curl, clang, SoftHSM, a Python venv with Espressif's tools",
        run: tools::run,
        needs_tools: false,
    },
    Step {
        name: "fmt",
        about: "the sources are formatted",
        run: |_| {
            cargo(&["fmt", "--all", "--check"], &[])?;
            // A workspace of its own, because it is for another toolchain.
            cargo(
                &["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"],
                &[],
            )
        },
        needs_tools: false,
    },
    Step {
        name: "layers",
        about: "dependencies point down; lower crates touch no file, socket, thread or clock",
        run: |_| layers::run().map(|()| Outcome::Passed),
        needs_tools: false,
    },
    Step {
        name: "licences",
        about: "licences are on the list, the firmware's too, and so is each crate that comes twice",
        run: |_| licences::run().map(|()| Outcome::Passed),
        needs_tools: false,
    },
    Step {
        name: "clippy",
        about: "no lint warns",
        run: |_| {
            let args = [
                "clippy",
                "--locked",
                "--workspace",
                "--features",
                mbedtls::features(),
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ];
            cargo(&args, &[])
        },
        needs_tools: false,
    },
    Step {
        name: "mbedtls",
        about: "a device's TLS library: lints and tests of the crate that binds it, programs for the tests",
        run: mbedtls::run,
        needs_tools: false,
    },
    Step {
        name: "features",
        about: "what can be left out is left out: lints and tests of the crate that keeps keys, without tokens",
        run: features::run,
        needs_tools: true,
    },
    Step {
        name: "qemu",
        about: "the node on a bare rv32imc machine in QEMU, against a server: lints, and the story with its power cuts",
        run: qemu::run,
        needs_tools: false,
    },
    Step {
        name: "esp32c3",
        about: "the firmware for the ESP32-C3: lints, linked, packed, judged by esptool; its sizes",
        run: esp32c3::run,
        needs_tools: true,
    },
    Step {
        name: "tests",
        about: "unit, vector and acceptance tests (cargo nextest where it is installed)",
        run: tests_step::run,
        needs_tools: true,
    },
    Step {
        name: "doctests",
        about: "the examples in the documentation",
        run: tests_step::run_doctests,
        needs_tools: false,
    },
    Step {
        name: "docs",
        about: "the documentation builds without a warning",
        run: |_| {
            let args = [
                "doc",
                "--locked",
                "--workspace",
                "--features",
                mbedtls::features(),
                "--no-deps",
            ];
            cargo(&args, &[("RUSTDOCFLAGS", "-D warnings")])
        },
        needs_tools: false,
    },
    Step {
        name: "bare-metal",
        about: "the device's crates build for riscv32imc-unknown-none-elf, with core alone",
        run: bare_metal::run,
        needs_tools: false,
    },
];

/// What is linted, tested and documented: all that can be left out, where Mbed TLS can be compiled with it
/// ([`mbedtls::features`]). The step `features` leaves it out.
const FULL: &str = "countersign/full,countersign-benches/pkcs11";

/// What of it is the program's, as the tests have it, so that others take the same build.
pub(crate) fn features() -> &'static str {
    mbedtls::program_features()
}

/// What the steps share.
struct Context {
    /// Where what is built, fetched and installed goes.
    target: PathBuf,
    /// A skip is a failure.
    ci: bool,
}

/// How a step ended that did not break off.
enum Outcome {
    Passed,
    /// Tests ran, with this result.
    Counted(Counts),
    /// The step could not run here; what would let it.
    Skipped(String),
}

/// One line of the summary.
struct Row {
    name: &'static str,
    took: Duration,
    result: Result<Outcome>,
}

/// Runs all steps, or those named.
///
/// # Errors
///
/// When a name is no step's, or the workspace cannot be read. A step that fails is no error but part of the summary.
pub(crate) fn run(only: &[&str]) -> Result<ExitCode> {
    for name in only {
        if !STEPS.iter().any(|step| step.name == *name) {
            bail!("no step is called {name}; see `cargo xtask --help`");
        }
    }
    let context = Context::read()?;
    let mut rows: Vec<Row> = Vec::new();
    for step in STEPS
        .iter()
        .filter(|step| only.is_empty() || only.contains(&step.name))
    {
        eprintln!("\n== {}: {}", step.name, step.about);
        let started = now();
        let without_tools = rows
            .iter()
            .any(|row| row.name == "tools" && row.result.is_err());
        let result = if step.needs_tools && without_tools {
            Err(anyhow::anyhow!("not run, because the step `tools` failed"))
        } else {
            (step.run)(&context)
        };
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        rows.push(Row {
            name: step.name,
            took: started.elapsed(),
            result,
        });
    }
    let summary = summary::Summary::of(&rows, context.ci);
    println!("\n{summary}");
    Ok(if summary.failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Runs the tests that print tables, and nothing else.
///
/// # Errors
///
/// When one of them fails.
pub(crate) fn tables() -> Result<()> {
    let context = Context::read()?;
    tools::run(&context)?;
    tests_step::run_tables(&context)
}

/// Runs the tests that switch the machine in QEMU on, and nothing else.
///
/// # Errors
///
/// When one of them fails.
pub(crate) fn scenarios(kit: &Kit) -> Result<()> {
    tests_step::run_scenarios(&Context::read()?, kit)
}

impl Context {
    fn read() -> Result<Self> {
        Ok(Self {
            target: workspace::target_dir()?,
            ci: std::env::var("CI").is_ok_and(|value| value == "true"),
        })
    }
}

/// Runs one cargo command on the workspace.
fn cargo(args: &[&str], env: &[(&str, &str)]) -> Result<Outcome> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(workspace::root())
        .args(args)
        .envs(env.iter().copied());
    process::succeed(&mut cargo)?;
    Ok(Outcome::Passed)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the gate tells how long its steps take"
)]
fn now() -> Instant {
    Instant::now()
}
