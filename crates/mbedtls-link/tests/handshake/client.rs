//! The client: transports, and one request.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use countersign_mbedtls_link::{
    Config, Error, Identity, Progress, Session, Transport, TransportError,
};

use crate::{authority::Leaf, library::with_library, server::Server};

/// A socket that waits, for a minute at most.
pub(crate) struct Plain(TcpStream);

impl Plain {
    pub(crate) fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).unwrap();
        let long = Some(Duration::from_mins(1));
        stream.set_read_timeout(long).unwrap();
        stream.set_write_timeout(long).unwrap();
        Self(stream)
    }
}

impl Transport for Plain {
    fn send(&mut self, bytes: &[u8]) -> Result<usize, TransportError> {
        self.0.write(bytes).map_err(|error| cause(&error))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, TransportError> {
        self.0.read(buffer).map_err(|error| cause(&error))
    }
}

fn cause(error: &io::Error) -> TransportError {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => TransportError::Reset,
        _ => TransportError::Broken,
    }
}

/// One that moves a byte at every second call, and says "not now" in between.
pub(crate) struct Nibbling {
    socket: Plain,
    ready: bool,
}

impl Nibbling {
    pub(crate) fn new(socket: Plain) -> Self {
        Self {
            socket,
            ready: false,
        }
    }

    fn turn(&mut self) -> Result<(), TransportError> {
        self.ready = !self.ready;
        if self.ready {
            Err(TransportError::WouldBlock)
        } else {
            Ok(())
        }
    }
}

impl Transport for Nibbling {
    fn send(&mut self, bytes: &[u8]) -> Result<usize, TransportError> {
        self.turn()?;
        self.socket.send(&bytes[..1])
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, TransportError> {
        self.turn()?;
        self.socket.receive(&mut buffer[..1])
    }
}

/// What was agreed on.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) version: &'static str,
    pub(crate) suite: &'static str,
}

/// Makes a connection and fetches a file; gives its bytes without the answer's head.
pub(crate) fn fetch<T: Transport>(
    config: &Config<'_>,
    transport: T,
    file: &str,
) -> Result<(Agreed, Vec<u8>), Error> {
    fetch_from("localhost", config, transport, file)
}

/// The same from a server that is called otherwise.
pub(crate) fn fetch_from<T: Transport>(
    host: &str,
    config: &Config<'_>,
    transport: T,
    file: &str,
) -> Result<(Agreed, Vec<u8>), Error> {
    with_library(|library| {
        let mut session = Session::new(library, host, config, transport)?;
        until(|| session.handshake())?;
        let agreed = Agreed {
            version: session.version(),
            suite: session.suite(),
        };
        let request = format!("GET /{file} HTTP/1.0\r\n\r\n");
        let mut left = request.as_bytes();
        while !left.is_empty() {
            let len = until(|| session.write(left))?;
            left = &left[len..];
        }
        let mut answer = Vec::new();
        let mut buffer = [0; 2000];
        loop {
            match until(|| session.read(&mut buffer)) {
                // `s_server` ends some answers without a word.
                Ok(0) | Err(Error::CutOff) => break,
                Ok(len) => answer.extend_from_slice(&buffer[..len]),
                Err(error) => return Err(error),
            }
        }
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let body = head.map(|head| answer.split_off(head + 4));
        Ok((agreed, body.unwrap_or_default()))
    })
}

/// Calls until it is done.
fn until<R>(mut call: impl FnMut() -> Result<Progress<R>, Error>) -> Result<R, Error> {
    for _ in 0..1_000_000 {
        if let Progress::Done(done) = call()? {
            return Ok(done);
        }
    }
    panic!("it never gets done");
}

pub(crate) fn identity(leaf: &Leaf) -> Identity<'_> {
    Identity {
        chain: &leaf.chain,
        key: &leaf.key,
    }
}
