//! Memory of connections that are kept open and say nothing.

use std::{fmt, thread, time::Duration};

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::Plan;
use crate::{
    Spread,
    client::{Answers, Client, Group, Identity, Version},
    installation::Installation,
    nginx::Nginx,
    process::own_memory,
    spread::shown,
};

/// One server and version of TLS.
#[derive(Clone, Debug)]
pub(super) struct Idle {
    server: &'static str,
    version: Version,
    /// Bytes for each connection.
    bytes: Spread,
}

/// By how much a server grows for each connection.
pub(super) fn measure(
    installation: &Installation,
    devices: &[Identity],
    plan: &Plan,
    nginx: bool,
    runtime: &Runtime,
) -> Result<Vec<Idle>> {
    let mut rows = Vec::new();
    for version in [Version::Tls13, Version::Tls12] {
        let clients = devices.iter().map(|device| {
            let root = &installation.server_root;
            Client::new(device, root, version, Group::X25519, false)
        });
        let clients = clients.collect::<Result<Vec<_>>>()?;
        let growth = |at, pid, answers| {
            let fleet = Fleet {
                clients: &clients,
                check_in: &installation.check_in,
                at,
                answers,
            };
            runtime.block_on(fleet.growth(pid, plan.idle))
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..plan.rounds {
            let server = installation.serve()?;
            ours.push(growth(server.at, server.process.pid(), Answers::Ours)?);
            drop(server);
            if nginx {
                let folder = installation.beside(&format!("nginx-{}-{round}", version.name()));
                let nginx = Nginx::start(&folder, &installation.state())?;
                theirs.push(growth(nginx.full, nginx.worker, Answers::Another)?);
            }
        }
        for (server, bytes) in [("countersign", ours), ("nginx", theirs)] {
            if !bytes.is_empty() {
                rows.push(Idle {
                    server,
                    version,
                    bytes: Spread::of(bytes),
                });
            }
        }
    }
    Ok(rows)
}

/// Devices that come to one server.
struct Fleet<'a> {
    clients: &'a [Client],
    check_in: &'a [u8],
    at: std::net::SocketAddr,
    answers: Answers,
}

impl Fleet<'_> {
    /// Bytes for each of so many connections, all of which checked in once.
    async fn growth(&self, pid: u32, connections: usize) -> Result<f64> {
        // What a server makes once is no part of it.
        for client in self.clients.iter().take(50) {
            client
                .check_in_once(self.at, self.check_in, self.answers)
                .await?;
        }
        thread::sleep(SETTLES);
        let before = own_memory(pid)?;
        let there: Vec<_> = stream::iter(self.clients.iter().cycle().take(connections))
            .map(|client| client.stay(self.at, self.check_in, self.answers))
            .buffer_unordered(16)
            .try_collect()
            .await?;
        thread::sleep(SETTLES);
        let grown = own_memory(pid)?.saturating_sub(before);
        Ok(float(grown) / float(u64::try_from(there.len())?))
    }
}

impl Idle {
    pub(super) fn json(&self) -> Value {
        json!({ "server": self.server, "tls": self.version.name(), "bytes": self.bytes.json() })
    }
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spread {
            median,
            least,
            most,
        } = self.bytes;
        let kib = shown(
            Spread {
                median: median / 1024.0,
                least: least / 1024.0,
                most: most / 1024.0,
            },
            1,
        );
        let name = format!("{}, {}", self.server, self.version.name());
        writeln!(f, "{name:<46}{kib:>20}")
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn float(bytes: u64) -> f64 {
    bytes as f64
}

/// Our server writes what devices said within the second.
const SETTLES: Duration = Duration::from_millis(1500);
