//! What the gate takes beside handshakes: from `device revoke` to the cut, memory of idle connections, and a million
//! certificates that are barred.

mod barred;
mod cut;
mod idle;

use std::{fmt, path::Path};

use anyhow::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use self::{barred::Barred, cut::Cut, idle::Idle};
use crate::{
    handshake::NO_NGINX,
    installation::{Installation, Issuer},
    machine::Machine,
    nginx,
    process::keep_apart,
};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Devices that are connected while some of them are revoked.
    pub devices: usize,
    /// How many are revoked over the operator's socket.
    pub revoked: usize,
    /// How many by the command.
    pub commands: usize,
    /// Idle connections.
    pub idle: usize,
    /// How often their memory is measured, each time with servers that were just started.
    pub rounds: u32,
    /// Certificates that are barred.
    pub barred: u32,
}

impl Plan {
    /// For figures.
    pub const fn full() -> Self {
        Self {
            devices: 1100,
            revoked: 600,
            commands: 100,
            idle: 2000,
            rounds: 3,
            barred: 1_000_000,
        }
    }

    /// To see that it still runs; its figures mean nothing.
    pub const fn quick() -> Self {
        Self {
            devices: 8,
            revoked: 2,
            commands: 1,
            idle: 10,
            rounds: 1,
            barred: 100,
        }
    }
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    machine: Machine,
    nginx: Option<String>,
    plan: Plan,
    idle: Vec<Idle>,
    cut: Cut,
    barred: Barred,
}

/// Measures all.
///
/// # Errors
/// Anything that does not go as it should: a connection that is not cut, a device that is not revoked, an answer that is not
/// "nothing new".
pub fn run(program: &Path, plan: &Plan) -> Result<Report> {
    let machine = Machine::look();
    keep_apart()?;
    // Each connection is a descriptor here too.
    let most = getrlimit(Resource::Nofile).maximum;
    let all = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(Resource::Nofile, all)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let wanted = [(Issuer::Issuing, plan.devices)];
    let (installation, mut groups) = Installation::found(program, &runtime, &wanted)?;
    let devices = groups.pop().unwrap_or_default();
    let nginx = nginx::version()?;
    let idle = idle::measure(&installation, &devices, plan, nginx.is_some(), &runtime)?;
    let cut = cut::measure(&installation, program, &devices, plan, &runtime)?;
    let barred = barred::measure(&installation, program, plan, &runtime)?;
    Ok(Report {
        machine,
        nginx,
        plan: *plan,
        idle,
        cut,
        barred,
    })
}

impl Report {
    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "machine": self.machine.json(),
            "nginx": self.nginx,
            "idle_bytes": self.idle.iter().map(Idle::json).collect::<Vec<_>>(),
            "cut_ms": self.cut.json(),
            "barred": self.barred.json(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            cores, cpu, rustls, ..
        } = &self.machine;
        writeln!(f, "{cores} cores, {cpu}; rustls {rustls}")?;
        match &self.nginx {
            Some(nginx) => writeln!(f, "{nginx}")?,
            None => writeln!(f, "SKIPPED: {NO_NGINX}")?,
        }
        let Plan { idle, rounds, .. } = self.plan;
        writeln!(
            f,
            "\n{:<46}{:>20}",
            format!("{idle} idle connections, KiB each, {rounds} times"),
            "median (least-most)"
        )?;
        for idle in &self.idle {
            write!(f, "{idle}")?;
        }
        write!(f, "{}{}", self.cut, self.barred)
    }
}

#[cfg(test)]
mod tests {
    use countersign_skips::skip;

    use super::*;
    use crate::program;

    #[test]
    fn a_quick_run_of_the_gate_has_all_figures() {
        let Ok(program) = program::find() else {
            let test = "a_quick_run_of_the_gate_has_all_figures";
            return skip(test, "countersign", "cargo build -p countersign");
        };
        let report = run(&program, &Plan::quick()).unwrap();
        let json = report.json();
        let rows = if report.nginx.is_some() { 4 } else { 2 };
        assert_eq!(json["idle_bytes"].as_array().unwrap().len(), rows);
        for from in ["asked", "command"] {
            assert!(json["cut_ms"][from]["median"].as_f64().unwrap() > 0.0);
        }
        assert!(json["barred"]["look_up_ns"].as_f64().unwrap() > 0.0);
        assert!(report.to_string().contains("barred"));
    }
}
