//! Requests without end whose answers nobody reads.

use std::sync::Arc;

use tokio::{io::AsyncWriteExt as _, time::timeout};

use super::Attack;
use crate::hostile::clients::ground::{Ground, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "requests sent ahead without end, whose answers are never read",
    would_win: "memory for each answer, in the order of the requests",
    stopped_by: "a request is read once the one before it is answered; `stalled_s`",
    codes: &["reader-too-slow"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 8, |ground| async move {
        let mut stream = ground.tls_slow(ground.device).await.ok()?;
        let requests = "GET /ota?v=1.0.0 HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
        let mut sent = 0_usize;
        loop {
            let wrote = timeout(
                std::time::Duration::from_secs(30),
                stream.write_all(requests.as_bytes()),
            );
            match wrote.await {
                Ok(Ok(())) => sent += requests.len(),
                Ok(Err(_)) => return Some("reset".to_owned()),
                Err(_) => return Some("kept for half a minute".to_owned()),
            }
            if sent > 64 << 20 {
                return Some("64 MiB were taken".to_owned());
            }
        }
    })
    .await
}
