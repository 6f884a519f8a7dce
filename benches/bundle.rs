//! `cargo bench -p countersign-benches --bench bundle [-- --quick] [-- --json]`
#![expect(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]

use anyhow::{Result, bail};
use countersign_benches::bundle::{self, Plan};

fn main() -> Result<()> {
    let (mut plan, mut json) = (Plan::full(), false);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => plan = Plan::quick(),
            "--json" => json = true,
            // cargo says so to every benchmark.
            "--bench" => {}
            other => bail!("there is no {other} here; there are --quick and --json"),
        }
    }
    let report = bundle::run(&plan)?;
    if json {
        println!("{:#}", report.json());
    } else {
        print!("{report}");
    }
    Ok(())
}
