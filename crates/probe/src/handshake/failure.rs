//! What went wrong, in our own words.

use std::io;

use rustls::{AlertDescription, Error, InvalidMessage};

use super::of_rustls;
use crate::Failure;
use crate::bounded::{Bounded, is_endless};

/// Why there is no TCP connection.
pub(crate) fn of_connect(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::ConnectionReset => Failure::Reset,
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::AddrNotAvailable => Failure::NoRoute,
        kind => Failure::Io(kind),
    }
}

/// Why there is no whole handshake.
pub(crate) fn of_handshake(error: &io::Error, socket: &Bounded, limit: usize) -> Failure {
    if is_endless(error) {
        return unless_tls(socket.began(), Failure::Endless { limit });
    }
    if let Some(alert) = alert(error) {
        return alert;
    }
    let failure = match (of_rustls(error), error.kind()) {
        (Some(Error::NoCertificatesPresented), _) => Failure::EmptyChain,
        (
            Some(Error::InvalidMessage(
                InvalidMessage::HandshakePayloadTooLarge
                | InvalidMessage::CertificatePayloadTooLarge,
            )),
            _,
        ) => Failure::MessageTooLong,
        (Some(error), _) => Failure::Tls {
            reason: error.to_string(),
        },
        (None, io::ErrorKind::UnexpectedEof) => Failure::Closed,
        (None, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Failure::Reset,
        (None, kind) => Failure::Io(kind),
    };
    unless_tls(socket.began(), failure)
}

/// The alert that the server sent, if it did.
pub(super) fn alert(error: &io::Error) -> Option<Failure> {
    match of_rustls(error)? {
        Error::AlertReceived(description) => Some(Failure::Alert {
            name: rfc_name(*description),
            code: u8::from(*description),
        }),
        _ => None,
    }
}

/// `failure`, unless what came was no TLS in the first place.
pub(super) fn unless_tls(began: &[u8], failure: Failure) -> Failure {
    match began {
        // A record of TLS: handshake, alert or other, then major version 3.
        [] | [20..=23] | [20..=23, 3, ..] => failure,
        [b'H', b'T', b'T', b'P', ..] | [b'<', ..] => Failure::PlainHttp,
        began => Failure::NotTls {
            began: began.to_vec(),
        },
    }
}

/// `HandshakeFailure` as the RFC writes it: `handshake_failure`.
fn rfc_name(description: AlertDescription) -> String {
    match description {
        AlertDescription::UnknownCA => return "unknown_ca".to_owned(),
        AlertDescription::Unknown(_) => return "unknown".to_owned(),
        _ => {}
    }
    let mut name = String::new();
    for c in format!("{description:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// rustls calls the suites of TLS 1.3 `TLS13_...`; the registry does not.
pub(super) fn suite_name(name: &str) -> String {
    name.replacen("TLS13_", "TLS_", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_called_as_in_the_rfc() {
        for (description, name) in [
            (AlertDescription::HandshakeFailure, "handshake_failure"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::ProtocolVersion, "protocol_version"),
            (AlertDescription::Unknown(200), "unknown"),
        ] {
            assert_eq!(rfc_name(description), name);
        }
    }

    #[test]
    fn other_protocols_are_told_from_tls() {
        for (began, failure) in [
            (&b"HTTP/1.1 400 Bad"[..], Failure::PlainHttp),
            (b"<!DOCTYPE HTML P", Failure::PlainHttp),
            (b"\x15\x03\x01\x00\x02\x02\x46", Failure::Closed),
            (b"", Failure::Closed),
        ] {
            assert_eq!(unless_tls(began, Failure::Closed), failure);
        }
        let ssh = unless_tls(b"SSH-2.0-OpenSSH\r", Failure::Closed);
        assert_eq!(
            ssh.to_string(),
            "it does not speak TLS: it began with `SSH-2.0-OpenSSH\\r`"
        );
    }
}
