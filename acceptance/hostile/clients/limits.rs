//! Each limit by itself: what it cuts and when, and what it leaves alone.

use std::{fs, net::Ipv4Addr, process::Command, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::rustls::{
    ClientConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::TLS12,
};

use super::ground::{self, ATTACKER, Ground, Siege, connect_from, over, rest};
use crate::harness::{REVOKED, ask, barred, need, run};

fn curl(test: &str) -> bool {
    need(test, "curl", "apt-get install curl")
}

/// How often a code was heard of.
fn times(siege: &Siege, code: &str) -> u64 {
    siege.look()["refused"][code].as_u64().unwrap_or(0)
}

/// The same of a code that is noted when the client has its alert already: waits a moment for the first.
fn heard(siege: &Siege, code: &str) -> u64 {
    for _ in 0..200 {
        if times(siege, code) > 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    times(siege, code)
}

/// Waits until the other end closes; demands that this takes as long as it may: not less, and not ten times more.
async fn is_cut_after(stream: &mut (impl tokio::io::AsyncRead + Unpin), seconds: u64) {
    let begun = Instant::now();
    rest(stream).await;
    let took = begun.elapsed();
    // The server may have begun to count a little before we do.
    let least = Duration::from_millis(seconds * 1000 - 500);
    assert!(
        took > least && took < Duration::from_secs(seconds * 10),
        "{took:?}"
    );
}

#[test]
fn a_handshake_a_head_and_an_idle_connection_have_their_time() {
    if !curl("limits_time") {
        return;
    }
    let siege = Siege::lay(&[("handshake_s", 2), ("head_s", 2)]);
    let ground = siege.ground();
    ground::runtime().block_on(async {
        let mut silent = ground.connect(ground.device).await.unwrap();
        is_cut_after(&mut silent, 2).await;
        assert_eq!(times(&siege, "handshake-too-slow"), 1);
        // Who merely says nothing more has done nothing wrong.
        let mut idle = ground.tls(ground.device).await.unwrap();
        is_cut_after(&mut idle, 2).await;
        assert_eq!(times(&siege, "request-too-slow"), 0);
        let mut half = ground.tls(ground.device).await.unwrap();
        half.write_all(b"GET /ota").await.unwrap();
        is_cut_after(&mut half, 2).await;
        assert_eq!(times(&siege, "request-too-slow"), 1);
        // Between two requests the time begins anew.
        let mut busy = ground.tls(ground.device).await.unwrap();
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(700)).await;
            let request = b"GET /ota?v=1.0.0 HTTP/1.1\r\nHost: x\r\n\r\n";
            busy.write_all(request).await.unwrap();
            let mut told = [0; 12];
            busy.read_exact(&mut told).await.unwrap();
            assert_eq!(&told, b"HTTP/1.1 302");
            let mut more = [0; 4096];
            assert!(busy.read(&mut more).await.unwrap() > 0);
        }
    });
}

#[test]
fn a_body_has_its_time_and_what_its_length_needs() {
    if !curl("limits_body") {
        return;
    }
    let siege = Siege::lay(&[("body_s", 2)]);
    let ground = siege.ground();
    ground::runtime().block_on(async {
        let mut stream = ground.tls(ground.device).await.unwrap();
        let head = b"POST /v1/checkin HTTP/1.1\r\nHost: x\r\nContent-Length: 1024\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let begun = Instant::now();
        let told = rest(&mut stream).await;
        let took = begun.elapsed().as_millis();
        assert!((1500..20_000).contains(&took), "{took} ms");
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(told.starts_with("HTTP/1.1 408"), "{told}");
        assert!(told.contains("\"request-too-slow\""), "{told}");
        assert!(told.contains("connection: close"), "{told}");
    });
    // It is the newest one that the operator hears of, with the name of the device.
    let told = siege.house.operator("/v1/refusals");
    assert_eq!(told[0]["reason"], "request-too-slow");
    assert_eq!(told[0]["claimed"], ground::HOSTILE);
    assert_eq!(told[0]["times"], 1);
}

/// TLS 1.2 as the hostile device, with so many bytes of certificates more than needed: a server's verdict comes before the
/// handshake is over for the client.
fn padded(ground: &Ground, bytes: usize) -> Arc<ClientConfig> {
    let file = |name: &str| ground.folder.join(name);
    let chain = CertificateDer::pem_file_iter(file("device.pem")).unwrap();
    let mut chain: Vec<_> = chain.map(Result::unwrap).collect();
    let issuing = chain[1].clone();
    let count = bytes / issuing.len();
    chain.extend(std::iter::repeat_n(issuing, count));
    let key = PrivateKeyDer::from_pem_file(file("device.key")).unwrap();
    let config = ground::config(&ground.folder, &[&TLS12]);
    Arc::new(config.with_client_auth_cert(chain, key).unwrap())
}

#[test]
fn a_chain_is_read_as_far_as_a_chain_of_devices_goes() {
    if !curl("limits_chain") {
        return;
    }
    let handshake = |ground: &Ground, bytes: usize| {
        ground::runtime().block_on(async {
            let stream = ground.connect(ground.device).await.unwrap();
            over(stream, &padded(ground, bytes)).await.is_ok()
        })
    };
    let siege = Siege::lay(&[]);
    let ground = siege.ground();
    // Four certificates, as a registered authority's device may show; what is more is not looked at.
    assert!(handshake(&ground, 1000));
    assert!(!handshake(&ground, 12_000));
    assert_eq!(heard(&siege, "chain-too-long"), 1);
    // By default 16 KiB are read.
    assert!(!handshake(&ground, 18_000));
    assert_eq!(times(&siege, "handshake-too-large"), 1);
    // A message of more than 65,535 bytes rustls does not read, whatever is set.
    let siege = Siege::lay(&[("handshake_bytes", 1 << 20)]);
    let ground = siege.ground();
    assert!(!handshake(&ground, 60_000));
    assert_eq!(heard(&siege, "chain-too-long"), 1);
    assert!(!handshake(&ground, 68_000));
    assert_eq!(times(&siege, "handshake-too-large"), 0);
    assert_eq!(times(&siege, "handshake-failed"), 1);
}

