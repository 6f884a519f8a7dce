//! The servers, the devices, and one round of all rows.

use std::{path::Path, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use tokio::runtime::{Builder, Runtime};

use super::{Kind, Plan, Round, Row};
use crate::{
    client::{Answers, Client, Identity},
    installation::{Installation, Issuer},
    nginx::Nginx,
    primitives::Primitives,
    process::{self, cpu_us_since, threads},
};

/// What all rounds share.
pub(super) struct Bench<'a> {
    plan: &'a Plan,
    rows: &'a [Row],
    ours: Contender,
    beside: Option<Contender>,
    nginx: Option<(Nginx, Vec<Vec<Client>>)>,
    runtime: Runtime,
}

/// One build of the program, with its fleet.
struct Contender {
    installation: Installation,
    /// The devices of each row.
    clients: Vec<Vec<Client>>,
    /// Devices that come before all rows, so that what is measured is not the start of a process.
    before: Vec<Client>,
}

/// Whom devices talk to.
#[derive(Clone, Copy)]
struct Target {
    at: std::net::SocketAddr,
    pid: u32,
    answers: Answers,
}

impl<'a> Bench<'a> {
    /// Makes the installation, and starts nginx beside it where that is wanted.
    pub(super) fn new(
        program: &Path,
        plan: &'a Plan,
        rows: &'a [Row],
        nginx: bool,
    ) -> Result<Self> {
        process::keep_apart()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        // A group for each full handshake, so that a device is new in its row; the last for what comes before all rows.
        let of_full = |kind| rows.iter().filter(move |row| row.kind == kind);
        let firsts = of_full(Kind::First);
        let mut wanted: Vec<_> = firsts.map(|row| (row.issuer, plan.devices)).collect();
        wanted.push((Issuer::Issuing, plan.devices));
        let (installation, groups) = Installation::found(program, &runtime, &wanted)?;
        let beside = match &plan.beside {
            Some(program) => {
                let copy = installation.copy_for(program)?;
                Some(Contender::new(copy, rows, &groups)?)
            }
            None => None,
        };
        let nginx = if nginx {
            let nginx = Nginx::start(&installation.beside("nginx"), &installation.state())?;
            Some((nginx, clients(&installation, rows, &groups)?))
        } else {
            None
        };
        Ok(Self {
            plan,
            rows,
            ours: Contender::new(installation, rows, &groups)?,
            beside,
            nginx,
            runtime,
        })
    }

    /// Measures all rows, with servers that were just started.
    pub(super) fn round(&mut self) -> Result<Round> {
        let mut round = Round {
            primitives: Primitives::measure(self.plan.primitives)?,
            ours: Vec::new(),
            beside: Vec::new(),
            nginx: Vec::new(),
        };
        let ours = self.ours.installation.serve()?;
        self.warm_up(&self.ours, Target::of(&ours))?;
        let beside = match &self.beside {
            Some(contender) => {
                let server = contender.installation.serve()?;
                self.warm_up(contender, Target::of(&server))?;
                Some((contender, server))
            }
            None => None,
        };
        for (number, row) in self.rows.iter().enumerate() {
            let used = self.of_program(*row, self.ours.of_row(number)?, Target::of(&ours))?;
            round.ours.push(used);
            if let Some((contender, server)) = &beside {
                let clients = contender.of_row(number)?;
                let used = self.of_program(*row, clients, Target::of(server))?;
                round.beside.push(used);
            }
            if let Some((nginx, clients)) = &self.nginx
                && row.kind != Kind::First
            {
                let at = match row.kind {
                    Kind::Resumed => nginx.resuming,
                    Kind::First | Kind::Full | Kind::KeptOpen => nginx.full,
                };
                let target = Target {
                    at,
                    pid: nginx.worker,
                    answers: Answers::Another,
                };
                let clients = clients.get(number).context("a row without devices")?;
                let asked = row.words().contains(&self.plan.only);
                round.nginx.push(if asked {
                    self.measure(row.kind, clients, target)?
                } else {
                    f64::NAN
                });
            }
        }
        Ok(round)
    }

    fn warm_up(&self, contender: &Contender, target: Target) -> Result<()> {
        for _ in 0..2 {
            let coming = self.connections(target, &contender.before, None);
            self.runtime.block_on(coming)?;
        }
        Ok(())
    }

