//! Before TLS stands: whoever is on the path needs no certificate for these.

use std::{
    io::{self, Read as _},
    net::TcpStream,
    sync::Arc,
};

use rustls::{ServerConfig, ServerConnection};

use super::{
    Attack,
    Attacker::Path,
    CHECK_IN_WAITED_FOR, attack,
    scene::Scene,
    wire::{drip, flood, send, silence},
};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        attack(
            "garbage in place of TLS",
            Path,
            "a crash in the reader of records",
            Box::new(|_, mut tcp| {
                hello(&mut tcp)?;
                send(&mut tcp, &(0..=255).cycle().take(4096).collect::<Vec<u8>>())
            }),
        ),
        attack(
            "plain HTTP in place of TLS",
            Path,
            "a device that takes orders without proof",
            Box::new(|_, mut tcp| {
                hello(&mut tcp)?;
                send(&mut tcp, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }),
        ),
        attack(
            "an alert in mid-handshake",
            Path,
            "a device that believes its link broken for good",
            Box::new(|_, mut tcp| {
                hello(&mut tcp)?;
                send(&mut tcp, &alert(2, 40))
            }),
        ),
        attack(
            "an alert that says: certificate revoked",
            Path,
            "a device that gives its server up",
            Box::new(|_, mut tcp| {
                hello(&mut tcp)?;
                send(&mut tcp, &alert(2, 44))
            }),
        ),
        attack(
            "warning alerts without end",
            Path,
            "a device that is kept awake",
            Box::new(|_, mut tcp| {
                hello(&mut tcp)?;
                flood(&mut tcp, &alert(1, 90))
            }),
        ),
        attack(
            "a handshake message of 16 MB",
            Path,
            "the device's memory",
            Box::new(|_, mut tcp| {
                hello(&mut tcp)?;
                // A ServerHello that promises 2^24 - 1 bytes.
                let mut record = vec![22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff];
                record.resize(5 + 0x4000, 0);
                send(&mut tcp, &record)?;
                record[5..9].fill(0);
                flood(&mut tcp, &record)
            }),
        ),
        attack(
            "a certificate chain of 1 MB",
            Path,
            "the device's memory, or its time for a million signatures",
            Box::new(|scene, mut tcp| {
                let config = Arc::clone(&scene.props().endless);
                let mut connection = started(config, &mut tcp)?;
                while connection.is_handshaking() {
                    connection.complete_io(&mut tcp)?;
                }
                Ok(())
            }),
        ),
        attack(
            "half a handshake, then silence",
            Path,
            "a device that waits for ever",
            Box::new(|scene, mut tcp| {
                let flight = flight(scene, &mut tcp)?;
                send(&mut tcp, &flight[..flight.len() / 2])?;
                silence(scene, &mut tcp)
            }),
        )
        .within(CHECK_IN_WAITED_FOR),
        attack(
            "a handshake, a byte a second",
            Path,
            "a device that is kept awake",
            Box::new(|scene, mut tcp| {
                let flight = flight(scene, &mut tcp)?;
                drip(scene, &mut tcp, flight)?;
                silence(scene, &mut tcp)
            }),
        )
        .within(CHECK_IN_WAITED_FOR),
    ]
}

/// Reads the device's first record.
fn hello(tcp: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut record = vec![0; 5];
    tcp.read_exact(&mut record)?;
    record.resize(
        5 + usize::from(u16::from_be_bytes([record[3], record[4]])),
        0,
    );
    tcp.read_exact(&mut record[5..])?;
    Ok(record)
}

/// A server that was told the device's first words and has not answered.
fn started(config: Arc<ServerConfig>, tcp: &mut TcpStream) -> io::Result<ServerConnection> {
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    connection.read_tls(&mut &hello(tcp)?[..])?;
    connection.process_new_packets().map_err(io::Error::other)?;
    Ok(connection)
}

/// The first answer of our server, as one on the path sees it.
fn flight(scene: &Scene, tcp: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut connection = started(scene.tls(), tcp)?;
    let mut flight = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut flight)?;
    }
    Ok(flight)
}

/// An alert in clear (RFC 8446 §6).
fn alert(level: u8, description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, level, description]
}
