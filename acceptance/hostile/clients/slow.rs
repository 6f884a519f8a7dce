//! Slow ones: who is slow and honest comes through; who is slower than his address lives does not.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::Runtime,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::ground::{self, ATTACKER, Ground, HOSTILE, Siege, connect_from};
use crate::harness::{Answer, ask, built_with, need};

/// A link with a delay in one direction and a rate in the other. It takes no more from the server than it gives on.
struct Link {
    at: SocketAddr,
    _runtime: Runtime,
}

impl Link {
    /// Before a server: what a client says takes `delay`, what it hears comes at `rate` bytes per second.
    fn before(server: SocketAddr, delay: Duration, rate: u64) -> Self {
        let runtime = ground::runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let at = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = connect_from(ATTACKER, server, Some(4096)).await.unwrap();
                let (from_server, to_server) = server.into_split();
                let (from_client, to_client) = client.into_split();
                tokio::spawn(delayed(from_client, to_server, delay));
                tokio::spawn(throttled(from_server, to_client, rate));
            }
        });
        Self {
            at,
            _runtime: runtime,
        }
    }

    /// The options with which curl takes it.
    fn ask(&self, siege: &Siege, folder: &str, args: &[&str]) -> Result<Answer, String> {
        let through = format!("::{}", self.at);
        let args = [args, &["--connect-to", &through, "--max-time", "120"]].concat();
        ask(&siege.house.path(folder), &args)
    }
}

async fn delayed(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let mut some = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut some).await {
        sleep(delay).await;
        if to.write_all(&some[..count]).await.is_err() {
            return;
        }
    }
}

async fn throttled(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, rate: u64) {
    let (begun, mut sum) = (Instant::now(), 0);
    let mut some = vec![0; usize::try_from(rate / 8).unwrap()];
    while let Ok(count @ 1..) = from.read(&mut some).await {
        sum += count as u64;
        tokio::time::sleep_until(begun + Duration::from_millis(sum * 1000 / rate)).await;
        if to.write_all(&some[..count]).await.is_err() {
            return;
        }
    }
}

#[test]
fn a_slow_chip_on_a_slow_link_gets_its_image() {
    if !need("slow_chip", "curl", "apt-get install curl") {
        return;
    }
    // The least that the system can hold, so that it is the server that waits.
    let siege = Siege::lay(&[("send_buffer", 4096)]);
    let image = built_with("1.3.0", "v5.5");
    siege.house.publish(&image, 3);
    let url = format!("{}/ota?v=1.0.0", siege.server.device_url);
    let location = ask(&siege.house.path("device"), &[&url])
        .unwrap()
        .location();
    let ground = siege.ground();
    let link = Link::before(ground.download, Duration::from_millis(700), 4096);
    for version in [["--tls-max", "1.2"], ["--tlsv1.3", "--tlsv1.3"]] {
        let begun = Instant::now();
        let answer = link.ask(&siege, "device", &[&version[..], &[&location]].concat());
        let took = begun.elapsed();
        assert!(
            answer.unwrap().body == image.bytes,
            "{version:?}: another image"
        );
        // Two flights of the handshake and a request; 23 KiB in all.
        assert!(took > Duration::from_secs(4), "{took:?}: it was not slow");
    }
    assert_eq!(siege.look()["refused"], serde_json::json!({}));
}

#[test]
fn an_answer_may_take_as_long_as_its_address_lives_and_no_longer() {
    if !need("slow_answer", "curl", "apt-get install curl") {
        return;
    }
    let siege = Siege::lay(&[
        ("send_buffer", 4096),
        ("slowest_rate", 100_000),
        ("patience_s", 2),
    ]);
    let ground = siege.ground();
    let url = |path: &str| format!("https://localhost:{}{path}", ground.download.port());
    let fetch = |rate| {
        let link = Link::before(ground.download, Duration::ZERO, rate);
        let range = ["--range", "0-299999", &url(&ground.image)];
        let begun = Instant::now();
        let answer = link.ask(&siege, "hostile", &range);
        (answer, begun.elapsed())
    };
    // 300,000 bytes have 5 seconds.
    let (answer, _) = fetch(200_000);
    assert_eq!(answer.unwrap().body.len(), 300_000);
    assert_eq!(siege.look()["refused"], serde_json::json!({}));
    let (answer, took) = fetch(20_000);
    let cut = answer.map_or(0, |answer| answer.body.len());
    assert!(cut < 250_000, "{cut} bytes came, in {took:?}");
    let took = took.as_millis();
    assert!((4000..50_000).contains(&took), "{took} ms");
    let told = &siege.house.operator("/v1/refusals")[0];
    assert_eq!(told["reason"], "reader-too-slow");
    assert_eq!(
        (&told["plane"], &told["claimed"]),
        (&"download".into(), &HOSTILE.into())
    );
    siege.is_empty_again("slow");
}

#[test]
fn one_who_reads_nothing_pins_little_memory() {
    if !need("slow_memory", "curl", "apt-get install curl") {
        return;
    }
    let siege = Siege::lay(&[
        ("per_device", COUNT + 50),
        ("per_address_per_second", 10_000),
    ]);
    let ground = Arc::new(siege.ground());
    let runtime = ground::runtime();
    let begin = |count: u32| {
        let ground = Arc::clone(&ground);
        runtime.block_on(async move {
            let mut all = JoinSet::new();
            for _ in 0..count {
                all.spawn(stuck(Arc::clone(&ground)));
            }
            all.join_all().await
        })
    };
    // What is there once, be there.
    let first = begin(20);
    let before = siege.memory_mib();
    let stuck = begin(COUNT);
    std::thread::sleep(Duration::from_secs(2));
    let after = siege.memory_mib();
    let each = (after - before) * 1024 / u64::from(COUNT);
    eprintln!(
        "{COUNT} readers that read nothing: {each} KiB each; the system: {}",
        system()
    );
    let view = siege.look();
    assert_eq!(view["connections"]["download"]["open"], COUNT + 20);
    assert!(each < 128, "{each} KiB for each reader that reads nothing");
    drop((first, stuck));
}

#[test]
fn what_the_system_holds_of_an_answer_it_does_not_hold_for_ever() {
    if !need("slow_rest", "curl", "apt-get install curl") {
        return;
    }
    let siege = Siege::lay(&[("slowest_rate", 1_000_000), ("stalled_s", 3)]);
    let ground = siege.ground();
    let open = || siege.look()["connections"]["download"]["open"].clone();
    ground::runtime().block_on(async {
        let mut stream = ground.tls_slow(ground.download).await.unwrap();
        // It fits in what the system holds: the server is done with it at once.
        let request = ground.get_image("Range: bytes=0-49999\r\nConnection: close\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let (stream, _) = stream.into_inner();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(open(), 1, "it is counted nowhere");
        let begun = Instant::now();
        while matches!(stream.take_error(), Ok(None)) {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "it is still there"
            );
            sleep(Duration::from_millis(50)).await;
        }
    });
    siege.is_empty_again("the rest of an answer");
}

/// A connection whose peer asked for an image and reads nothing.
async fn stuck(ground: Arc<Ground>) -> TcpStream {
    let mut stream = ground.tls_slow(ground.download).await.unwrap();
    stream
        .write_all(ground.get_image("").as_bytes())
        .await
        .unwrap();
    stream.into_inner().0
}

/// What Linux says of all TCP sockets of this machine: `mem` is in pages.
fn system() -> String {
    let text = std::fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("TCP:"));
    line.unwrap_or("?").to_owned()
}

const COUNT: u32 = 300;
