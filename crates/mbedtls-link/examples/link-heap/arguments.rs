//! What the program is told.

use std::{net::SocketAddr, path::PathBuf};

use countersign_node::Peer;

/// What the program is told.
pub(crate) struct Arguments {
    pub(crate) connect: SocketAddr,
    pub(crate) name: String,
    pub(crate) bundle: PathBuf,
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) request: String,
    pub(crate) tls13: bool,
    pub(crate) peer: Peer,
    pub(crate) times: usize,
}

impl Arguments {
    /// Reads them.
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let flag = |name: &str| words.iter().any(|word| word == name);
        let find = |name: &str| {
            let at = words.iter().position(|word| word == name)?;
            words.get(at.checked_add(1)?)
        };
        let value = |name: &str| find(name).ok_or_else(|| format!("{name} is missing\n{USAGE}"));
        let number = |text: &String| text.parse().map_err(|_| format!("{text} is no number"));
        let connect = value("--connect")?;
        let name = value("--name")?;
        Ok(Self {
            connect: connect
                .parse()
                .map_err(|_| format!("--connect {connect} is not IP:PORT"))?,
            request: format!(
                "GET {} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n",
                value("--get")?
            ),
            name: name.clone(),
            bundle: value("--bundle")?.into(),
            cert: value("--cert")?.into(),
            key: value("--key")?.into(),
            tls13: flag("--tls13"),
            peer: if flag("--store") {
                Peer::Store
            } else {
                Peer::Server
            },
            times: find("--times").map_or(Ok(2), number)?,
        })
    }
}

/// The words that the program was started with.
pub(crate) fn own() -> Vec<String> {
    std::env::args().skip(1).collect()
}

const USAGE: &str = "usage: link-heap --connect IP:PORT --name HOST --bundle FILE --cert PEM --key PEM --get PATH \
                     [--tls13] [--store] [--times N]";
