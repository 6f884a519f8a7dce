//! What servers are told about the name that is meant.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use countersign_probe::{Options, Place, Target, Versions, fetch};
use rustls::server::Acceptor;
use tokio::net::TcpListener;

/// The server name of the first hello that comes (RFC 6066 §3), as it comes.
async fn told(listener: &TcpListener) -> Option<String> {
    let (tcp, _) = listener.accept().await.unwrap();
    let hello = tokio_rustls::LazyConfigAcceptor::new(Acceptor::default(), tcp);
    let hello = hello.await.unwrap();
    hello.client_hello().server_name().map(str::to_owned)
}

/// What a server hears from somebody who means `host`, and was told to say `sni`.
async fn heard(host: &str, sni: Option<&str>) -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Options {
        connect: vec![Place {
            host: "127.0.0.1".to_owned(),
            port: Some(listener.local_addr().unwrap().port()),
        }],
        sni: sni.map(str::to_owned),
        // One hello, and no second.
        versions: Versions::Both,
        ..Options::default()
    };
    let target = Target::new(host, 443);
    let (name, seen) = tokio::join!(told(&listener), fetch(&target, &options));
    // The server goes away when it has heard what it wants.
    assert!(seen.unwrap()[0].failure.is_some());
    name
}

#[tokio::test]
async fn names_are_sent_and_addresses_are_not() {
    for (host, sni, expected) in [
        ("ota.example", None, Some("ota.example")),
        ("127.0.0.1", None, None),
        ("::1", None, None),
        ("192.0.2.7", Some("ota.example"), Some("ota.example")),
        ("ota.example", Some("192.0.2.7"), None),
        ("ota.example", Some("2001:db8::7"), None),
    ] {
        let told = heard(host, sni).await;
        assert_eq!(told.as_deref(), expected, "{host} {sni:?}");
    }
}
