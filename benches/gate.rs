//! `cargo bench -p countersign-benches --bench gate [-- --quick] [--json]`
#![expect(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]

use anyhow::Result;
use countersign_benches::{
    Asked,
    gate::{self, Plan},
    program,
};

fn main() -> Result<()> {
    let asked = Asked::read()?;
    let plan = if asked.quick {
        Plan::quick()
    } else {
        Plan::full()
    };
    let report = gate::run(&program::find()?, &plan)?;
    if asked.json {
        println!("{:#}", report.json());
    } else {
        print!("{report}");
    }
    Ok(())
}
