//! Files by https: from servers that do it well, and from others.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;
use std::time::Duration;

use countersign_probe::{DownloadError, Downloaded, Downloading, Failure, NotAUrl, Url, download};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A root, and a server's configuration under it.
struct Scene {
    root: Vec<u8>,
    config: Arc<ServerConfig>,
}

fn scene(name: &str, last_year: i32) -> Scene {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_after = date_time_ymd(last_year, 1, 1);
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    Scene {
        root: root.der().to_vec(),
        config: Arc::new(config),
    }
}

/// Sends what `answer` gives for a path to everybody; then says farewell, or goes without a word.
async fn serve(
    scene: &Scene,
    farewell: bool,
    answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> String {
    let acceptor = TlsAcceptor::from(Arc::clone(&scene.config));
    let answer = Arc::new(answer);
    let address = plain(move |tcp| {
        let (acceptor, answer) = (acceptor.clone(), Arc::clone(&answer));
        async move {
            let Ok(mut stream) = acceptor.accept(tcp).await else {
                return;
            };
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let _ = stream.write_all(&answer(path)).await;
            let _ = stream.flush().await;
            if farewell {
                let _ = stream.shutdown().await;
            }
        }
    })
    .await;
    format!("https://{address}")
}

async fn plain<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(serve(tcp));
        }
    });
    address
}

async fn get(url: &str, root: &[u8]) -> Result<Downloaded, DownloadError> {
    let how = Downloading {
        roots: vec![root.to_vec()],
        timeout: Duration::from_mins(1),
        max_bytes: 1000,
        max_redirects: 2,
    };
    download(&url.parse().unwrap(), &how).await
}

#[tokio::test]
async fn a_file_comes_whole_and_behind_redirects() {
    let scene = scene("127.0.0.1", 2060);
    let url = serve(&scene, true, |path| {
        match path {
            "/a" => "HTTP/1.1 302 Found\r\nLocation: b?s=secret\r\nContent-Length: 0\r\n\r\n",
            "/b?s=secret" => "HTTP/1.1 308 x\r\nLocation: /c?s=secret\r\nContent-Length: 0\r\n\r\n",
            // Without a length, the end is where the server says farewell.
            "/c?s=secret" => {
                "HTTP/1.1 200 OK\r\nContent-Type: Text/CSV; charset=utf-8\r\n\r\nhello"
            }
            "/d" => "HTTP/1.1 301 x\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        }
        .into()
    })
    .await;
    let file = get(&format!("{url}/a"), &scene.root).await.unwrap();
    assert_eq!(file.body, b"hello");
    assert_eq!(file.content_type.as_deref(), Some("text/csv"));
    assert_eq!(file.from.to_string(), format!("{url}/c"));
    let file = get(&format!("{url}/chunks"), &scene.root).await.unwrap();
    assert_eq!((file.body, file.content_type), (b"hello".to_vec(), None));
    let error = get(&format!("{url}/d"), &scene.root).await.unwrap_err();
    assert_eq!(error, DownloadError::TooManyRedirects { max: 2 });
}

#[tokio::test]
async fn what_is_no_whole_file_is_named() {
    let scene = scene("127.0.0.1", 2060);
    let url = serve(&scene, false, |path| {
        let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(5000));
        match path {
            "/missing" => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "/cut" => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
            "/torn" => "HTTP/1.1 200 OK\r\n\r\nhello",
            "/chunk" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
            "/long" => "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
            "/endless" => &long,
            "/packed" => "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
            "/plain" => "HTTP/1.1 302 x\r\nLocation: http://h/\r\nContent-Length: 0\r\n\r\n",
            "/nowhere" => "HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n",
            "/closes" => "",
            _ => "SSH-2.0-OpenSSH\r\n\r\n",
        }
        .into()
    })
    .await;
    let cut = |stated| DownloadError::Cut { came: 5, stated };
    for (path, expected) in [
        ("missing", DownloadError::Status { status: 404 }),
        ("cut", cut(Some(9))),
        ("torn", cut(None)),
        ("chunk", cut(None)),
        ("long", DownloadError::TooLong { limit: 1000 }),
        ("endless", DownloadError::TooLong { limit: 1000 }),
        (
            "packed",
            DownloadError::Encoded {
                encoding: "gzip".to_owned(),
            },
        ),
        (
            "plain",
            DownloadError::Redirect(NotAUrl::Target(countersign_probe::NotATarget::PlainHttp)),
        ),
        ("nowhere", DownloadError::Status { status: 302 }),
        ("closes", DownloadError::NoAnswer),
    ] {
        let error = get(&format!("{url}/{path}"), &scene.root)
            .await
            .unwrap_err();
        assert_eq!(error, expected, "{path}");
    }
    let error = get(&format!("{url}/ssh"), &scene.root).await.unwrap_err();
    assert!(matches!(error, DownloadError::Http { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_proves_nothing_gives_nothing() {
    let [good, other, ended] = [("127.0.0.1", 2060), ("b.test", 2060), ("127.0.0.1", 2020)]
        .map(|(name, year)| scene(name, year));
    for (server, root, part) in [
        (&good, &other.root, "no root"),
        (&other, &other.root, "other names"),
        (&ended, &ended.root, "has ended"),
    ] {
        let url = serve(server, true, |_| b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).await;
        let error = get(&url, root).await.unwrap_err();
        assert!(matches!(error, DownloadError::Certificate { .. }));
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn other_protocols_and_silence_are_told_apart() {
    let http = plain(|mut tcp| async move {
        let _ = tcp.read(&mut [0; 512]).await;
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let error = get(&format!("https://{http}/"), &[]).await.unwrap_err();
    assert_eq!(error, DownloadError::Connection(Failure::PlainHttp));

    let silent = plain(|mut tcp| async move {
        while tcp.read(&mut [0; 512]).await.is_ok_and(|read| read > 0) {}
    })
    .await;
    let after = Duration::from_millis(300);
    let how = Downloading {
        roots: Vec::new(),
        timeout: after,
        max_bytes: 1000,
        max_redirects: 0,
    };
    let url: Url = format!("https://{silent}/").parse().unwrap();
    let error = download(&url, &how).await.unwrap_err();
    assert_eq!(error, DownloadError::TooSlow { after });

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let error = get(&format!("https://{nobody}/"), &[]).await.unwrap_err();
    assert_eq!(error, DownloadError::Connection(Failure::Refused));
}
