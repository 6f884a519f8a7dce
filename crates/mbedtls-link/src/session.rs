//! A client's connection.

use core::{fmt, marker::PhantomData};

use crate::{
    Code, Config, Error, Library, Transport, VerifyFlags,
    c::{Client, Outcome},
};

/// How far a call got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress<T> {
    /// It is done.
    Done(T),
    /// The transport has nothing to receive; call again, with the same arguments, when it has.
    WantRead,
    /// The transport takes nothing; call again, with the same arguments, when it does.
    WantWrite,
}

/// A client's TLS connection over a transport, as ESP-IDF makes one.
///
/// Dropping it closes nothing in TLS: [`Self::close`] says goodbye to the peer. After an error no call gets any further;
/// each gives the same error again.
pub struct Session<'a, T> {
    client: Client<'a>,
    transport: T,
    failed: Option<Error>,
    _library: PhantomData<&'a Library>,
}

impl<'a, T: Transport> Session<'a, T> {
    /// Sets up a connection; nothing is sent yet. Chain and key are copied.
    ///
    /// # Errors
    /// [`Error::Certificate`], [`Error::Key`], [`Error::Name`], [`Error::Setup`].
    pub fn new(_library: &'a Library, config: &Config<'a>, transport: T) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(config)?,
            transport,
            failed: None,
            _library: PhantomData,
        })
    }

    /// Makes the handshake, in which both ends prove who they are.
    ///
    /// # Errors
    /// [`Error::Handshake`]: the server could not prove itself, refused us, or is no such server.
    pub fn handshake(&mut self) -> Result<Progress<()>, Error> {
        self.go_on()?;
        match self.client.handshake(&mut self.transport) {
            Outcome::Done(_) => Ok(Progress::Done(())),
            Outcome::WantRead => Ok(Progress::WantRead),
            Outcome::WantWrite => Ok(Progress::WantWrite),
            Outcome::Closed => Err(self.fail(Error::Handshake {
                code: CLOSED,
                flags: VerifyFlags::default(),
                refusal: None,
            })),
            Outcome::Failed(code) => {
                let (flags, refusal) = self.client.findings();
                Err(self.fail(Error::Handshake {
                    code,
                    flags,
                    refusal,
                }))
            }
        }
    }

    /// Reads into `buffer`, which is not empty; gives how many bytes, 0 where the peer said that it sends no more.
    ///
    /// # Errors
    /// - [`Error::CutOff`]: the transport ended before the peer said so.
    /// - [`Error::Read`]: anything else, such as a record that is larger than our buffer.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<Progress<usize>, Error> {
        self.go_on()?;
        if buffer.is_empty() {
            return Ok(Progress::Done(0));
        }
        match self.client.read(&mut self.transport, buffer) {
            Outcome::Done(0) => Err(self.fail(Error::CutOff)),
            Outcome::Done(len) => Ok(Progress::Done(len)),
            Outcome::Closed => Ok(Progress::Done(0)),
            Outcome::WantRead => Ok(Progress::WantRead),
            Outcome::WantWrite => Ok(Progress::WantWrite),
            Outcome::Failed(code) => Err(self.fail(Error::Read(code))),
        }
    }

    /// Writes some of `bytes`, at most one record; gives how many.
    ///
    /// Bytes for which it said [`Progress::WantWrite`] are in a record already: the next call must be given the same.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<Progress<usize>, Error> {
        self.go_on()?;
        match self.client.write(&mut self.transport, bytes) {
            Outcome::Done(len) => Ok(Progress::Done(len)),
            Outcome::WantRead => Ok(Progress::WantRead),
            Outcome::WantWrite => Ok(Progress::WantWrite),
            Outcome::Closed => Err(self.fail(Error::CutOff)),
            Outcome::Failed(code) => Err(self.fail(Error::Write(code))),
        }
    }

    /// Says that we send no more.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn close(&mut self) -> Result<Progress<()>, Error> {
        self.go_on()?;
        match self.client.close_notify(&mut self.transport) {
            Outcome::Done(_) | Outcome::Closed => Ok(Progress::Done(())),
            Outcome::WantRead => Ok(Progress::WantRead),
            Outcome::WantWrite => Ok(Progress::WantWrite),
            Outcome::Failed(code) => Err(self.fail(Error::Write(code))),
        }
    }

    /// Gives the version that was agreed on: `TLSv1.2`.
    pub fn version(&self) -> &'static str {
        self.client.version()
    }

    /// Gives the suite that was agreed on: `TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256`; empty before.
    pub fn suite(&self) -> &'static str {
        self.client.suite()
    }

    /// Gives the transport.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// Gives the transport. What is taken from it or given to it is missing in the connection, or too much.
    pub fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// The library must not be called again once it failed.
    fn go_on(&self) -> Result<(), Error> {
        self.failed.map_or(Ok(()), Err)
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error);
        error
    }
}

impl<T> fmt::Debug for Session<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// `MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY`
const CLOSED: Code = Code::new(-0x7880);
