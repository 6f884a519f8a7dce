//! A million certificates that are barred: memory, start, look-up.

use std::{
    fmt, fs,
    hint::black_box,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use countersign_fleet::Store as _;
use countersign_fleet_sqlite::SqliteStore;
use countersign_operations::Gate;
use countersign_protocol::Digest;
use countersign_x509::{pem, sha256};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::runtime::Runtime;

use super::Plan;
use crate::{
    cpu,
    installation::Installation,
    process::{own_memory, threads},
    program,
};

/// What was measured.
#[derive(Clone, Debug)]
pub(super) struct Barred {
    count: usize,
    /// Of the server's process with none of them, and with all.
    without: Start,
    with: Start,
    /// Of the journal beside the database, in bytes.
    journal: u64,
    /// CPU time to read them into the gate, in milliseconds.
    load_ms: f64,
    look_up_ns: f64,
    /// Of one that is not barred.
    miss_ns: f64,
}

/// The server's process after its start.
#[derive(Clone, Copy, Debug)]
struct Start {
    /// At the wall, until it serves.
    ms: f64,
    /// CPU time until then.
    cpu_ms: f64,
    bytes: u64,
}

pub(super) fn measure(
    installation: &Installation,
    program: &Path,
    plan: &Plan,
    runtime: &Runtime,
) -> Result<Barred> {
    let state = installation.state();
    let without = start(program, &state)?;
    let database = state.join("countersign.db");
    runtime.block_on(fill(&database, plan.barred))?;
    // What was written behind its back is in no journal: another is begun, which has all.
    let journal = state.join("countersign.journal");
    fs::remove_file(&journal)?;
    drop(program::serve(program, &state, &["--accept-journal"])?);
    let with = start(program, &state)?;
    let journal = fs::metadata(journal)?.len();

    let roots = pem::certificates(&fs::read(state.join("authorities/device-root.pem"))?)?;
    let gate = Gate::new(roots.into_iter().next().context("no root")?);
    let store = runtime.block_on(SqliteStore::open(&database))?;
    let before = cpu::of_process();
    runtime.block_on(gate.load(&store))?;
    let load_ms = (cpu::of_process() - before) / 1000.0;
    let all: Vec<Digest> = runtime
        .block_on(store.barred())?
        .into_iter()
        .map(|barred| barred.fingerprint)
        .collect();
    runtime.block_on(store.close());
    ensure!(gate.barred() == all.len(), "the gate lacks some");
    // In no order, as devices come.
    let some: Vec<Digest> = (0..LOOK_UPS)
        .filter_map(|n| all.get(n.wrapping_mul(7919) % all.len().max(1)).copied())
        .collect();
    let others: Vec<Digest> = some.iter().map(|one| Digest(sha256(&one.0))).collect();
    Ok(Barred {
        count: all.len(),
        without,
        with,
        journal,
        load_ms,
        look_up_ns: look_up(&gate, &some, true)?,
        miss_ns: look_up(&gate, &others, false)?,
    })
}

/// Starts the server, waits until it has come to rest, and ends it.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn start(program: &Path, state: &Path) -> Result<Start> {
    let begun = Instant::now();
    let server = program::serve(program, state, &[])?;
    let ms = begun.elapsed().as_secs_f64() * 1000.0;
    let pid = server.process.pid();
    let cpu_ms = cpu::microseconds(threads(pid)?.values().sum()) / 1000.0;
    thread::sleep(Duration::from_millis(500));
    Ok(Start {
        ms,
        cpu_ms,
        bytes: own_memory(pid)?,
    })
}

/// Writes so many revoked certificates into the database.
async fn fill(database: &Path, count: u32) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(database);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let statement = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $1) \
                     INSERT INTO certificates (fingerprint, serial, profile, subject, issuer, not_before, not_after, \
                     revoked_at, revoked_for, der) \
                     SELECT randomblob(32), lower(hex(randomblob(16))), 'device', 'CN=barred', zeroblob(32), 1700000000, \
                     253402300799, 1700000001, 'unspecified', x'00' FROM n";
    let mut transaction = connection.begin().await?;
    sqlx::query(statement)
        .bind(count)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(connection.close().await?)
}

/// The CPU time of one look-up, in nanoseconds.
fn look_up(gate: &Gate, fingerprints: &[Digest], barred: bool) -> Result<f64> {
    let start = cpu::moment();
    for fingerprint in fingerprints {
        ensure!(
            gate.bars(black_box(fingerprint)).is_some() == barred,
            "the gate is wrong"
        );
    }
    Ok(start.own_us() * 1000.0 / f64::from(u32::try_from(fingerprints.len())?))
}

impl Barred {
    fn bytes_each(&self) -> f64 {
        let grown = self.with.bytes.saturating_sub(self.without.bytes);
        cpu::microseconds(grown) * 1000.0 / f64::from(u32::try_from(self.count).unwrap_or(u32::MAX))
    }

    pub(super) fn json(&self) -> Value {
        let start = |start: Start| json!({ "wall_ms": start.ms, "cpu_ms": start.cpu_ms, "own_memory": start.bytes });
        json!({
            "count": self.count,
            "start_without": start(self.without),
            "start_with": start(self.with),
            "bytes_each": self.bytes_each(),
            "journal_bytes": self.journal,
            "load_cpu_ms": self.load_ms,
            "look_up_ns": self.look_up_ns,
            "miss_ns": self.miss_ns,
        })
    }
}

impl fmt::Display for Barred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { without, with, .. } = self;
        writeln!(f, "\n{} certificates barred", self.count)?;
        let mib = |bytes: u64| cpu::microseconds(bytes) * 1000.0 / 1_048_576.0;
        let rows = [
            ("a look-up, barred, ns of CPU", self.look_up_ns),
            ("a look-up, not barred, ns of CPU", self.miss_ns),
            ("bytes of the server's own memory, each", self.bytes_each()),
            (
                "the server's own memory without them, MiB",
                mib(without.bytes),
            ),
            ("the server's own memory with them, MiB", mib(with.bytes)),
            ("the journal, MiB", mib(self.journal)),
            ("reading them into the gate, ms of CPU", self.load_ms),
            ("the server's start without them, ms of CPU", without.cpu_ms),
            ("the server's start with them, ms of CPU", with.cpu_ms),
            (
                "the server's start without them, ms at the wall",
                without.ms,
            ),
            ("the server's start with them, ms at the wall", with.ms),
        ];
        for (name, value) in rows {
            writeln!(f, "{name:<56}{value:>10.1}")?;
        }
        Ok(())
    }
}

const LOOK_UPS: usize = 1_000_000;
