//! What a run found: a table for people, JSON for programs.

use std::fmt;

use serde_json::{Value, json};

use super::{Kind, Plan, Row, Sample};
use crate::{
    Spread,
    client::{Group, Version},
    machine::Machine,
    primitives::Primitives,
};

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    machine: Machine,
    plan: Plan,
    primitives: Vec<(&'static str, Spread)>,
    lines: Vec<Line>,
}

/// One row, over all rounds.
#[derive(Clone, Debug)]
struct Line {
    row: Row,
    us: Spread,
    /// The cost over that of the primitives, with two verifications and with three; of full handshakes only.
    over: Option<(Spread, Spread)>,
}

impl Report {
    pub(super) fn new(machine: Machine, plan: Plan, rows: &[Row], samples: &[Vec<Sample>]) -> Self {
        let of_first = |figure: fn(&Primitives) -> f64| {
            let rounds = samples.first().into_iter().flatten();
            Spread::of(rounds.map(|sample| figure(&sample.primitives)))
        };
        let primitives = vec![
            (
                "P-256 ECDHE: key pair and secret",
                of_first(|p| p.ecdhe_p256),
            ),
            (
                "X25519 ECDHE: key pair and secret",
                of_first(|p| p.ecdhe_x25519),
            ),
            ("ECDSA P-256 sign", of_first(|p| p.sign)),
            (
                "ECDSA P-256 verify, with the key's parsing",
                of_first(|p| p.verify),
            ),
        ];
        let lines = rows.iter().zip(samples).map(|(row, samples)| {
            let over = |verifications| {
                let of = |sample: &Sample| {
                    sample.us / sample.primitives.handshake(row.group, verifications)
                };
                Spread::of(samples.iter().map(of))
            };
            Line {
                row: *row,
                us: Spread::of(samples.iter().map(|sample| sample.us)),
                over: matches!(row.kind, Kind::First | Kind::Full).then(|| (over(2.0), over(3.0))),
            }
        });
        Self {
            machine,
            plan,
            primitives,
            lines: lines.collect(),
        }
    }

    /// The same for programs. Times are in microseconds.
    pub fn json(&self) -> Value {
        let primitives = self.primitives.iter();
        let rows = self.lines.iter().map(|line| {
            json!({
                "tls": line.row.version.name(),
                "key_exchange": line.row.group.name(),
                "kind": line.row.kind.code(),
                "server_cpu_us": spread(line.us),
                "over_two_verifications": line.over.map(|over| spread(over.0)),
                "over_three_verifications": line.over.map(|over| spread(over.1)),
            })
        });
        json!({
            "machine": self.machine.json(),
            "devices": self.plan.devices,
            "rounds": self.plan.rounds,
            "primitives_us": primitives.map(|(what, us)| (*what, spread(*us))).collect::<Value>(),
            "rows": rows.collect::<Value>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (machine, plan) = (&self.machine, &self.plan);
        writeln!(
            f,
            "{} cores, {}; rustls {}, aws-lc-rs {}",
            machine.cores, machine.cpu, machine.rustls, machine.aws_lc_rs
        )?;
        writeln!(
            f,
            "{} devices, {} connections at once; median (least-most) of {} rounds\n",
            plan.devices, plan.at_once, plan.rounds
        )?;
        writeln!(f, "{:<48}{:>20}", "primitive", "CPU µs")?;
        for (what, us) in &self.primitives {
            writeln!(f, "{what:<48}{:>20}", shown(*us, 1))?;
        }
        writeln!(
            f,
            "\n{:<48}{:>20}{:>9}{:>20}{:>20}",
            "check-in", "server CPU µs", "per s", "÷ 2 verifications", "÷ 3 verifications"
        )?;
        for line in &self.lines {
            let row = line.row;
            let name = format!(
                "{} {}, {}",
                row.version.name(),
                row.group.name(),
                row.kind.words()
            );
            let (us, per_s) = (shown(line.us, 0), 1e6 / line.us.median);
            write!(f, "{name:<48}{us:>20}{per_s:>9.0}")?;
            if let Some((two, three)) = line.over {
                write!(f, "{:>20}{:>20}", shown(two, 2), shown(three, 2))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Kind {
    const fn code(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Full => "full",
            Self::Resumed => "resumed",
            Self::KeptOpen => "kept-open",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::First => "full, device not yet seen",
            Self::Full => "full, device seen before",
            Self::Resumed => "resumed",
            Self::KeptOpen => "connection kept open",
        }
    }
}

impl Version {
    const fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}

impl Group {
    const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::X25519 => "X25519",
        }
    }
}

fn shown(spread: Spread, digits: usize) -> String {
    let Spread {
        median,
        least,
        most,
    } = spread;
    format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
}

fn spread(spread: Spread) -> Value {
    json!({ "median": spread.median, "least": spread.least, "most": spread.most })
}
