//! A request whose head has no end.

use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use super::Attack;
use crate::hostile::clients::ground::{Ground, rest, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "headers without end: large ones, and many small ones",
    would_win: "all memory",
    stopped_by: "`head_bytes`, `headers`",
    codes: &["request-too-large"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 8, |ground| async move {
        for header in [
            "X: ".to_owned() + &"x".repeat(4000) + "\r\n",
            "X:\r\n".repeat(10),
        ] {
            let mut stream = ground.tls(ground.device).await.ok()?;
            stream
                .write_all(b"GET /ota?v=1.0.0 HTTP/1.1\r\n")
                .await
                .ok()?;
            let mut sent = 0;
            while stream.write_all(header.as_bytes()).await.is_ok() {
                sent += header.len();
                if sent > 64 << 20 {
                    return Some("64 MiB were taken".to_owned());
                }
            }
            rest(&mut stream).await;
        }
        // Many in one head that is whole.
        let many = format!("GET /ota?v=1.0.0 HTTP/1.1\r\n{}\r\n", "X:\r\n".repeat(101));
        let told =
            crate::hostile::clients::ground::statuses(&ground, ground.device, many.as_bytes())
                .await;
        (told != "no handshake").then(|| format!("{told} and closed"))
    })
    .await
}
