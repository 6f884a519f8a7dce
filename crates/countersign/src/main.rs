//! Countersign, the program: flags become plain data, one operation is called, its result is shown.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program shows its results on stdout and all else on stderr"
)]

mod asking;
mod cli;
mod command;
mod demo;
mod files;
mod inspect;
mod operator;
mod output;
mod state;
mod system;
mod trust;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match command::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!(
                "error: {}",
                countersign_operations::text::chain(error.as_ref())
            );
            ExitCode::FAILURE
        }
    }
}
