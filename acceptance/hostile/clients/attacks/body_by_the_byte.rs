//! A message that never ends.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::Attack;
use crate::hostile::clients::ground::{Ground, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a request's body of 1024 bytes by ten bytes a second",
    would_win: "a place for minutes with each request",
    stopped_by: "`body_s`, which is for the whole body",
    codes: &["request-too-slow"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 8, |ground| async move {
        let mut stream = ground.tls(ground.device).await.ok()?;
        let head = b"POST /v1/checkin HTTP/1.1\r\nHost: x\r\nContent-Length: 1024\r\n\r\n";
        stream.write_all(head).await.ok()?;
        for _ in 0..1024 {
            let mut told = [0; 12];
            let wrote = stream.write_all(&[0]).await;
            let heard = timeout(Duration::from_millis(100), stream.read_exact(&mut told)).await;
            match heard {
                Ok(Ok(_)) => {
                    let status = String::from_utf8_lossy(&told[9..]).into_owned();
                    return Some(format!("{status} and closed"));
                }
                // The next byte was on its way when the server closed.
                Ok(Err(_)) => return None,
                Err(_) if wrote.is_err() => return None,
                Err(_) => {}
            }
        }
        Some("a whole body".to_owned())
    })
    .await
}
