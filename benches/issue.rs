//! `cargo bench -p countersign-benches --bench issue [--features pkcs11] [-- --quick] [--json]`

use std::env;

use anyhow::{Result, ensure};
use countersign_benches::{
    Asked,
    issue::{self, Plan, Report, Token},
};

fn main() -> Result<()> {
    let asked = Asked::read()?;
    // SoftHSM takes its folder from the environment of its process: where there is a token, it is this again that works.
    if let Some(token) = Token::make()? {
        let mut again = token.command(&env::current_exe()?);
        let status = again.args(env::args().skip(1)).status()?;
        ensure!(status.success(), "{status}");
        return Ok(());
    }
    let plan = asked.plan(Plan::quick, Plan::full);
    let report = issue::run(&plan)?;
    asked.tell(&report, Report::json);
    Ok(())
}