    /// Measures a row with a build of the program; one that was not asked for is not a number.
    fn of_program(&self, row: Row, clients: &[Client], target: Target) -> Result<f64> {
        if !row.words().contains(&self.plan.only) {
            return Ok(f64::NAN);
        }
        if row.kind == Kind::Full && !self.plan.only.is_empty() {
            // It may not have seen them: that is another row.
            let coming = self.connections(target, clients, None);
            self.runtime.block_on(coming)?;
        }
        self.measure(row.kind, clients, target)
    }

    /// The server's CPU time for one check-in, in microseconds.
    fn measure(&self, kind: Kind, clients: &[Client], target: Target) -> Result<f64> {
        let batches = match kind {
            Kind::First => 1,
            Kind::Full | Kind::Resumed | Kind::KeptOpen => self.plan.batches,
        };
        let (resumed, each) = match kind {
            Kind::First | Kind::Full => (false, 1),
            Kind::Resumed => (true, 1),
            Kind::KeptOpen => (false, self.plan.kept_open),
        };
        self.runtime.block_on(async {
            if kind == Kind::Resumed {
                // The server remembers a bounded number of sessions, and the other rows had theirs since.
                self.connections(target, clients, None).await?;
            }
            let mut used = 0.0;
            if kind == Kind::KeptOpen {
                for _ in 0..batches {
                    used += self.kept_open(target, clients).await?;
                }
            } else {
                let before = threads(target.pid)?;
                for _ in 0..batches {
                    self.connections(target, clients, Some(resumed)).await?;
                }
                target.settle();
                used = cpu_us_since(target.pid, &before)?;
            }
            Ok(used / f64::from(batches) / count(clients.len()) / f64::from(each))
        })
    }

    /// Every device comes once.
    async fn connections(
        &self,
        target: Target,
        clients: &[Client],
        resumed: Option<bool>,
    ) -> Result<()> {
        let check_in = &self.ours.installation.check_in;
        stream::iter(clients)
            .map(|client| client.check_in_once(target.at, check_in, target.answers))
            .buffer_unordered(self.plan.at_once)
            .try_for_each(|was| async move {
                ensure!(resumed.is_none_or(|wanted| was == wanted), "resumed: {was}");
                Ok(())
            })
            .await
    }

    /// Every device comes, and then all check in on and on.
    async fn kept_open(&self, target: Target, clients: &[Client]) -> Result<f64> {
        let check_in = &self.ours.installation.check_in;
        let coming = clients
            .iter()
            .map(|client| client.stay(target.at, check_in, target.answers));
        let mut there = try_join_all(coming).await?;
        target.settle();
        let before = threads(target.pid)?;
        let times = self.plan.kept_open;
        try_join_all(there.iter_mut().map(|one| one.check_in(times))).await?;
        target.settle();
        cpu_us_since(target.pid, &before)
    }
}

impl Contender {
    fn new(installation: Installation, rows: &[Row], groups: &[Vec<Identity>]) -> Result<Self> {
        let clients = clients(&installation, rows, groups)?;
        let last = groups.last().map(Vec::as_slice).unwrap_or_default();
        let row = rows.first().context("no rows")?;
        let before = of(&installation, *row, last)?;
        Ok(Self {
            installation,
            clients,
            before,
        })
    }

    fn of_row(&self, number: usize) -> Result<&[Client]> {
        let clients = self.clients.get(number).context("a row without devices")?;
        Ok(clients)
    }
}

impl Target {
    fn of(server: &crate::program::Server) -> Self {
        Self {
            at: server.at,
            pid: server.process.pid(),
            answers: Answers::Ours,
        }
    }

    /// Waits until our server has written what devices said, which it does within the second: it is part of their cost.
    fn settle(self) {
        if self.answers == Answers::Ours {
            thread::sleep(Duration::from_millis(1200));
        }
    }
}

/// The devices of each row. Those of a full handshake are the same the first time and later.
fn clients(
    installation: &Installation,
    rows: &[Row],
    groups: &[Vec<Identity>],
) -> Result<Vec<Vec<Client>>> {
    let firsts = rows.iter().filter(|row| row.kind == Kind::First).count();
    let all = rows.iter().enumerate().map(|(number, row)| {
        let group = match row.kind {
            Kind::First => number,
            Kind::Full => number.saturating_sub(firsts),
            // The last group of those that an issuing authority certified.
            Kind::Resumed | Kind::KeptOpen => firsts.saturating_sub(1),
        };
        let group = groups.get(group).context("a row without devices")?;
        of(installation, *row, group)
    });
    all.collect()
}

fn of(installation: &Installation, row: Row, group: &[Identity]) -> Result<Vec<Client>> {
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
    group.iter().map(one).collect()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(devices: usize) -> f64 {
    devices as f64
}
