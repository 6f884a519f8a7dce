//! What a device that comes costs the server: CPU time, against the public-key operations that TLS needs, and beside nginx.

mod bench;
mod report;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub(crate) use report::NO_NGINX;
pub use report::Report;

use self::bench::Bench;
use crate::{
    client::{Group, Version},
    installation::Issuer,
    machine::Machine,
    nginx,
    primitives::Primitives,
};

/// How much is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Devices of each kind of full handshake; each comes once in a batch.
    pub devices: usize,
    /// Batches in a row of a round, but for devices that come for the first time.
    pub batches: u32,
    /// Rounds, each with all rows.
    pub rounds: u32,
    /// Connections at once.
    pub at_once: usize,
    /// Check-ins over each connection that is kept open.
    pub kept_open: u32,
    /// How often each primitive is done in a round.
    pub primitives: u32,
    /// Another build of the program, measured in the same rounds.
    pub beside: Option<PathBuf>,
    /// Only rows in whose names this is.
    pub only: String,
}

impl Plan {
    /// For figures.
    pub const fn full() -> Self {
        Self {
            devices: 300,
            batches: 2,
            rounds: 7,
            at_once: 16,
            kept_open: 50,
            primitives: 1000,
            beside: None,
            only: String::new(),
        }
    }

    /// To see that it still runs; its figures mean nothing.
    pub const fn quick() -> Self {
        Self {
            devices: 3,
            batches: 1,
            rounds: 1,
            at_once: 2,
            kept_open: 3,
            primitives: 10,
            beside: None,
            only: String::new(),
        }
    }
}

/// What is done in a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// A new connection and a full handshake for each check-in, and the server has not seen the device since it started.
    First,
    /// A new connection and a full handshake for each check-in.
    Full,
    /// A new connection and a resumed session for each check-in.
    Resumed,
    /// Check-ins over open connections.
    KeptOpen,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    kind: Kind,
    version: Version,
    group: Group,
    issuer: Issuer,
}

/// All rows in one round: the server's CPU time for one check-in, in microseconds.
#[derive(Clone, Debug)]
struct Round {
    /// What the primitives cost in this round.
    primitives: Primitives,
    ours: Vec<f64>,
    /// Another build of ours, where there is one.
    beside: Vec<f64>,
    /// nginx, where it is there. It remembers no chain: of a first handshake and another there is one figure.
    nginx: Vec<f64>,
}

/// Makes an installation, serves it with `program`, and measures.
///
/// # Errors
/// Anything that does not go as it should: an answer that is not 200 and "nothing new", a session that is resumed, or
/// is not, where it should not, or should.
pub fn run(program: &Path, plan: &Plan) -> Result<Report> {
    let (machine, nginx) = (Machine::look(), nginx::version()?);
    let rows = rows();
    let mut bench = Bench::new(program, plan, &rows, nginx.is_some())?;
    let mut rounds = Vec::new();
    // The round before the first warms up.
    for round in 0..=plan.rounds {
        let measured = bench.round()?;
        if round > 0 {
            rounds.push(measured);
        }
    }
    Ok(Report::new(machine, nginx, plan, &rows, &rounds))
}

fn rows() -> Vec<Row> {
    let row = |kind, version, group, issuer| Row {
        kind,
        version,
        group,
        issuer,
    };
    let mut rows = Vec::new();
    for kind in [Kind::First, Kind::Full] {
        for issuer in [Issuer::Root, Issuer::Issuing] {
            for group in [Group::P256, Group::X25519] {
                for version in [Version::Tls13, Version::Tls12] {
                    rows.push(row(kind, version, group, issuer));
                }
            }
        }
    }
    let issuing = Issuer::Issuing;
    rows.extend([
        row(Kind::Resumed, Version::Tls13, Group::P256, issuing),
        row(Kind::Resumed, Version::Tls13, Group::X25519, issuing),
        row(Kind::Resumed, Version::Tls12, Group::P256, issuing),
        row(Kind::KeptOpen, Version::Tls13, Group::P256, issuing),
    ]);
    rows
}

#[cfg(test)]
mod tests {
    use countersign_skips::skip;

    use super::*;
    use crate::program;

    #[test]
    fn a_quick_run_has_a_figure_in_every_row() {
        let test = "a_quick_run_has_a_figure_in_every_row";
        let Ok(program) = program::find() else {
            return skip(test, "countersign", "cargo build -p countersign");
        };
        if nginx::version().unwrap().is_none() {
            skip(test, "nginx", "apt-get install nginx-light");
        }
        let report = run(&program, &Plan::quick()).unwrap();
        let json = report.json();
        let rows = json["rows"].as_array().unwrap();
        assert_eq!(rows.len(), super::rows().len());
        let beside_nginx = nginx::version().unwrap().is_some();
        for row in rows {
            let median = |of: &serde_json::Value| of["median"].as_f64().unwrap_or(0.0);
            assert!(median(&row["server_cpu_us"]) > 0.0, "{row}");
            assert_eq!(median(&row["nginx"]["cpu_us"]) > 0.0, beside_nginx, "{row}");
        }
        let text = report.to_string();
        let lines = text.lines().filter(|line| line.starts_with("TLS"));
        assert_eq!(lines.count(), rows.len());
    }
}
