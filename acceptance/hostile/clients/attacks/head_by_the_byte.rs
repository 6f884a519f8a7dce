//! A request that never ends ("slowloris").

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::Attack;
use crate::hostile::clients::ground::{Ground, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a request's head by ten bytes a second",
    would_win: "a place for hours, past any limit on silence",
    stopped_by: "`head_s`, which is for the whole head",
    codes: &["request-too-slow"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 8, |ground| async move {
        let mut stream = ground.tls(ground.device).await.ok()?;
        let request = format!("GET /ota?v=1.0.0 HTTP/1.1\r\nX: {}", "x".repeat(1000));
        for byte in request.as_bytes() {
            let mut told = [0; 1];
            let wrote = stream.write_all(&[*byte]).await;
            let heard = timeout(Duration::from_millis(100), stream.read(&mut told)).await;
            if wrote.is_err() || heard.is_ok() {
                return Some("closed".to_owned());
            }
        }
        Some("a whole head".to_owned())
    })
    .await
}
