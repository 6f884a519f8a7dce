//! `cargo bench -p countersign-benches --bench handshake [-- --quick] [--json] [--beside PROGRAM] [--only TEXT]`

use anyhow::Result;
use countersign_benches::{
    Asked,
    handshake::{self, Plan, Report},
    program,
};

fn main() -> Result<()> {
    let asked = Asked::read()?;
    let plan = asked.plan(Plan::quick, Plan::full);
    let plan = Plan {
        beside: asked.beside.clone(),
        only: asked.only.clone(),
        ..plan
    };
    let report = handshake::run(&program::find()?, &plan)?;
    asked.tell(&report, Report::json);
    Ok(())
}
