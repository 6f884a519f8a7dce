//! What was seen at one address.

use std::{io, net::SocketAddr, time::Duration};

/// What one address sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// Which.
    pub address: SocketAddr,
    /// The certificates in the order sent, DER, the server's own first; as much as came before [`Seen::failure`].
    pub chain: Vec<Vec<u8>>,
    /// What was agreed on, where a handshake got that far.
    pub tls: Option<Tls>,
    /// What it said when it asked for a client certificate; none where it did not ask.
    pub asked_for: Option<AskedFor>,
    /// Whether it proved that it holds the key of its certificate. `None` where it did not come to that, or where the
    /// proof is of a kind that cannot be checked here.
    pub proved: Option<bool>,
    /// Why the handshake ended before its end.
    pub failure: Option<Failure>,
}

/// A version and a cipher suite.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tls {
    /// `1.2` or `1.3`.
    pub version: &'static str,
    /// The suite, by its name in the IANA registry.
    pub suite: String,
}

/// A server asked for a client certificate.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AskedFor {
    /// The CAs that it would accept, each a DER `Name`; empty where it does not say.
    pub authorities: Vec<Vec<u8>>,
    /// Whether one was shown to it.
    pub shown: bool,
    /// The alert by which it refused what it was shown, or that nothing was.
    pub refused: Option<String>,
}

/// Why an address gave no whole handshake.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It ended the handshake by an alert (RFC 8446 §6.2).
    #[error("it ended the handshake with the alert {name} ({code})")]
    Alert {
        /// The name in the RFC, such as `handshake_failure`.
        name: String,
        /// Its number.
        code: u8,
    },
    /// It closed the connection in the middle of the handshake.
    #[error("it closed the connection in the middle of the handshake")]
    Closed,
    /// It sent an empty list of certificates.
    #[error("it sent no certificate: its list is empty")]
    EmptyChain,
    /// It sent more than was allowed.
    #[error("it sent more than {limit} bytes and no end of its handshake")]
    Endless {
        /// The limit that was reached.
        limit: usize,
    },
    /// A reason of the system.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
    /// A handshake message of more than 64 KiB, as one with far too many or too large certificates.
    #[error("it sent a handshake message of more than 64 KiB; a device takes 16 KiB at most")]
    MessageTooLong,
    /// No answer to TCP within the time.
    #[error("it did not answer within {} s", seconds(*.after))]
    NoAnswer {
        /// How long was waited.
        after: Duration,
    },
    /// This machine has no way there, as to IPv6 addresses from an IPv4 network. It says nothing of the host.
    #[error("this machine has no route to it")]
    NoRoute,
    /// It speaks plain HTTP.
    #[error("it answered in plain HTTP: there is no TLS on this port")]
    PlainHttp,
    /// Nobody listens there.
    #[error("it refused the connection: nothing listens on this port")]
    Refused,
    /// It reset the connection.
    #[error("it reset the connection in the middle of the handshake")]
    Reset,
    /// It took the connection and never said a word.
    #[error("it took the connection and sent nothing within {} s", seconds(*.after))]
    Silent {
        /// How long was waited.
        after: Duration,
    },
    /// It began a handshake and did not end it in time.
    #[error("it did not end its handshake within {} s", seconds(*.after))]
    Slow {
        /// How long was waited.
        after: Duration,
    },
    /// It speaks something else, neither TLS nor HTTP.
    #[error("it does not speak TLS: it began with `{}`", .began.escape_ascii())]
    NotTls {
        /// The first bytes that it sent, 16 at most.
        began: Vec<u8>,
    },
    /// It breaks the protocol, or has nothing in common with this client.
    #[error("its handshake failed: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
    },
}

fn seconds(duration: Duration) -> f32 {
    (duration.as_secs_f32() * 10.0).round() / 10.0
}
