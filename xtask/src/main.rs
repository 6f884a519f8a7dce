//! The project's chores: the gate and its parts, one file per command.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal: what it found goes to stdout, what it is doing to stderr"
)]

mod absences;
mod debian;
mod elf;
mod fuzz;
mod gate;
mod layers;
mod licences;
mod process;
mod qemu;
mod riscv;
mod roots;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Finds the command and runs it.
fn run(args: &[&str]) -> Result<ExitCode> {
    match args {
        [] | ["help" | "-h" | "--help"] | [_, "-h" | "--help"] => {
            println!("{HELP}\n\nSteps of the gate, in their order:");
            for step in gate::STEPS {
                println!("  {:<10}  {}", step.name, step.about);
            }
            Ok(ExitCode::SUCCESS)
        }
        ["test"] => gate::run(&[]),
        ["test", "--only", names] => gate::run(&names.split(',').collect::<Vec<_>>()),
        ["tables"] => report(gate::tables()),
        ["layers"] => report(layers::run()),
        ["licences"] => report(licences::run()),
        ["roots", options @ ..] => report(roots::run(options)),
        ["fuzz", args @ ..] => report(fuzz::run(args)),
        ["qemu", options @ ..] => report(qemu::run(options)),
        ["pipe", address] => report(qemu::pipe(address)),
        _ => bail!(
            "unknown arguments: {}; see `cargo xtask --help`",
            args.join(" ")
        ),
    }
}

/// Turns a command that only succeeds or fails into an exit code.
fn report(result: Result<()>) -> Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}

const HELP: &str = "\
The project's chores.

Usage: cargo xtask COMMAND

  test [--only STEP,STEP]        run the gate, or only these steps of it
  tables                         run the tests that measure, and show their tables
  layers                         check which crate may know which, and what lower crates must not touch
  licences                       check the licences of all dependencies, and crates that come twice
  roots                          say how old the data in crates/roots is
  roots --check                  compare it with the webpki-root-certs that is built in
  roots --wheel FILE...          write data/kept.pem anew, what it lacks from these certifi wheels
  roots --esp-idf REPOSITORY     write data/roots.csv anew from ESP-IDF's git repository, with its tags
  fuzz TARGET [--seconds N]      fuzz one parser of foreign bytes (default: 60 seconds)
  fuzz [--seconds N]             fuzz each of them in turn, and show what came of it (default: 20 seconds each)
  qemu [--seed N] [--keep DIR]   run the node on a bare machine in QEMU, against a server, with power cuts; keep its files
  qemu --short                   one round of that story
  qemu --scenarios               play the tests' scenarios against that machine: hostile servers, updates
  qemu --bench [--keep DIR]      count the instructions of its handshakes and downloads, and its memory
  help                           say this

With CI=true in the environment a test or step that is skipped counts as failed.";
