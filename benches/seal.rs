//! `cargo bench -p countersign-benches --bench seal [-- --quick] [-- --json]`

use anyhow::Result;
use countersign_benches::{
    Asked,
    seal::{self, Plan, Report},
};

fn main() -> Result<()> {
    let asked = Asked::read()?;
    let plan = asked.plan(Plan::quick, Plan::full);
    let report = seal::run(&plan)?;
    asked.tell(&report, Report::json);
    Ok(())
}
