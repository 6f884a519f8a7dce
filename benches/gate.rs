//! `cargo bench -p countersign-benches --bench gate [-- --quick] [--json]`

use anyhow::Result;
use countersign_benches::{
    Asked,
    gate::{self, Plan, Report},
    program,
};

fn main() -> Result<()> {
    let asked = Asked::read()?;
    let plan = asked.plan(Plan::quick, Plan::full);
    let report = gate::run(&program::find()?, &plan)?;
    asked.tell(&report, Report::json);
    Ok(())
}
