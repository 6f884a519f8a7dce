//! What a run found: a table for people, JSON for programs.

use std::fmt;

use serde_json::{Value, json};

use super::{Kind, Plan, Round, Row};
use crate::{
    Spread,
    client::{Group, Version},
    installation::Issuer,
    machine::Machine,
    primitives::Primitives,
    spread::shown,
};

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    machine: Machine,
    plan: Plan,
    /// What nginx calls itself and its OpenSSL, where it is there.
    nginx: Option<String>,
    primitives: Vec<(&'static str, Spread)>,
    lines: Vec<Line>,
}

/// One row, over all rounds.
#[derive(Clone, Debug)]
struct Line {
    row: Row,
    us: Spread,
    /// The cost over that of the primitives of a server that remembers nothing; of full handshakes only.
    over: Option<Spread>,
    /// Microseconds, and how many times ours.
    nginx: Option<(Spread, Spread)>,
    /// The same of another build.
    beside: Option<(Spread, Spread)>,
}

impl Report {
    pub(super) fn new(
        machine: Machine,
        nginx: Option<String>,
        plan: &Plan,
        rows: &[Row],
        rounds: &[Round],
    ) -> Self {
        let primitive = |figure: fn(&Primitives) -> f64| {
            Spread::of(rounds.iter().map(|round| figure(&round.primitives)))
        };
        let primitives = vec![
            (
                "P-256 ECDHE: key pair and secret",
                primitive(|p| p.ecdhe_p256),
            ),
            (
                "X25519 ECDHE: key pair and secret",
                primitive(|p| p.ecdhe_x25519),
            ),
            ("ECDSA P-256 sign", primitive(|p| p.sign)),
            (
                "ECDSA P-256 verify, with the key's parsing",
                primitive(|p| p.verify),
            ),
        ];
        let firsts = rows.iter().filter(|row| row.kind == Kind::First).count();
        let lines = rows.iter().enumerate().map(|(number, row)| {
            let ours = |round: &Round| round.ours.get(number).copied().unwrap_or(f64::NAN);
            let spread = |figure: &dyn Fn(&Round) -> f64| Spread::of(rounds.iter().map(figure));
            let other = |all: fn(&Round) -> &Vec<f64>, at: usize| {
                let there = rounds.iter().all(|round| all(round).get(at).is_some());
                let of = |round: &Round| all(round).get(at).copied().unwrap_or(f64::NAN);
                there.then(|| (spread(&of), spread(&|round| of(round) / ours(round))))
            };
            let verifications = match row.issuer {
                Issuer::Root => 2.0,
                Issuer::Issuing => 3.0,
            };
            let over =
                |round: &Round| ours(round) / round.primitives.handshake(row.group, verifications);
            // Of nginx there is one figure for both kinds of full handshakes.
            let at_nginx = match row.kind {
                Kind::First => number,
                Kind::Full | Kind::Resumed | Kind::KeptOpen => number.saturating_sub(firsts),
            };
            Line {
                row: *row,
                us: spread(&ours),
                over: row.kind.is_full().then(|| spread(&over)),
                nginx: other(|round| &round.nginx, at_nginx),
                beside: other(|round| &round.beside, number),
            }
        });
        Self {
            lines: lines.collect(),
            machine,
            plan: plan.clone(),
            nginx,
            primitives,
        }
    }

    /// The same for programs. Times are in microseconds.
    pub fn json(&self) -> Value {
        let primitives = self.primitives.iter();
        let pair = |(us, times): (Spread, Spread)| json!({ "cpu_us": us.json(), "times_ours": times.json() });
        let rows = self.lines.iter().map(|line| {
            json!({
                "tls": line.row.version.name(),
                "key_exchange": line.row.group.name(),
                "kind": line.row.kind.code(),
                "intermediate": line.row.issuer == Issuer::Issuing,
                "server_cpu_us": line.us.json(),
                "over_primitives": line.over.map(Spread::json),
                "nginx": line.nginx.map(pair),
                "beside": line.beside.map(pair),
            })
        });
        json!({
            "machine": self.machine.json(),
            "nginx": self.nginx,
            "devices": self.plan.devices,
            "rounds": self.plan.rounds,
            "primitives_us": primitives.map(|(what, us)| (*what, us.json())).collect::<Value>(),
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
        match &self.nginx {
            Some(nginx) => writeln!(f, "{nginx}")?,
            None => writeln!(f, "SKIPPED: {NO_NGINX}")?,
        }
        writeln!(
            f,
            "{} devices a row, {} connections at once; median (least-most) of {} rounds\n",
            plan.devices, plan.at_once, plan.rounds
        )?;
        writeln!(f, "{:<56}{:>20}", "primitive", "CPU µs")?;
        for (what, us) in &self.primitives {
            writeln!(f, "{what:<56}{:>20}", shown(*us, 1))?;
        }
        write!(
            f,
            "\n{:<56}{:>20}{:>8}{:>18}{:>20}{:>20}",
            "check-in", "server CPU µs", "per s", "÷ primitives", "nginx, CPU µs", "nginx ÷ ours"
        )?;
        if plan.beside.is_some() {
            write!(f, "{:>20}{:>20}", "beside, CPU µs", "beside ÷ ours")?;
        }
        writeln!(f)?;
        for line in self.lines.iter().filter(|line| !line.us.median.is_nan()) {
            let (us, per_s) = (shown(line.us, 0), 1e6 / line.us.median);
            let over = line.over.map(|over| shown(over, 2)).unwrap_or_default();
            write!(f, "{:<56}{us:>20}{per_s:>8.0}{over:>18}", line.row.words())?;
            for (us, times) in [line.nginx, line.beside].into_iter().flatten() {
                if us.median.is_nan() {
                    // It is the figure of a row that was not asked for.
                    write!(f, "{:>40}", "")?;
                } else {
                    write!(f, "{:>20}{:>20}", shown(us, 0), shown(times, 2))?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Row {
    pub(super) fn words(self) -> String {
        let (version, group) = (self.version.name(), self.group.name());
        let issuer = match self.issuer {
            Issuer::Root => "direct",
            Issuer::Issuing => "intermediate",
        };
        let kind = self.kind.words();
        if self.kind.is_full() {
            format!("{version} {group}, {issuer}, {kind}")
        } else {
            format!("{version} {group}, {kind}")
        }
    }
}

impl Kind {
    const fn is_full(self) -> bool {
        matches!(self, Self::First | Self::Full)
    }

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
            Self::First => "not yet seen",
            Self::Full => "seen before",
            Self::Resumed => "resumed",
            Self::KeptOpen => "connection kept open",
        }
    }
}

impl Version {
    pub(crate) const fn name(self) -> &'static str {
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

/// What is said where there is no nginx.
pub(crate) const NO_NGINX: &str =
    "there is no nginx to stand beside us; install it with: apt-get install nginx-light";
