//! Hellos of versions that are no longer spoken.

use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use super::Attack;
use crate::hostile::clients::ground::{Ground, client_hello, rest, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a hello of TLS 1.0, 1.1, or SSL 2",
    would_win: "a version whose ciphers can be broken",
    stopped_by: "rustls: 1.2 and 1.3 are all that it speaks",
    codes: &["handshake-failed"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 20, |ground| async move {
        for hello in [tls(1), tls(2), ssl2()] {
            let mut stream = ground.connect(ground.device).await.ok()?;
            let _ = stream.write_all(&hello).await;
            let told = rest(&mut stream).await;
            // A handshake record would be a ServerHello.
            if told.first() == Some(&22) {
                return Some("a ServerHello".to_owned());
            }
        }
        // The version is in the hello of today, too: what it offers is in an extension, and this one offers less.
        let mut hello = client_hello(&ground.as_nobody);
        let offers = [0x00, 0x2B, 0x00, 0x05, 0x04, 0x03, 0x04, 0x03, 0x03];
        let at = hello.windows(9).position(|nine| nine == offers)?;
        hello[at + 5..at + 9].copy_from_slice(&[3, 2, 3, 1]);
        let mut stream = ground.connect(ground.device).await.ok()?;
        let _ = stream.write_all(&hello).await;
        let told = rest(&mut stream).await;
        let answered = told.first() == Some(&22);
        Some(if answered { "a ServerHello" } else { "closed" }.to_owned())
    })
    .await
}

/// A `ClientHello` of TLS 1.`minor - 1` (RFC 4346 §7.4.1.2) with `TLS_RSA_WITH_AES_128_CBC_SHA` alone.
fn tls(minor: u8) -> Vec<u8> {
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0x00, 0x2F, 1, 0]);
    let length = u8::try_from(hello.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    record
}

/// A CLIENT-HELLO of SSL 2 (RFC 6101 appendix E), with one cipher and a challenge of 16 bytes.
fn ssl2() -> Vec<u8> {
    let mut hello = vec![0x80, 28, 1, 0, 2, 0, 3, 0, 0, 0, 16, 1, 0, 0x80];
    hello.extend([7; 16]);
    hello
}
