//! Countersign, the program: flags become plain data, one operation is called, its result is shown on stdout, and all else on
//! stderr.

#[macro_use]
mod output;

mod asking;
mod cli;
mod command;
mod demo;
mod files;
mod inspect;
mod operator;
mod state;
mod streams;
mod system;
mod trust;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let code = command::run(cli).unwrap_or_else(|error| {
        eprintln!(
            "error: {}",
            countersign_operations::text::chain(error.as_ref())
        );
        ExitCode::FAILURE
    });
    match output::lost() {
        Some(error) => {
            eprintln!("error: the output is not whole: {error}");
            ExitCode::FAILURE
        }
        None => code,
    }
}
