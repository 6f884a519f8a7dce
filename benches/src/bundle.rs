//! What a trust bundle costs: `countersign trust bundle` as a whole process beside a Python program that makes the same
//! bytes, and the verdicts of the rules engine.

mod chains;
pub(crate) mod processes;

use std::fmt;

use anyhow::Result;
use countersign_trust::IdfRelease;
use serde_json::{Value, json};

use self::{
    chains::{Chain, Cost},
    processes::Times,
};
use crate::{Spread, machine::Machine, spread::shown};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds, each with all processes, one after the other.
    pub rounds: u32,
    /// Runs of each process in a round.
    pub runs: u32,
    /// Verdicts of each kind in a round.
    pub verdicts: u32,
    /// Surveys of each kind in a round.
    pub surveys: u32,
}

impl Plan {
    /// For figures.
    pub const fn full() -> Self {
        Self {
            rounds: 9,
            runs: 20,
            verdicts: 500,
            surveys: 5,
        }
    }

    /// To see that it still runs; its figures mean nothing.
    pub const fn quick() -> Self {
        Self {
            rounds: 1,
            runs: 1,
            verdicts: 1,
            surveys: 1,
        }
    }
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    machine: Machine,
    rounds: u32,
    runs: u32,
    /// Those processes that are there.
    processes: Vec<Process>,
    /// How many times the CPU time of ours another takes, by the medians of each round.
    ratios: Vec<(&'static str, Spread)>,
    /// How many roots are in the bundle by which the engine judges.
    roots: usize,
    /// What the rules engine takes on one thread.
    engine: Vec<Engine>,
}

/// Milliseconds of one process, over all runs.
#[derive(Clone, Debug)]
struct Process {
    name: &'static str,
    wall: Spread,
    cpu: Spread,
}

/// One kind of question to the engine, over all rounds.
#[derive(Clone, Debug)]
struct Engine {
    name: String,
    /// CPU time, in microseconds.
    us: Spread,
    over_signatures: Spread,
}

/// Makes all rounds.
///
/// # Errors
/// Those of the system; a process that fails, or that makes other bytes than ours.
pub fn run(plan: &Plan) -> Result<Report> {
    let bench = processes::Bench::new()?;
    let chains = chains::all()?;
    let mut rounds = Vec::new();
    let mut costs: Vec<(String, Vec<Cost>)> = Vec::new();
    // The first one is thrown away: it fills the caches.
    for round in 0..=plan.rounds {
        let times = bench.round(plan.runs)?;
        let asked = ask(&chains, plan)?;
        if round > 0 {
            rounds.push(times);
            for (name, cost) in asked {
                match costs.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, costs)) => costs.push(cost),
                    None => costs.push((name, vec![cost])),
                }
            }
        }
    }
    bench.compare()?;
    let engine = costs.into_iter().map(|(name, costs)| Engine {
        name,
        us: Spread::of(costs.iter().map(|cost| cost.us)),
        over_signatures: Spread::of(costs.iter().map(|cost| cost.over_signatures)),
    });
    Ok(Report {
        machine: Machine::look(),
        rounds: plan.rounds,
        runs: plan.runs,
        ratios: ratios(&rounds),
        processes: processes(&rounds),
        roots: chains.first().map_or(0, Chain::roots),
        engine: engine.collect(),
    })
}

fn ask(chains: &[Chain], plan: &Plan) -> Result<Vec<(String, Cost)>> {
    let mut rows = Vec::new();
    for chain in chains {
        let cost = chain.verdict(plan.verdicts, &[IdfRelease::new(5, 5, 1)])?;
        rows.push((format!("a verdict: {}", chain.name()), cost));
    }
    // The usual one.
    if let Some(chain) = chains.get(1) {
        let releases = chains::a_release_of_each_line();
        let cost = chain.verdict(plan.surveys, &releases)?;
        let name = chain.name();
        rows.push((
            format!("the same on all {} lines: {name}", releases.len()),
            cost,
        ));
        let cost = chain.survey(plan.surveys, true)?;
        rows.push((format!("a survey, accepted: {name}"), cost));
        let cost = chain.survey(plan.surveys, false)?;
        rows.push((format!("a survey, refused: {name}"), cost));
    }
    Ok(rows)
}

