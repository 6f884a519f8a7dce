//! The socket: a thread reads it, and what it read lies here until the library asks for it.

use std::{
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::mpsc::SyncSender,
    thread,
    time::Duration,
};

use countersign_mbedtls_link::{Transport, TransportError};

use crate::pipe::Event;

/// A TCP connection that never waits for what it receives.
pub(crate) struct Link {
    stream: TcpStream,
    received: VecDeque<u8>,
    /// What there is to say once all that was received is taken.
    ended: Option<Result<usize, TransportError>>,
}

impl Link {
    /// Connects, and sends what comes as events.
    pub(crate) fn connect(
        address: SocketAddr,
        timeout: Duration,
        stalled: Duration,
        events: SyncSender<Event>,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, timeout)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(stalled))?;
        let mut reader = stream.try_clone()?;
        thread::spawn(move || {
            let mut buffer = [0; 16384];
            loop {
                let event = match reader.read(&mut buffer) {
                    Ok(0) => Event::Ended(Ok(0)),
                    Ok(len) => Event::Received(buffer.get(..len).unwrap_or_default().to_vec()),
                    Err(error) => Event::Ended(Err(cause(&error))),
                };
                let ended = matches!(event, Event::Ended(_));
                if events.send(event).is_err() || ended {
                    return;
                }
            }
        });
        Ok(Self {
            stream,
            received: VecDeque::new(),
            ended: None,
        })
    }

    /// Takes what the thread read.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.received.extend(bytes);
    }

    /// Takes note that the peer sends no more.
    pub(crate) fn end(&mut self, how: Result<usize, TransportError>) {
        self.ended = Some(how);
    }
}

impl Transport for Link {
    fn send(&mut self, bytes: &[u8]) -> Result<usize, TransportError> {
        self.stream.write(bytes).map_err(|error| cause(&error))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, TransportError> {
        if self.received.is_empty() {
            return self.ended.unwrap_or(Err(TransportError::WouldBlock));
        }
        self.received.read(buffer).map_err(|error| cause(&error))
    }
}

fn cause(error: &io::Error) -> TransportError {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => TransportError::Reset,
        _ => TransportError::Broken,
    }
}
