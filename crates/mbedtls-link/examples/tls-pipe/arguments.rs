//! What the program is told.

use std::{collections::HashMap, net::SocketAddr, path::PathBuf};

use crate::Fault;

/// The command line.
pub(crate) struct Arguments {
    pub(crate) connect: SocketAddr,
    pub(crate) name: String,
    pub(crate) bundle: PathBuf,
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) tls13: bool,
}

/// The words of this process.
pub(crate) fn own() -> Vec<String> {
    std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

impl Arguments {
    pub(crate) fn parse(words: &[String]) -> Result<Self, Fault> {
        let fault = |detail: String| Fault::before("arguments", &format!("{detail}; {USAGE}"));
        let mut tls13 = false;
        let mut values = HashMap::new();
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--tls13" => tls13 = true,
                "--connect" | "--name" | "--bundle" | "--cert" | "--key" => {
                    let value = words
                        .next()
                        .ok_or_else(|| fault(format!("{word} has no value")))?;
                    values.insert(word, value.to_owned());
                }
                _ => return Err(fault(format!("{word} is unknown"))),
            }
        }
        let mut value = |name: &str| {
            values
                .remove(name)
                .ok_or_else(|| fault(format!("{name} is missing")))
        };
        let connect = value("--connect")?;
        Ok(Self {
            connect: connect
                .parse()
                .map_err(|_| fault(format!("--connect {connect} is not IP:PORT")))?,
            name: value("--name")?,
            bundle: value("--bundle")?.into(),
            cert: value("--cert")?.into(),
            key: value("--key")?.into(),
            tls13,
        })
    }
}

const USAGE: &str =
    "usage: tls-pipe --connect IP:PORT --name HOST --bundle FILE --cert PEM --key PEM [--tls13]";
