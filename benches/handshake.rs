//! `cargo bench -p countersign-benches --bench handshake [-- --quick] [--json] [--beside PROGRAM] [--only TEXT]`
#![expect(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]

use anyhow::Result;
use countersign_benches::{
    Asked,
    handshake::{self, Plan},
    program,
};

fn main() -> Result<()> {
    let asked = Asked::read()?;
    let plan = if asked.quick {
        Plan::quick()
    } else {
        Plan::full()
    };
    let plan = Plan {
        beside: asked.beside.clone(),
        only: asked.only.clone(),
        ..plan
    };
    let report = handshake::run(&program::find()?, &plan)?;
    if asked.json {
        println!("{:#}", report.json());
    } else {
        print!("{report}");
    }
    Ok(())
}
