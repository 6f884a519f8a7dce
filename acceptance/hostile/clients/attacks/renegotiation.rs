//! A second handshake inside the first (TLS 1.2), by openssl.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use super::Attack;
use crate::hostile::clients::ground::{Ground, end};

pub(super) const ATTACK: Attack = Attack {
    name: "renegotiation",
    would_win: "handshakes without end over one connection, past all limits on new ones",
    stopped_by: "rustls: it renegotiates with nobody",
    codes: &[],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    tokio::task::spawn_blocking(move || {
        let end = end();
        let mut seen = Vec::new();
        while tokio::time::Instant::now() < end {
            seen.push(once(&ground));
        }
        seen.sort();
        seen.dedup();
        seen.join(" or ")
    })
    .await
    .unwrap()
}

fn once(ground: &Ground) -> String {
    let file = |name: &str| ground.folder.join(name);
    let mut openssl = Command::new("openssl")
        .args([
            "s_client",
            "-tls1_2",
            "-connect",
            &ground.device.to_string(),
        ])
        .args(["-bind", "127.0.0.2:0"])
        .arg("-cert")
        .arg(file("device.pem"))
        .arg("-cert_chain")
        .arg(file("device.pem"))
        .arg("-key")
        .arg(file("device.key"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = openssl.stdin.take().unwrap();
    // A line with an R alone asks for it.
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(200));
        let _ = stdin.write_all(b"R\n");
    }
    let told = openssl.wait_with_output().unwrap();
    drop(stdin);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    if told.contains("no renegotiation") {
        "refused".to_owned()
    } else {
        format!("openssl says {told}")
    }
}
