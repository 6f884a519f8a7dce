//! One connection, and what its errors mean to a node.

use std::future::Future;
use std::io;
use std::time::Duration;

use countersign_node::LinkError;
use embedded_io_async::{ErrorType, Read, Write};
use rustls::AlertDescription;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::client::TlsStream;

use super::LinkSettings;
use super::counted::Counted;
use crate::clock::Time;

/// A TLS connection whose reads and writes end in time.
#[derive(Debug)]
pub struct TlsConnection {
    stream: TlsStream<Counted>,
    io_timeout: Duration,
    time: Time,
}

impl TlsConnection {
    pub(super) fn new(stream: TlsStream<Counted>, settings: &LinkSettings) -> Self {
        Self {
            stream,
            io_timeout: settings.io_timeout,
            time: settings.time.clone(),
        }
    }

    /// What a failed write means: a server that refuses our certificate in TLS 1.3 says so when we believe the
    /// handshake done, and its alert may lie unread while our writes already fail.
    async fn last_word(&mut self, error: io::Error) -> LinkError {
        if rustls_error(&error).is_none() {
            let mut unread = [0; 1];
            let reading = self.stream.read(&mut unread);
            if let Some(Err(said)) = self.time.timeout(LAST_WORD, reading).await {
                return link_error(&said);
            }
        }
        link_error(&error)
    }
}

impl ErrorType for TlsConnection {
    type Error = LinkError;
}

impl Read for TlsConnection {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, LinkError> {
        in_time(&self.time, self.io_timeout, self.stream.read(buf))
            .await
            .map_err(|error| link_error(&error))
    }
}

impl Write for TlsConnection {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, LinkError> {
        match in_time(&self.time, self.io_timeout, self.stream.write(buf)).await {
            Ok(written) => Ok(written),
            Err(error) => Err(self.last_word(error).await),
        }
    }

    async fn flush(&mut self) -> Result<(), LinkError> {
        match in_time(&self.time, self.io_timeout, self.stream.flush()).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.last_word(error).await),
        }
    }
}

async fn in_time<T>(
    time: &Time,
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let done = time.timeout(limit, work).await;
    done.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
}

/// What an error means to a node.
pub(super) fn link_error(error: &io::Error) -> LinkError {
    match rustls_error(error) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            LinkError::Untrusted
        }
        Some(rustls::Error::AlertReceived(alert)) if refuses_us(*alert) => LinkError::Refused,
        None if error.kind() == io::ErrorKind::TimedOut => LinkError::TimedOut,
        Some(_) | None => LinkError::Broken,
    }
}

/// The alerts by which a peer speaks of our certificate (RFC 8446 §6.2).
const fn refuses_us(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::AccessDenied
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::NoCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::UnsupportedCertificate
    )
}

pub(super) fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// How long an alert may take that explains a failed write.
const LAST_WORD: Duration = Duration::from_secs(1);
