//! From `device revoke` until the device's connection is cut.

use std::{fmt, path::Path, process::Command, time::Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, future::join, stream};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    runtime::Runtime,
};

use super::Plan;
use crate::{
    client::{Answers, Client, Connected, Group, Identity, Version},
    installation::Installation,
};

/// What was measured, in milliseconds at the wall.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// How many connections there were.
    connections: usize,
    /// From the request to the operator's socket.
    asked: Times,
    /// From the start of the command's process.
    command: Times,
}

/// A distribution.
#[derive(Clone, Debug)]
struct Times {
    count: usize,
    least: f64,
    median: f64,
    /// Of a hundred, 99 are below.
    p99: f64,
    most: f64,
}

pub(super) fn measure(
    installation: &Installation,
    program: &Path,
    devices: &[Identity],
    plan: &Plan,
    runtime: &Runtime,
) -> Result<Cut> {
    let server = installation.serve()?;
    let clients = devices
        .iter()
        .zip([Version::Tls13, Version::Tls12].iter().cycle());
    let clients = clients.map(|(device, version)| {
        let root = &installation.server_root;
        Client::new(device, root, *version, Group::X25519, false)
    });
    let clients = clients.collect::<Result<Vec<_>>>()?;
    runtime.block_on(async {
        let come = |client| Client::stay(client, server.at, &installation.check_in, Answers::Ours);
        let there: Vec<Connected> = stream::iter(&clients)
            .map(come)
            .buffered(16)
            .try_collect()
            .await?;
        let connections = there.len();
        let mut there = devices.iter().zip(there);
        let socket = installation.state().join("operator.sock");
        let mut operator = UnixStream::connect(&socket).await?;
        let mut asked = Vec::new();
        for (device, mut connected) in there.by_ref().take(plan.revoked) {
            let start = now();
            let revoked = revoke(&mut operator, &device.id);
            let ended = async {
                connected.ended().await;
                ms_since(start)
            };
            let (revoked, ended) = join(revoked, ended).await;
            revoked?;
            asked.push(ended);
        }
        let mut command = Vec::new();
        for (device, mut connected) in there.by_ref().take(plan.commands) {
            let start = now();
            let mut process = Command::new(program)
                .args(["device", "revoke", &device.id, "--json", "--state"])
                .arg(installation.state())
                .stdout(std::process::Stdio::null())
                .spawn()?;
            connected.ended().await;
            command.push(ms_since(start));
            ensure!(process.wait()?.success(), "{} is not revoked", device.id);
        }
        // The others are there as before.
        let mut others = 0;
        for (_, mut connected) in there {
            connected.check_in(1).await?;
            others += 1;
        }
        ensure!(others > 0, "nobody was left");
        Ok(Cut {
            connections,
            asked: Times::of(asked),
            command: Times::of(command),
        })
    })
}

/// `POST /v1/devices/ID/revoke`, and its answer.
async fn revoke(operator: &mut UnixStream, id: &str) -> Result<()> {
    let request = format!(
        "POST /v1/devices/{id}/revoke HTTP/1.1\r\nHost: operator\r\nContent-Type: application/json\r\nContent-Length: \
         2\r\n\r\n{{}}"
    );
    operator.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(4096);
    loop {
        ensure!(operator.read_buf(&mut answer).await? > 0, "no answer");
        if Answers::Another.whole(&answer).context("revoke")? == Some(answer.len()) {
            return Ok(());
        }
    }
}

impl Times {
    fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |place: usize| all.get(place).copied().unwrap_or(f64::NAN);
        let last = all.len().saturating_sub(1);
        Self {
            count: all.len(),
            least: at(0),
            median: at(all.len() / 2),
            p99: at(last.min(all.len() * 99 / 100)),
            most: at(last),
        }
    }

    fn json(&self) -> Value {
        json!({
            "count": self.count,
            "least": self.least,
            "median": self.median,
            "p99": self.p99,
            "most": self.most,
        })
    }
}

impl Cut {
    pub(super) fn json(&self) -> Value {
        json!({
            "connections": self.connections,
            "asked": self.asked.json(),
            "command": self.command.json(),
        })
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("revoked to cut, {} connections, ms", self.connections);
        writeln!(
            f,
            "\n{head:<46}{:>8}{:>8}{:>8}{:>8}{:>8}",
            "times", "least", "median", "p99", "most"
        )?;
        let rows = [
            ("from the request to the socket", &self.asked),
            ("from the command's start", &self.command),
        ];
        for (name, times) in rows {
            let Times {
                count,
                least,
                median,
                p99,
                most,
            } = times;
            writeln!(
                f,
                "{name:<46}{count:>8}{least:>8.1}{median:>8.1}{p99:>8.1}{most:>8.1}"
            )?;
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

fn ms_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
