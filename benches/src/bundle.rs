//! What a trust bundle costs: `countersign trust bundle` as a whole process beside a Python program that makes the same
//! bytes, and the verdicts of the rules engine.

mod chains;
mod processes;

use std::fmt;

use anyhow::Result;
use serde_json::{Value, json};

use crate::{Spread, machine::Machine};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds, each with all processes, one after the other.
    pub rounds: u32,
    /// Runs of each process in a round.
    pub runs: u32,
    /// Verdicts in a round.
    pub verdicts: u32,
}

impl Plan {
    /// For figures.
    pub const fn full() -> Self {
        Self {
            rounds: 9,
            runs: 10,
            verdicts: 2000,
        }
    }

    /// To see that it still runs; its figures mean nothing.
    pub const fn quick() -> Self {
        Self {
            rounds: 1,
            runs: 1,
            verdicts: 3,
        }
    }
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    machine: Machine,
    rounds: u32,
    /// Milliseconds of each process; those that are not there are left out.
    processes: Vec<(&'static str, Spread)>,
    /// How many times as long another takes as ours, round by round.
    ratios: Vec<(&'static str, Spread)>,
    /// Verdicts a second on one thread.
    verdicts: Vec<(&'static str, Spread)>,
}

/// Makes all rounds.
///
/// # Errors
/// Those of the system; a process that fails, or that makes other bytes than ours.
pub fn run(plan: &Plan) -> Result<Report> {
    let bench = processes::Bench::new()?;
    let chains = chains::all()?;
    let mut processes: Vec<(&'static str, Vec<f64>)> = Vec::new();
    let mut verdicts: Vec<(&'static str, Vec<f64>)> = Vec::new();
    // The first one is thrown away: it fills the caches.
    for round in 0..=plan.rounds {
        let times = bench.round(plan.runs)?;
        let rates = chains.iter().map(|chain| chain.rate(plan.verdicts));
        let rates = rates.collect::<Result<Vec<_>>>()?;
        if round > 0 {
            gather(&mut processes, times);
            gather(&mut verdicts, rates);
        }
    }
    bench.compare()?;
    let spread = |rows: &[(&'static str, Vec<f64>)]| {
        let rows = rows.iter();
        rows.map(|(name, values)| (*name, Spread::of(values.iter().copied())))
            .collect()
    };
    Ok(Report {
        machine: Machine::look(),
        rounds: plan.rounds,
        ratios: ratios(&processes),
        processes: spread(&processes),
        verdicts: spread(&verdicts),
    })
}

fn gather(rows: &mut Vec<(&'static str, Vec<f64>)>, values: Vec<(&'static str, f64)>) {
    for (name, value) in values {
        match rows.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => rows.push((name, vec![value])),
        }
    }
}

fn ratios(processes: &[(&'static str, Vec<f64>)]) -> Vec<(&'static str, Spread)> {
    let times = |wanted| {
        let mut all = processes.iter().filter(move |(name, _)| *name == wanted);
        all.next().map(|(_, times)| times)
    };
    let Some(ours) = times(processes::OURS) else {
        return Vec::new();
    };
    [processes::PYTHON, processes::EMPTY_PYTHON]
        .into_iter()
        .filter_map(|name| {
            let theirs = times(name)?.iter();
            let ratios = theirs.zip(ours).map(|(theirs, ours)| theirs / ours);
            Some((name, Spread::of(ratios)))
        })
        .collect()
}

impl Report {
    /// For programs.
    pub fn json(&self) -> Value {
        let rows = |rows: &[(&'static str, Spread)]| {
            let row = |(name, spread): &(&'static str, Spread)| {
                json!({
                    "name": name,
                    "median": spread.median,
                    "least": spread.least,
                    "most": spread.most,
                })
            };
            rows.iter().map(row).collect::<Vec<_>>()
        };
        json!({
            "machine": self.machine.json(),
            "rounds": self.rounds,
            "process_ms": rows(&self.processes),
            "times_ours": rows(&self.ratios),
            "verdicts_per_s": rows(&self.verdicts),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { cores, cpu, .. } = &self.machine;
        writeln!(
            f,
            "{cores} cores, {cpu}; median (least-most) of {} rounds",
            self.rounds
        )?;
        writeln!(
            f,
            "\n{:<58} {:>22}",
            "a bundle of 121 roots, the whole process", "ms"
        )?;
        for (name, spread) in &self.processes {
            writeln!(f, "{name:<58} {:>22}", shown(spread, 1))?;
        }
        for (name, spread) in &self.ratios {
            writeln!(
                f,
                "{:<58} {:>22}",
                format!("{name} ÷ ours"),
                shown(spread, 1)
            )?;
        }
        writeln!(
            f,
            "\n{:<58} {:>22}",
            "verdicts, one thread, a bundle of 122 roots", "per s"
        )?;
        for (name, spread) in &self.verdicts {
            writeln!(f, "{name:<58} {:>22}", shown(spread, 0))?;
        }
        Ok(())
    }
}

fn shown(spread: &Spread, digits: usize) -> String {
    let Spread {
        median,
        least,
        most,
    } = spread;
    format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_has_a_figure_in_every_row() {
        let report = run(&Plan::quick()).unwrap();
        let json = report.json();
        let rows = json["verdicts_per_s"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        for row in rows.iter().chain(json["process_ms"].as_array().unwrap()) {
            assert!(row["median"].as_f64().unwrap() > 0.0, "{row}");
        }
        assert!(report.to_string().contains("verdicts, one thread"));
    }
}
