//! How to ask.

use std::time::Duration;

use crate::{ClientIdentity, Place};

/// How a host is asked, and for how long and how much at most.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to connect to, in place of the target's own addresses: all of these. Without any, the target's own.
    pub connect: Vec<Place>,
    /// The server name to send, in place of the target's own. An IP address is never sent as one (RFC 6066 §3).
    pub sni: Option<String>,
    /// What to show to a server that asks for a certificate; without it, none.
    pub client: Option<ClientIdentity>,
    /// Which versions of TLS are offered.
    pub versions: Versions,
    /// How long looking up the name may take, and then TCP and one handshake at each address.
    pub timeout: Duration,
    /// How many bytes are taken from one server; stops one that never ends. A handshake message of more than 64 KiB is
    /// refused whatever this is.
    pub max_bytes: usize,
    /// How many addresses are asked; stops a name that has thousands.
    pub max_addresses: usize,
}

/// Versions of TLS, as a client offers them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Versions {
    /// TLS 1.2 alone, as ESP-IDF does unless told otherwise; where the server refuses that, TLS 1.3 alone.
    #[default]
    DevicesFirst,
    /// Both at once, as browsers do.
    Both,
    /// TLS 1.2 alone.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect: Vec::new(),
            sni: None,
            client: None,
            versions: Versions::default(),
            timeout: Duration::from_secs(10),
            max_bytes: 256 * 1024,
            max_addresses: 64,
        }
    }
}
