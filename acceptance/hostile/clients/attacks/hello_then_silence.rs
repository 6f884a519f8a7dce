//! Half a handshake.

use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use super::Attack;
use crate::hostile::clients::ground::{Ground, client_hello, rest, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a ClientHello, or part of one, and then silence",
    would_win: "a place for as long as it likes, for 200 bytes and a signature of ours",
    stopped_by: "`handshake_s`",
    codes: &["handshake-too-slow"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 50, |ground| async move {
        let hello = client_hello(&ground.as_nobody);
        let mut stream = ground.connect(ground.device).await.ok()?;
        let part = match stream.local_addr().ok()?.port() % 3 {
            0 => 1,
            1 => hello.len() / 2,
            _ => hello.len(),
        };
        stream.write_all(&hello[..part]).await.ok()?;
        rest(&mut stream).await;
        Some("reset".to_owned())
    })
    .await
}
