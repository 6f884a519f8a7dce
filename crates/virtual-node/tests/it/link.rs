//! The link against a rustls server: who is believed, who is shown what, and what errors mean.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use countersign_node::{Link, LinkError, Peer};
use countersign_protocol::UnixTime;
use countersign_virtual_node::link::IdentityError;
use countersign_virtual_node::{Anchors, Event, Identity, LinkSettings};
use embedded_io_async::{Read, Write};
use esp_formats::bundle::Format;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;
use crate::tls::{Tls, scenarios};

scenarios! {
    a_good_server_is_believed_and_shown_who_we_are,
    a_store_is_not_shown_who_we_are,
    a_server_that_cannot_prove_itself_is_not_believed,
    a_server_that_refuses_us_is_told_from_one_that_breaks,
    a_server_without_tls_is_broken_and_a_silent_one_times_out,
    a_connection_that_falls_silent_times_out,
}

/// A server of one connection, which echoes four bytes; gives the client's certificates.
struct Server {
    port: u16,
    task: JoinHandle<io::Result<usize>>,
}

async fn server(root: &Authority, name: &str, devices: &Authority, optional: bool) -> Server {
    let config = root.server_config(name, devices, optional);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await?;
        let mut stream = TlsAcceptor::from(config).accept(tcp).await?;
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).await?;
        stream.write_all(&bytes).await?;
        stream.flush().await?;
        Ok(stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len))
    });
    Server { port, task }
}

fn identity(devices: &Authority) -> Identity {
    let (certificate, key) = devices.issue("dev-1");
    Identity::new([certificate.to_vec()], &key.serialize_pem()).unwrap()
}

fn settings(tls12_only: bool) -> LinkSettings {
    LinkSettings {
        tls12_only,
        connect_timeout: Duration::from_secs(5),
        io_timeout: Duration::from_secs(5),
        hosts: vec![("ota.example.com".to_owned(), Ipv4Addr::LOCALHOST.into())],
        ..LinkSettings::default()
    }
}

async fn echo(
    connection: &mut (impl Read<Error = LinkError> + Write<Error = LinkError>),
) -> Result<(), LinkError> {
    connection.write_all(b"ping").await?;
    connection.flush().await?;
    let mut bytes = [0; 4];
    match connection.read_exact(&mut bytes).await {
        Ok(()) => assert_eq!(&bytes, b"ping"),
        Err(embedded_io_async::ReadExactError::Other(error)) => return Err(error),
        Err(embedded_io_async::ReadExactError::UnexpectedEof) => panic!("the server closed"),
    }
    Ok(())
}

async fn a_good_server_is_believed_and_shown_who_we_are(tls: &impl Tls) {
    let (servers, devices) = (Authority::new("servers"), Authority::new("devices"));
    for (tls12_only, format, version) in [
        (true, Format::Legacy, "1.2"),
        (false, Format::Offsets, "1.3"),
    ] {
        let server = server(&servers, "ota.example.com", &devices, false).await;
        let (mut link, events) = tls.link(
            settings(tls12_only),
            &servers.anchors(format),
            &identity(&devices),
        );
        let mut connection = link
            .connect(Peer::Server, "ota.example.com", server.port, UnixTime(0))
            .await
            .unwrap();
        echo(&mut connection).await.unwrap();
        assert_eq!(server.task.await.unwrap().unwrap(), 1);
        let event = events.try_recv().unwrap();
        let Event::Connected {
            tls: found,
            handshake_us,
            ..
        } = event
        else {
            panic!("{event:?}");
        };
        assert_eq!(found, version);
        assert!(handshake_us > 0);
    }
}

async fn a_store_is_not_shown_who_we_are(tls: &impl Tls) {
    let (servers, devices) = (Authority::new("servers"), Authority::new("devices"));
    let server = server(&servers, "ota.example.com", &devices, true).await;
    let anchors = servers.anchors(Format::Offsets);
    let (mut link, _) = tls.link(settings(false), &anchors, &identity(&devices));
    let mut connection = link
        .connect(Peer::Store, "ota.example.com", server.port, UnixTime(0))
        .await
        .unwrap();
    echo(&mut connection).await.unwrap();
    assert_eq!(server.task.await.unwrap().unwrap(), 0);
}

