//! `[limits]`: what the planes bear.

use std::{fmt::Write as _, time::Duration};

use anyhow::{Result, bail};
use countersign_server::Limits as Bears;
use serde::Deserialize;

use super::DownloadPlane;

/// `[limits]`. What is not named stays as it is by default.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    connections: u32,
    handshakes: u32,
    per_address: u32,
    per_address_per_second: u32,
    per_device: u32,
    handshake_s: u32,
    handshake_bytes: u32,
    head_s: u32,
    head_bytes: u32,
    headers: u32,
    body_s: u32,
    stalled_s: u32,
    send_buffer: u32,
    operator_connections: u32,
}

/// One of them, for people.
struct Limit {
    name: &'static str,
    value: fn(&Limits) -> u32,
    /// What lies outside is a slip, or opens what the limit shall close.
    least: u32,
    most: u32,
    /// What it is, and what it stops.
    stops: &'static str,
}

impl Default for Limits {
    fn default() -> Self {
        let all = Bears::default();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        Self {
            connections: number(all.connections),
            handshakes: number(all.handshakes),
            per_address: number(all.per_address),
            per_address_per_second: number(all.per_address_per_second),
            per_device: number(all.per_device),
            handshake_s: seconds(all.handshake),
            handshake_bytes: number(all.handshake_bytes),
            head_s: seconds(all.head),
            head_bytes: number(all.head_bytes),
            headers: number(all.headers),
            body_s: seconds(all.body),
            stalled_s: seconds(all.stalled),
            send_buffer: all.send_buffer,
            operator_connections: number(all.operator_connections),
        }
    }
}

impl Limits {
    /// Demands that each makes sense, and that they do together.
    pub(super) fn check(&self) -> Result<()> {
        for limit in &ALL {
            let (name, value) = (limit.name, (limit.value)(self));
            if !(limit.least..=limit.most).contains(&value) {
                bail!(
                    "[limits] {name} = {value} makes no sense: it is {} to {}; without the line it is {}",
                    limit.least,
                    limit.most,
                    (limit.value)(&Self::default())
                );
            }
        }
        let Self {
            connections,
            handshakes,
            per_address,
            ..
        } = *self;
        for (name, value) in [("handshakes", handshakes), ("per_address", per_address)] {
            if value > connections {
                bail!(
                    "[limits] {name} = {value} is more than `connections`, of which it is a part: {connections}"
                );
            }
        }
        Ok(())
    }

    /// The same as the server has it.
    pub(super) fn with(&self, download: &DownloadPlane) -> Bears {
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let seconds = |number: u32| Duration::from_secs(number.into());
        Bears {
            connections: number(self.connections),
            handshakes: number(self.handshakes),
            per_address: number(self.per_address),
            per_address_per_second: number(self.per_address_per_second),
            per_device: number(self.per_device),
            handshake: seconds(self.handshake_s),
            handshake_bytes: number(self.handshake_bytes),
            head: seconds(self.head_s),
            head_bytes: number(self.head_bytes),
            headers: number(self.headers),
            body: seconds(self.body_s),
            stalled: seconds(self.stalled_s),
            send_buffer: self.send_buffer,
            slowest_rate: download.slowest_rate,
            patience: seconds(download.patience_s),
            operator_connections: number(self.operator_connections),
            farewell: Bears::default().farewell,
        }
    }

    /// The lines of a new file.
    pub(super) fn first_text() -> String {
        let mut text = String::new();
        let defaults = Self::default();
        for limit in &ALL {
            let line = format!("{} = {}", limit.name, (limit.value)(&defaults));
            let _ = writeln!(text, "{line:<28} # {}", limit.stops);
        }
        text
    }
}

const ALL: [Limit; 14] = [
    Limit {
        name: "connections",
        value: |all| all.connections,
        least: 16,
        most: 1_000_000,
        stops: "at once, for each plane: stops those who open ever more of them from taking all memory",
    },
    Limit {
        name: "handshakes",
        value: |all| all.handshakes,
        least: 8,
        most: 1_000_000,
        stops: "of them, such as have proved nothing yet: stops strangers from taking the places of devices",
    },
    Limit {
        name: "per_address",
        value: |all| all.per_address,
        least: 1,
        most: 1_000_000,
        stops: "at once, from an IPv4 address or a /64 of IPv6: stops one host from taking all places",
    },
    Limit {
        name: "per_address_per_second",
        value: |all| all.per_address_per_second,
        least: 1,
        most: 1_000_000,
        stops: "new ones from an address: stops one host from spending all our time on handshakes",
    },
    Limit {
        name: "per_device",
        value: |all| all.per_device,
        least: 2,
        most: 10_000,
        stops: "at once, with one certificate: stops a hostile device from taking the places of others",
    },
    Limit {
        name: "handshake_s",
        value: |all| all.handshake_s,
        least: 1,
        most: 300,
        stops: "seconds for a handshake: stops those who connect and say nothing",
    },
    Limit {
        name: "handshake_bytes",
        value: |all| all.handshake_bytes,
        least: 4096,
        most: 1 << 20,
        stops: "bytes before a client has proved itself: stops endless chains of certificates",
    },
    Limit {
        name: "head_s",
        value: |all| all.head_s,
        least: 1,
        most: 3600,
        stops: "seconds for a request's head, and on an idle connection: stops those who send a byte a second",
    },
    Limit {
        name: "head_bytes",
        value: |all| all.head_bytes,
        least: 8192, // hyper's least
        most: 1 << 20,
        stops: "bytes of a request's head: stops endless headers",
    },
    Limit {
        name: "headers",
        value: |all| all.headers,
        least: 8,
        most: 1000,
        stops: "headers of a request: stops many small ones",
    },
    Limit {
        name: "body_s",
        value: |all| all.body_s,
        least: 1,
        most: 3600,
        stops: "seconds for a request's body, and its length over slowest_rate: stops a byte a second there",
    },
    Limit {
        name: "stalled_s",
        value: |all| all.stalled_s,
        least: 1,
        most: 3600,
        stops: "seconds in which a peer takes nothing of an answer: stops those who ask and do not read",
    },
    Limit {
        name: "send_buffer",
        value: |all| all.send_buffer,
        least: 4096,
        most: 16 << 20,
        stops: "bytes that the system may hold of an answer: bounds what one pins who reads slowly",
    },
    Limit {
        name: "operator_connections",
        value: |all| all.operator_connections,
        least: 4,
        most: 10_000,
        stops: "at once, at the operator's address: stops a local program from taking all descriptors",
    },
];