#[test]
fn behind_the_address_of_a_silent_crowd_a_device_still_comes_through() {
    if !curl("limits_same_address") {
        return;
    }
    let siege = Siege::lay(&[("per_address", 8), ("handshake_s", 60)]);
    let ground = siege.ground();
    let url = format!("{}/ota?v=1.0.0", siege.server.device_url);
    let runtime = ground::runtime();
    let crowd: Vec<TcpStream> = runtime.block_on(async {
        let mut crowd = Vec::new();
        for _ in 0..8 {
            let stream = connect_from(Ipv4Addr::LOCALHOST, ground.device, None).await;
            crowd.push(stream.unwrap());
        }
        crowd
    });
    let came = (0..5).filter(|_| ask(&siege.house.path("device"), &[&url]).is_ok());
    assert_eq!(came.count(), 5);
    assert!(times(&siege, "too-many-from-address") >= 1);
    drop(crowd);
}

#[test]
fn who_is_not_admitted_keeps_no_place() {
    if !curl("limits_not_admitted") {
        return;
    }
    let siege = Siege::lay(&[]);
    let url = format!("{}/ota?v=1.0.0", siege.server.device_url);
    let folder = siege.house.path("hostile");
    assert_eq!(ask(&folder, &[&url]).unwrap().header("connection"), None);
    siege.house.ok(&["device", "revoke", ground::HOSTILE]);
    barred(&siege.house, "hostile", &url, REVOKED);
    siege.is_empty_again("a revoked device");
}

#[test]
fn strangers_push_no_honest_refusal_out_and_do_not_fill_the_log() {
    if !curl("limits_log") {
        return;
    }
    let siege = Siege::lay(&[("per_address_per_second", 100_000), ("handshake_s", 1)]);
    let ground = siege.ground();
    siege.house.ok(&["device", "revoke", ground::HOSTILE]);
    let url = format!("{}/ota?v=1.0.0", siege.server.device_url);
    ask(&siege.house.path("hostile"), &[&url]).unwrap_err();
    ground::runtime().block_on(async {
        let mut silent = Vec::new();
        for nth in 0..600 {
            let mut stream = connect_from(ATTACKER, ground.device, None).await.unwrap();
            if nth % 2 == 0 {
                stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
                rest(&mut stream).await;
            } else {
                // Silent ones: the lot falls upon some, and time upon the others.
                silent.push(tokio::spawn(async move { rest(&mut stream).await }));
            }
        }
        for one in silent {
            one.await.unwrap();
        }
    });
    siege.is_empty_again("strangers");
    assert!(times(&siege, "handshake-failed") >= 300);
    let told = siege.house.operator("/v1/refusals");
    let told = told.as_array().unwrap();
    assert!(told.len() <= 210, "{}", told.len());
    let is = |code: &str| told.iter().filter(|one| one["reason"] == code).count();
    assert_eq!(is("device-revoked"), 1);
    assert!(is("handshake-failed") > 100);
    assert_eq!(is("handshake-too-slow"), 1);
    let slow: Vec<&Value> = told
        .iter()
        .filter(|one| one["reason"] == "handshake-too-slow")
        .collect();
    assert!(slow[0]["times"].as_u64() > Some(100), "{slow:?}");
    // Twenty lines of each code in a minute, and the test may lie in two.
    let lines = siege.log().lines().count();
    assert!(lines < 150, "{lines} lines");
}

#[test]
fn no_silent_program_holds_the_operator_s_address() {
    if !curl("limits_operator") {
        return;
    }
    let siege = Siege::lay(&[("operator_connections", 8), ("head_s", 2)]);
    let token = fs::read_to_string(siege.house.state().join("secrets/operator.token")).unwrap();
    let bearer = format!("Authorization: Bearer {}", token.trim());
    let operator = siege.server.operator.parse().unwrap();
    let url = format!("http://{}/v1/server", siege.server.operator);
    let runtime = ground::runtime();
    let mut silent: Vec<TcpStream> = runtime.block_on(async {
        let mut all = Vec::new();
        for _ in 0..8 {
            let mut stream = connect_from(ATTACKER, operator, None).await.unwrap();
            stream.write_all(b"GET /v1").await.unwrap();
            all.push(stream);
        }
        all
    });
    let mut get = Command::new("curl");
    let told = run(get.args(["-sS", "--fail", "-H", &bearer, &url]));
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    assert!(times(&siege, "too-many-handshakes") >= 1);
    // And they have the time of a request's head.
    runtime.block_on(async {
        for stream in &mut silent {
            rest(stream).await;
        }
    });
    assert!(times(&siege, "request-too-slow") >= 1);
    // A body is not waited for where no token was shown.
    let mut post = Command::new("curl");
    let post = post.args([
        "-sS",
        "--max-time",
        "20",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
    ]);
    let releases = format!("http://{}/v1/releases", siege.server.operator);
    let told = run(post.args(["-H", "Content-Length: 1000000", "-d", "x", &releases]));
    assert_eq!(String::from_utf8_lossy(&told.stdout), "401");
}