async fn a_server_that_cannot_prove_itself_is_not_believed(tls: &impl Tls) {
    let (servers, devices) = (Authority::new("servers"), Authority::new("devices"));
    let namesake = Authority::new("servers");
    let good = servers.bundle(Format::Offsets);
    let after_all_ends = UnixTime(100_000_000_000);
    let cases = [
        (
            "a root of the same name and another key",
            "ota.example.com",
            namesake.bundle(Format::Offsets),
            UnixTime(0),
        ),
        (
            "the device's own root alone",
            "ota.example.com",
            devices.bundle(Format::Offsets),
            UnixTime(0),
        ),
        (
            "another name",
            "other.example.com",
            good.clone(),
            UnixTime(0),
        ),
        (
            "an ended certificate",
            "ota.example.com",
            good.clone(),
            after_all_ends,
        ),
        (
            "no bundle",
            "ota.example.com",
            vec![0xff; 4096],
            UnixTime(0),
        ),
    ];
    for (case, name, bundle, floor) in cases {
        for tls12_only in [true, false] {
            let server = server(&servers, name, &devices, false).await;
            // Stores' anchors, however good, say nothing of servers.
            let anchors = Anchors {
                servers: bundle.clone(),
                stores: good.clone(),
            };
            let (mut link, events) = tls.link(settings(tls12_only), &anchors, &identity(&devices));
            let refused = link
                .connect(Peer::Server, "ota.example.com", server.port, floor)
                .await;
            assert!(matches!(refused, Err(LinkError::Untrusted)), "{case}");
            let event = events.try_recv().unwrap();
            assert!(
                matches!(
                    event,
                    Event::ConnectFailed {
                        error: LinkError::Untrusted,
                        ..
                    }
                ),
                "{case}: {event:?}"
            );
            server.task.await.unwrap().unwrap_err();
        }
    }
}

async fn a_server_that_refuses_us_is_told_from_one_that_breaks(tls: &impl Tls) {
    let (servers, devices) = (Authority::new("servers"), Authority::new("devices"));
    let strangers = Authority::new("strangers");
    for tls12_only in [true, false] {
        let server = server(&servers, "ota.example.com", &devices, false).await;
        let anchors = servers.anchors(Format::Offsets);
        let (mut link, _) = tls.link(settings(tls12_only), &anchors, &identity(&strangers));
        let connected = link
            .connect(Peer::Server, "ota.example.com", server.port, UnixTime(0))
            .await;
        // In TLS 1.3 the client's side of the handshake is over before the server has judged.
        let refused = match connected {
            Err(error) => error,
            Ok(mut connection) => echo(&mut connection).await.unwrap_err(),
        };
        assert_eq!(refused, LinkError::Refused, "TLS 1.2 only: {tls12_only}");
        server.task.await.unwrap().unwrap_err();
    }
}

/// Why there is no connection.
async fn failure(link: &mut impl Link, port: u16) -> LinkError {
    let connecting = link.connect(Peer::Server, "ota.example.com", port, UnixTime(0));
    connecting.await.err().unwrap()
}

async fn a_server_without_tls_is_broken_and_a_silent_one_times_out(tls: &impl Tls) {
    let devices = Authority::new("devices");
    let anchors = devices.anchors(Format::Offsets);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let http = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        let silent = listener.accept().await.unwrap();
        (tcp, silent)
    });
    let (mut link, _) = tls.link(
        LinkSettings {
            connect_timeout: Duration::from_millis(300),
            ..settings(false)
        },
        &anchors,
        &identity(&devices),
    );
    assert_eq!(failure(&mut link, port).await, LinkError::Broken);
    assert_eq!(failure(&mut link, port).await, LinkError::TimedOut);
    http.await.unwrap();
    assert_eq!(failure(&mut link, port).await, LinkError::Broken);
}

async fn a_connection_that_falls_silent_times_out(tls: &impl Tls) {
    let (servers, devices) = (Authority::new("servers"), Authority::new("devices"));
    let server = server(&servers, "ota.example.com", &devices, false).await;
    let quick = LinkSettings {
        io_timeout: Duration::from_millis(100),
        ..settings(false)
    };
    let anchors = servers.anchors(Format::Offsets);
    let (mut link, _) = tls.link(quick, &anchors, &identity(&devices));
    let mut connection = link
        .connect(Peer::Server, "ota.example.com", server.port, UnixTime(0))
        .await
        .unwrap();
    assert_eq!(connection.read(&mut [0; 4]).await, Err(LinkError::TimedOut));
}

#[test]
fn an_identity_is_a_pair() {
    let devices = Authority::new("devices");
    let ((one, _), (_, other)) = (devices.issue("dev-1"), devices.issue("dev-2"));
    let key = other.serialize_pem();
    let chain = || [one.to_vec()];
    assert_eq!(
        Identity::new([], &key).unwrap_err(),
        IdentityError::NoCertificate
    );
    assert_eq!(
        Identity::new(chain(), "key").unwrap_err(),
        IdentityError::Key
    );
    assert_eq!(
        Identity::new(chain(), &key).unwrap_err(),
        IdentityError::NotAPair
    );
}
