//! TLS by another program, which speaks it with mbedTLS itself.
//!
//! `PROGRAM --connect IP:PORT --name HOST --bundle FILE --cert PEM --key PEM` connects and shakes hands, then says how it
//! went in a line of JSON on stderr. From then on its stdin goes to the peer, and what the peer says to its stdout.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

use super::link::{Dial, Link, Peer, Received};

/// The program, and the device's files.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    path: PathBuf,
    folder: PathBuf,
}

impl Program {
    /// The program that an environment variable names, for the device of a folder; `None` where it is not set.
    pub(crate) fn named_by(variable: &str, folder: &Path) -> Option<Self> {
        let path = std::env::var_os(variable)?;
        Some(Self {
            path: path.into(),
            folder: folder.to_owned(),
        })
    }

    /// What it says of a connection: its library's version, its buffers.
    pub(crate) fn introduces_itself(&self, port: u16, name: &str) -> Result<Value, String> {
        let peer = Peer {
            port,
            name,
            timeout: Duration::from_secs(30),
        };
        self.start(&peer).map(|(_, said)| said)
    }

    fn start(&self, peer: &Peer<'_>) -> Result<(Pipe, Value), String> {
        let file = |name: &str| self.folder.join(name);
        let mut child = Command::new(&self.path)
            .args(["--connect", &peer.address().to_string()])
            .args(["--name", peer.name])
            .arg("--bundle")
            .arg(file("x509_crt_bundle"))
            .arg("--cert")
            .arg(file("device.pem"))
            .arg("--key")
            .arg(file("device.key"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.path.display()))?;
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut output = child.stdout.take().unwrap();
        let (said, told) = channel();
        let (sent, read) = channel();
        thread::spawn(move || say(&mut errors, &said));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                if sent.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut pipe = Pipe {
            input: child.stdin.take(),
            child,
            read,
            told,
            left: Vec::new(),
            timeout: peer.timeout,
        };
        let said = pipe.told.recv_timeout(peer.timeout);
        let said = said.map_err(|_| format!("{} said nothing", self.path.display()))?;
        match error(&said) {
            Some(words) => {
                pipe.input = None;
                Err(words)
            }
            None => Ok((pipe, said)),
        }
    }
}

impl Dial for Program {
    fn connect(&self, peer: &Peer<'_>) -> Result<Box<dyn Link>, String> {
        let (pipe, _) = self.start(peer)?;
        Ok(Box::new(pipe))
    }
}

/// A connection by the program.
#[derive(Debug)]
struct Pipe {
    child: Child,
    input: Option<ChildStdin>,
    read: Receiver<Vec<u8>>,
    told: Receiver<Value>,
    left: Vec<u8>,
    timeout: Duration,
}

impl Link for Pipe {
    fn read(&mut self, into: &mut [u8]) -> Received {
        if self.left.is_empty() {
            match self.read.recv_timeout(self.timeout) {
                Ok(bytes) => self.left = bytes,
                Err(RecvTimeoutError::Timeout) => return Received::Timeout,
                // Our servers end with close_notify; the program does not tell one end from the other.
                Err(RecvTimeoutError::Disconnected) => {
                    return match self.told.recv().ok().and_then(|said| error(&said)) {
                        Some(words) => Received::Failed(words),
                        None => Received::Closed { by_alert: true },
                    };
                }
            }
        }
        let length = into.len().min(self.left.len());
        into[..length].copy_from_slice(&self.left[..length]);
        self.left.drain(..length);
        Received::Data(length)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("the program has ended")?;
        let written = input.write_all(bytes).and_then(|()| input.flush());
        written.map_err(|error| error.to_string())
    }
}

impl Drop for Pipe {
    /// Ends it, as a device that lets go of its socket: the program would wait for what the peer still has to say.
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands on the lines of JSON, and passes over any other.
fn say(errors: &mut impl std::io::BufRead, said: &Sender<Value>) {
    for line in errors.lines().map_while(Result::ok) {
        if let Ok(value) = serde_json::from_str(&line)
            && said.send(value).is_err()
        {
            return;
        }
    }
}

/// The words of an error, if it is one.
fn error(said: &Value) -> Option<String> {
    let text = |name: &str| said[name].as_str().unwrap_or_default();
    let what = said["error"].as_str()?;
    Some(format!("{} ({what}): {}", text("code"), text("detail")))
}
