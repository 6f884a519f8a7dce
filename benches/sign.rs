//! `cargo bench -p countersign-benches --bench sign [-- --quick] [-- --json]`

use anyhow::Result;
use countersign_benches::{
    Asked,
    sign::{self, Plan, Report},
};

fn main() -> Result<()> {
    let asked = Asked::read()?;
    let plan = asked.plan(Plan::quick, Plan::full);
    let report = sign::run(&plan)?;
    asked.tell(&report, Report::json);
    Ok(())
}
