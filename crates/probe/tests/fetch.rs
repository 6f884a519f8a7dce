//! Servers of every kind, on loopback, and what is seen of them.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;
use std::time::Duration;

use countersign_probe::{
    ClientIdentity, Failure, Options, Place, Seen, Target, Unresolved, Versions, fetch,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Shows whatever it is told to.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

struct Own {
    der: Vec<u8>,
    pem: String,
    key: KeyPair,
}

fn own() -> Own {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    Own {
        der: certificate.der().to_vec(),
        pem: certificate.pem(),
        key,
    }
}

fn config(
    own: &Own,
    chain: Vec<Vec<u8>>,
    versions: &[&'static SupportedProtocolVersion],
    clients: bool,
) -> ServerConfig {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.key.serialize_der()));
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let pair = CertifiedKey::new(chain, any_supported_type(&key).unwrap());
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .unwrap();
    let builder = if clients {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(own.der.clone())).unwrap();
        builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap(),
        )
    } else {
        builder.with_no_client_auth()
    };
    builder.with_cert_resolver(Arc::new(Shows(Arc::new(pair))))
}

/// Serves TLS until the test's runtime ends.
async fn tls(config: ServerConfig) -> Target {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    raw(move |tcp| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut stream) = acceptor.accept(tcp).await {
                let _ = stream.read(&mut [0; 1]).await;
            }
        }
    })
    .await
}

async fn raw<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Target
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(serve(tcp));
        }
    });
    Target::new("127.0.0.1", port)
}

