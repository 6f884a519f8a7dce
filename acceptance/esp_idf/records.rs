//! A socket that lets through what mbedTLS with its buffers would take, and nothing else (`library/ssl_msg.c`).

use std::io::{self, ErrorKind, Read, Write};

/// What mbedTLS was built with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffers {
    /// `MBEDTLS_SSL_IN_CONTENT_LEN`: the largest record that it takes, as plaintext.
    pub(super) incoming: usize,
    /// `MBEDTLS_SSL_OUT_CONTENT_LEN`.
    pub(super) outgoing: usize,
    /// Whether it puts a handshake message together that came in several records.
    pub(super) reassembles: bool,
    /// Whether the connection is TLS 1.3.
    pub(super) tls13: bool,
}

/// A stream under watch.
#[derive(Debug)]
pub(super) struct Records<S> {
    stream: S,
    buffers: Buffers,
    incoming: Direction,
    outgoing: Direction,
}

impl<S> Records<S> {
    pub(super) fn new(stream: S, buffers: Buffers) -> Self {
        let outgoing = Direction {
            outgoing: true,
            ..Direction::default()
        };
        Self {
            stream,
            buffers,
            incoming: Direction::default(),
            outgoing,
        }
    }
}

impl<S: Read> Read for Records<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(into)?;
        self.incoming.watch(&into[..length], &self.buffers)?;
        Ok(length)
    }
}

impl<S: Write> Write for Records<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.stream.write(bytes)?;
        self.outgoing.watch(&bytes[..length], &self.buffers)?;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// One direction's records, as they go by.
#[derive(Debug, Default)]
struct Direction {
    outgoing: bool,
    header: Vec<u8>,
    /// What of the record's payload is still to come.
    left: usize,
    encrypted: bool,
    /// A handshake message that is not whole yet.
    message: Vec<u8>,
}

impl Direction {
    fn watch(&mut self, mut bytes: &[u8], buffers: &Buffers) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.left == 0 {
                let missing = HEADER - self.header.len();
                let (header, rest) = bytes.split_at(missing.min(bytes.len()));
                self.header.extend_from_slice(header);
                bytes = rest;
                if self.header.len() == HEADER {
                    self.begin(buffers)?;
                }
                continue;
            }
            let (payload, rest) = bytes.split_at(self.left.min(bytes.len()));
            bytes = rest;
            self.left -= payload.len();
            if self.header[0] == HANDSHAKE && !self.encrypted {
                self.message.extend_from_slice(payload);
            }
            if self.left == 0 {
                self.end(buffers)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, buffers: &Buffers) -> io::Result<()> {
        self.left = usize::from(u16::from_be_bytes([self.header[3], self.header[4]]));
        let sealed = self.encrypted || (buffers.tls13 && self.header[0] == APPLICATION_DATA);
        let overhead = match (sealed, buffers.tls13) {
            (false, _) => 0,
            (true, false) => EXPLICIT_NONCE + TAG,
            (true, true) => TYPE + TAG,
        };
        let (plain, most) = (self.left.saturating_sub(overhead), self.most(buffers));
        if plain > most {
            return Err(refused(format!(
                "-0x7200 (INVALID_RECORD): a record of {plain} bytes, {most} fit"
            )));
        }
        Ok(())
    }

    fn end(&mut self, buffers: &Buffers) -> io::Result<()> {
        if self.header[0] == CHANGE_CIPHER_SPEC && !buffers.tls13 {
            self.encrypted = true;
        }
        self.header.clear();
        while let [_, high, middle, low, ..] = self.message[..] {
            let length =
                4 + usize::from(high) * 0x1_0000 + usize::from(middle) * 0x100 + usize::from(low);
            let most = self.most(buffers);
            if self.outgoing && length > most {
                return Err(refused(format!(
                    "-0x6A00 (BUFFER_TOO_SMALL): a handshake message of {length} bytes, {most} fit"
                )));
            }
            if length > self.message.len() {
                if !self.outgoing && !buffers.reassembles {
                    return Err(refused(
                        "-0x7080 (FEATURE_UNAVAILABLE): TLS handshake fragmentation not supported"
                            .to_owned(),
                    ));
                }
                if length > most {
                    return Err(refused(format!(
                        "-0x7200 (INVALID_RECORD): a handshake message of {length} bytes, {most} fit"
                    )));
                }
                break;
            }
            self.message.drain(..length);
        }
        Ok(())
    }

    fn most(&self, buffers: &Buffers) -> usize {
        if self.outgoing {
            buffers.outgoing
        } else {
            buffers.incoming
        }
    }
}

fn refused(words: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, words)
}

/// Type, version, length.
const HEADER: usize = 5;

const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// Of AES-GCM in TLS 1.2 (RFC 5288 §3).
const EXPLICIT_NONCE: usize = 8;

/// Of AES-GCM.
const TAG: usize = 16;

/// The inner content type of TLS 1.3.
const TYPE: usize = 1;
