//! `cargo bench -p countersign-benches --bench bundle [-- --quick] [-- --json]`

use anyhow::Result;
use countersign_benches::{
    Asked,
    bundle::{self, Plan, Report},
};

fn main() -> Result<()> {
    let asked = Asked::read()?;
    let plan = asked.plan(Plan::quick, Plan::full);
    let report = bundle::run(&plan)?;
    asked.tell(&report, Report::json);
    Ok(())
}