async fn see(target: &Target, options: &Options) -> Seen {
    let mut seen = fetch(target, options).await.unwrap();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

#[tokio::test]
async fn a_chain_is_given_as_it_was_sent() {
    let own = own();
    // The second is no certificate at all, the third comes twice: nothing is judged here.
    let chain = vec![own.der.clone(), b"no DER".to_vec(), own.der.clone()];
    for (versions, agreed) in [
        (vec![&version::TLS12], "1.2"),
        (vec![&version::TLS13], "1.3"),
        (vec![&version::TLS13, &version::TLS12], "1.2"),
    ] {
        let target = tls(config(&own, chain.clone(), &versions, false)).await;
        let seen = see(&target, &Options::default()).await;
        assert_eq!(seen.chain, chain);
        assert_eq!(seen.failure, None);
        let tls = seen.tls.unwrap();
        assert_eq!(tls.version, agreed);
        assert!(tls.suite.contains("AES_256_GCM_SHA384"), "{}", tls.suite);
        assert_eq!(seen.proved, Some(true));
        assert_eq!(seen.asked_for, None);
    }
}

#[tokio::test]
async fn a_name_is_asked_at_the_address_that_is_given() {
    let own = own();
    let at = tls(config(
        &own,
        vec![own.der.clone()],
        &[&version::TLS12],
        false,
    ))
    .await;
    let options = Options {
        connect: vec![Place {
            host: at.host,
            port: Some(at.port),
        }],
        versions: Versions::Both,
        ..Options::default()
    };
    let seen = see(&Target::new("no.such.host.invalid", 443), &options).await;
    assert_eq!(seen.chain, [own.der]);
}

#[tokio::test]
async fn a_server_that_asks_who_we_are_is_heard() {
    let own = own();
    let identity = ClientIdentity::from_pem(own.pem.as_bytes(), own.key.serialize_pem().as_bytes());
    for version in [&version::TLS12, &version::TLS13] {
        let target = tls(config(&own, vec![own.der.clone()], &[version], true)).await;
        let seen = see(&target, &Options::default()).await;
        assert_eq!(seen.chain, [own.der.as_slice()]);
        assert_eq!(seen.failure, None);
        let asked = seen.asked_for.unwrap();
        assert_eq!(asked.authorities.len(), 1);
        assert!(!asked.shown);
        assert!(asked.refused.is_some(), "{version:?}");

        let options = Options {
            client: Some(identity.clone().unwrap()),
            ..Options::default()
        };
        let asked = see(&target, &options).await.asked_for.unwrap();
        assert!(asked.shown);
    }
}

#[tokio::test]
async fn whoever_gives_no_chain_is_named() {
    let own = own();
    let quick = Options {
        timeout: Duration::from_millis(300),
        ..Options::default()
    };
    let target = tls(config(&own, Vec::new(), &[&version::TLS12], false)).await;
    assert_eq!(
        see(&target, &quick).await.failure,
        Some(Failure::EmptyChain)
    );

    let http = |mut tcp: TcpStream| async move {
        let _ = tcp.read(&mut [0; 512]).await;
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    assert_eq!(
        see(&raw(http).await, &quick).await.failure,
        Some(Failure::PlainHttp)
    );

    let silent = |mut tcp: TcpStream| async move {
        while tcp.read(&mut [0; 512]).await.is_ok_and(|read| read > 0) {}
    };
    let failure = see(&raw(silent).await, &quick).await.failure;
    assert!(
        matches!(failure, Some(Failure::Silent { .. })),
        "{failure:?}"
    );

    let closes = |mut tcp: TcpStream| async move {
        let _ = tcp.read(&mut [0; 4096]).await;
    };
    assert_eq!(
        see(&raw(closes).await, &quick).await.failure,
        Some(Failure::Closed)
    );

    let resets = |tcp: TcpStream| async move {
        // What lies unread when it is closed makes the kernel say so by a reset.
        let _ = tcp.readable().await;
    };
    assert_eq!(
        see(&raw(resets).await, &quick).await.failure,
        Some(Failure::Reset)
    );

    let ssh = |mut tcp: TcpStream| async move {
        let _ = tcp.write_all(b"SSH-2.0-x\r\n").await;
        let _ = tcp.read(&mut [0; 4096]).await;
    };
    let failure = see(&raw(ssh).await, &quick).await.failure;
    assert!(
        matches!(failure, Some(Failure::NotTls { .. })),
        "{failure:?}"
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let nobody = Target::new("127.0.0.1", port);
    assert_eq!(see(&nobody, &quick).await.failure, Some(Failure::Refused));

    let nowhere = fetch(&Target::new("no.such.host.invalid", 443), &quick).await;
    assert!(matches!(
        nowhere,
        Err(Unresolved::NoAddress { .. } | Unresolved::TooSlow { .. })
    ));
}

#[tokio::test]
async fn nobody_can_send_for_ever() {
    let own = own();
    // One certificate of 16 MB less a little, and one of a thousand copies.
    for chain in [
        vec![own.der.clone(), vec![0x30; 16_000_000]],
        vec![own.der.clone(); 1000],
    ] {
        let target = tls(config(&own, chain, &[&version::TLS12], false)).await;
        let seen = see(&target, &Options::default()).await;
        assert_eq!(seen.failure, Some(Failure::MessageTooLong));
        assert!(seen.chain.is_empty());
    }

    // Warnings that say nothing, without end: unrecognized_name, one after the other.
    let warns = |mut tcp: TcpStream| async move {
        let record = [21, 3, 3, 0, 2, 1, 112].repeat(1000);
        while tcp.write_all(&record).await.is_ok() {}
    };
    let target = raw(warns).await;
    let seen = see(&target, &Options::default()).await;
    assert!(seen.failure.is_some());

    // A byte of a handshake message now and then.
    let drips = |mut tcp: TcpStream| async move {
        let _ = tcp.write_all(&[22, 3, 3, 0, 100]).await;
        while tcp.write_all(&[2]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let quick = Options {
        timeout: Duration::from_millis(300),
        ..Options::default()
    };
    let failure = see(&raw(drips).await, &quick).await.failure;
    assert!(matches!(failure, Some(Failure::Slow { .. })), "{failure:?}");
}
