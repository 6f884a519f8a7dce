//! HTTP without TLS, of both versions.

use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use super::Attack;
use crate::hostile::clients::ground::{Ground, rest, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "plain HTTP at the port of TLS",
    would_win: "an answer without having proved anything",
    stopped_by: "rustls",
    codes: &["handshake-failed"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 20, |ground| async move {
        let requests = [
            &b"GET /ota?v=1.0.0 HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ];
        for to in [ground.device, ground.download] {
            for request in requests {
                let mut stream = ground.connect(to).await.ok()?;
                let _ = stream.write_all(request).await;
                let told = rest(&mut stream).await;
                if told.windows(4).any(|four| four == b"HTTP") {
                    return Some("an answer".to_owned());
                }
            }
        }
        Some("closed".to_owned())
    })
    .await
}
