//! What a benchmark is asked for.

use anyhow::{Result, bail};

/// The command line of a benchmark.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// Whether it shall only show that it still runs: its figures mean nothing then.
    pub quick: bool,
    /// JSON in place of a table.
    pub json: bool,
}

impl Asked {
    /// Reads the arguments of the program.
    ///
    /// # Errors
    /// It names one that there is not.
    pub fn read() -> Result<Self> {
        let mut asked = Self::default();
        for argument in std::env::args().skip(1) {
            match argument.as_str() {
                "--quick" => asked.quick = true,
                "--json" => asked.json = true,
                // cargo says so to every benchmark.
                "--bench" => {}
                other => bail!("there is no {other} here; there are --quick and --json"),
            }
        }
        Ok(asked)
    }
}