type Round = Vec<(&'static str, Vec<Times>)>;

fn processes(rounds: &[Round]) -> Vec<Process> {
    let names = rounds.iter().take(1).flatten().map(|(name, _)| *name);
    names
        .map(|name| {
            let all = || {
                let named = rounds.iter().flatten().filter(move |row| row.0 == name);
                named.flat_map(|(_, times)| times)
            };
            Process {
                name,
                wall: Spread::of(all().map(|times| times.wall)),
                cpu: Spread::of(all().filter_map(|times| times.cpu)),
            }
        })
        .collect()
}

fn ratios(rounds: &[Round]) -> Vec<(&'static str, Spread)> {
    let median = |round: &Round, wanted| {
        let (_, times) = round.iter().find(|(name, _)| *name == wanted)?;
        Some(Spread::of(times.iter().filter_map(|times| times.cpu)).median)
    };
    let of = |name| {
        let of = |round| Some(median(round, name)? / median(round, processes::OURS)?);
        let ratios: Vec<f64> = rounds.iter().filter_map(of).collect();
        (!ratios.is_empty()).then(|| (name, Spread::of(ratios)))
    };
    [processes::PYTHON, processes::EMPTY_PYTHON]
        .into_iter()
        .filter_map(of)
        .collect()
}

impl Report {
    /// For programs.
    pub fn json(&self) -> Value {
        let spread = |spread: &Spread| spread.json();
        let process = |row: &Process| {
            json!({
                "name": row.name,
                "wall_ms": spread(&row.wall),
                "cpu_ms": spread(&row.cpu),
            })
        };
        let ratio = |(name, ratio): &(&'static str, Spread)| json!({ "name": name, "ratio": spread(ratio) });
        let engine = |row: &Engine| {
            json!({
                "name": row.name,
                "cpu_us": spread(&row.us),
                "over_signatures": spread(&row.over_signatures),
            })
        };
        json!({
            "machine": self.machine.json(),
            "rounds": self.rounds,
            "runs": self.runs,
            "processes": self.processes.iter().map(process).collect::<Vec<_>>(),
            "times_ours": self.ratios.iter().map(ratio).collect::<Vec<_>>(),
            "roots": self.roots,
            "engine": self.engine.iter().map(engine).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            cores,
            cpu,
            aws_lc_rs,
            ..
        } = &self.machine;
        let (rounds, runs) = (self.rounds, self.runs);
        writeln!(f, "{cores} cores, {cpu}; aws-lc-rs {aws_lc_rs}")?;
        writeln!(
            f,
            "median (least-most) of {rounds} rounds, {runs} runs of a process in each"
        )?;
        let head = "a bundle of 121 roots, the whole process";
        writeln!(f, "\n{head:<58} {:>20} {:>20}", "CPU ms", "wall ms")?;
        for Process { name, wall, cpu } in &self.processes {
            writeln!(
                f,
                "{name:<58} {:>20} {:>20}",
                shown(*cpu, 1),
                shown(*wall, 1)
            )?;
        }
        for (name, spread) in &self.ratios {
            let name = format!("{name} ÷ ours");
            writeln!(f, "{name:<58} {:>20}", shown(*spread, 1))?;
        }
        let head = format!("the rules engine, a bundle of {} roots", self.roots);
        writeln!(
            f,
            "\n{head:<58} {:>20} {:>10} {:>20}",
            "CPU µs", "per s", "÷ its signatures"
        )?;
        for Engine {
            name,
            us,
            over_signatures,
        } in &self.engine
        {
            let (per_s, over) = (1e6 / us.median, shown(*over_signatures, 2));
            writeln!(
                f,
                "{name:<58} {:>20} {per_s:>10.0} {over:>20}",
                shown(*us, 0)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_has_a_figure_in_every_row() {
        let report = run(&Plan::quick()).unwrap();
        let json = report.json();
        let engine = json["engine"].as_array().unwrap();
        assert_eq!(engine.len(), 9);
        for row in engine {
            assert!(row["cpu_us"]["median"].as_f64().unwrap() > 0.0, "{row}");
            assert!(
                row["over_signatures"]["median"].as_f64().unwrap() > 0.0,
                "{row}"
            );
        }
        for row in json["processes"].as_array().unwrap() {
            assert!(row["wall_ms"]["median"].as_f64().unwrap() > 0.0, "{row}");
        }
        assert!(report.to_string().contains("÷ its signatures"));
    }
}
