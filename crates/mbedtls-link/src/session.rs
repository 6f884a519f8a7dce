//! A client's connection.

use core::{fmt, marker::PhantomData};

use crate::{
    Code, Config, Error, Library, Transport, UnixTime, VerifyFlags,
    c::{Client, Outcome, Saved},
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
    alert: Option<Alert>,
    _library: PhantomData<&'a Library>,
}

impl<'a, T: Transport> Session<'a, T> {
    /// Sets up a connection to the server of that name, which is sent as SNI and demanded of its certificate. Nothing is
    /// sent yet.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Setup`].
    pub fn new(
        _library: &'a Library,
        host: &str,
        config: &Config<'a>,
        transport: T,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(host, config)?,
            transport,
            failed: None,
            alert: None,
            _library: PhantomData,
        })
    }

    /// Offers to go on with what was saved of another session with this server, before the handshake. It is for the
    /// caller to know that it is the same server, for the same purpose; a server that does not go on with it makes a full
    /// handshake.
    ///
    /// # Errors
    /// [`Error::Setup`].
    pub fn resume(&mut self, saved: &SavedSession) -> Result<(), Error> {
        self.client.offer(&saved.0)
    }

    /// Makes the handshake, in which both ends prove who they are.
    ///
    /// # Errors
    /// - [`Error::Handshake`]: the server could not prove itself, refused us, or is no such server.
    /// - [`Error::Certificate`], [`Error::Key`]: our own, which are read when the server has proved itself.
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
            Outcome::Broken(error) => Err(self.fail(error)),
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
            Outcome::Broken(error) => Err(self.fail(error)),
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
            Outcome::Broken(error) => Err(self.fail(error)),
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
            Outcome::Broken(error) => Err(self.fail(error)),
        }
    }

    /// Gives what another session may resume, where the server gave something new for that: after the handshake in
    /// TLS 1.2, after a read in 1.3.
    pub fn save(&mut self) -> Option<SavedSession> {
        self.client.save().map(SavedSession)
    }

    /// Says, once for each, whether the server gave a ticket of TLS 1.3.
    pub fn took_ticket(&mut self) -> bool {
        self.client.took_ticket()
    }

    /// Gives back the memory that only the handshake needed, once it is made. The server may not ask for another then.
    pub fn shed(&mut self) {
        self.client.shed();
    }

    /// Gives the time at which the first certificate of the server's chain ends; nothing where it showed none, since it
    /// went on with another session.
    pub fn ends(&self) -> Option<UnixTime> {
        self.client.ends()
    }

    /// Gives the error that ended the session, where one did.
    pub const fn failed(&self) -> Option<Error> {
        self.failed
    }

    /// Gives the alert with which the peer ended the session, where it did.
    pub const fn alert(&self) -> Option<Alert> {
        self.alert
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
        if error.code() == Some(ALERTED) {
            self.alert = self.client.alert().map(Alert);
        }
        error
    }
}

/// What another session may resume: secrets, which are wiped when it is dropped. Nothing of the server's chain is kept.
pub struct SavedSession(Saved);

impl fmt::Debug for SavedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SavedSession").finish_non_exhaustive()
    }
}

/// The description of an alert, by its number (RFC 8446 §6).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Alert(pub u8);

impl Alert {
    /// Says whether it speaks of the certificate of whom it is sent to (RFC 8446 §6.2).
    pub const fn is_about_our_certificate(self) -> bool {
        matches!(self.0, 41..=46 | 48 | 49 | 116)
    }
}

impl<T> fmt::Debug for Session<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// `MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE`
const ALERTED: Code = Code::new(-0x7780);

/// `MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY`
const CLOSED: Code = Code::new(-0x7880);
