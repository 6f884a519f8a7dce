//! What a device that comes costs the server: CPU time, against the public-key operations that TLS needs.

mod report;

use anyhow::{Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use tokio::runtime::{Builder, Runtime};

pub use report::Report;

use crate::{
    client::{Client, Group, Version},
    cpu,
    installation::{Installation, Server},
    machine::Machine,
    primitives::Primitives,
};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Devices that are enrolled; each comes once in a batch.
    pub devices: usize,
    /// Batches in a row of a round.
    pub batches: u32,
    /// Rounds, each with all rows.
    pub rounds: u32,
    /// Connections at once.
    pub at_once: usize,
    /// Check-ins over each connection that is kept open.
    pub kept_open: u32,
    /// How often each primitive is done in a round.
    pub primitives: u32,
}

impl Plan {
    /// For figures.
    pub const fn full() -> Self {
        Self {
            devices: 200,
            batches: 2,
            rounds: 9,
            at_once: 16,
            kept_open: 50,
            primitives: 1000,
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
}

/// One row in one round.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// The server's CPU time for one check-in, in microseconds.
    us: f64,
    /// What the primitives cost in this round.
    primitives: Primitives,
}

/// Makes an installation, serves it, and measures.
///
/// # Errors
/// Anything that does not go as it should: an answer that is not 200 and "nothing new", a session that is resumed, or
/// is not, where it should not, or should.
pub fn run(plan: &Plan) -> Result<Report> {
    let installation = Installation::found(plan.devices)?;
    let rows = rows();
    let clients = rows
        .iter()
        .map(|row| {
            let resumes = row.kind == Kind::Resumed;
            let one = |identity| {
                Client::new(
                    identity,
                    &installation.server_root,
                    row.version,
                    row.group,
                    resumes,
                )
            };
            installation.devices.iter().map(one).collect()
        })
        .collect::<Result<Vec<Vec<Client>>>>()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let server = runtime.block_on(installation.serve())?;
    let bench = Bench {
        plan,
        installation: &installation,
        check_in: &installation.check_in,
        server: &server,
        runtime: &runtime,
    };
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); rows.len()];
    // The round before the first warms up.
    for round in 0..=plan.rounds {
        let primitives = Primitives::measure(plan.primitives)?;
        for ((row, clients), samples) in rows.iter().zip(&clients).zip(&mut samples) {
            let us = bench.measure(row.kind, clients)?;
            if round > 0 {
                samples.push(Sample { us, primitives });
            }
        }
    }
    runtime.block_on(server.stop())?;
    Ok(Report::new(Machine::look(), *plan, &rows, &samples))
}

fn rows() -> Vec<Row> {
    let row = |kind, version, group| Row {
        kind,
        version,
        group,
    };
    vec![
        row(Kind::First, Version::Tls13, Group::P256),
        row(Kind::First, Version::Tls12, Group::P256),
        row(Kind::First, Version::Tls13, Group::X25519),
        row(Kind::First, Version::Tls12, Group::X25519),
        row(Kind::Full, Version::Tls13, Group::P256),
        row(Kind::Full, Version::Tls12, Group::P256),
        row(Kind::Full, Version::Tls13, Group::X25519),
        row(Kind::Full, Version::Tls12, Group::X25519),
        row(Kind::Resumed, Version::Tls13, Group::P256),
        row(Kind::Resumed, Version::Tls12, Group::P256),
        row(Kind::KeptOpen, Version::Tls13, Group::P256),
    ]
}

struct Bench<'a> {
    plan: &'a Plan,
    installation: &'a Installation,
    check_in: &'a [u8],
    server: &'a Server<'a>,
    runtime: &'a Runtime,
}

impl Bench<'_> {
    /// The server's CPU time for one check-in, in microseconds.
    fn measure(&self, kind: Kind, clients: &[Client]) -> Result<f64> {
        self.runtime.block_on(async {
            if kind == Kind::Resumed {
                // The server remembers a bounded number of sessions, and the other rows had theirs since.
                self.connections(self.server, clients, None).await?;
            }
            let mut used = 0.0;
            for _ in 0..self.plan.batches {
                used += match kind {
                    Kind::KeptOpen => self.kept_open(clients).await?,
                    Kind::First => {
                        let server = self.installation.serve().await?;
                        let used = self.connections(&server, clients, Some(false)).await?;
                        server.stop().await?;
                        used
                    }
                    Kind::Full => self.connections(self.server, clients, Some(false)).await?,
                    Kind::Resumed => self.connections(self.server, clients, Some(true)).await?,
                };
            }
            let each = match kind {
                Kind::KeptOpen => f64::from(self.plan.kept_open),
                Kind::First | Kind::Full | Kind::Resumed => 1.0,
            };
            Ok(used / f64::from(self.plan.batches) / count(clients.len()) / each)
        })
    }

    /// Every device comes once, and what they said is written.
    async fn connections(
        &self,
        server: &Server<'_>,
        clients: &[Client],
        resumed: Option<bool>,
    ) -> Result<f64> {
        let start = cpu::moment();
        stream::iter(clients)
            .map(|client| client.check_in_once(server.at, self.check_in))
            .buffer_unordered(self.plan.at_once)
            .try_for_each(|was| async move {
                ensure!(resumed.is_none_or(|wanted| was == wanted), "resumed: {was}");
                Ok(())
            })
            .await?;
        server.write_seen().await?;
        Ok(start.others_us())
    }

    /// Every device comes, and then checks in on and on.
    async fn kept_open(&self, clients: &[Client]) -> Result<f64> {
        let mut used = 0.0;
        for clients in clients.chunks(self.plan.at_once) {
            let coming = clients
                .iter()
                .map(|client| client.stay(self.server.at, self.check_in));
            let mut there = try_join_all(coming).await?;
            let start = cpu::moment();
            let times = self.plan.kept_open;
            try_join_all(there.iter_mut().map(|one| one.check_in(times))).await?;
            self.server.write_seen().await?;
            used += start.others_us();
        }
        Ok(used)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(devices: usize) -> f64 {
    devices as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_has_a_figure_in_every_row() {
        let report = run(&Plan::quick()).unwrap();
        let json = report.json();
        let rows = json["rows"].as_array().unwrap();
        assert_eq!(rows.len(), super::rows().len());
        for row in rows {
            assert!(
                row["server_cpu_us"]["median"].as_f64().unwrap() > 0.0,
                "{row}"
            );
        }
        assert_eq!(
            report
                .to_string()
                .lines()
                .filter(|line| line.starts_with("TLS"))
                .count(),
            rows.len()
        );
    }
}
