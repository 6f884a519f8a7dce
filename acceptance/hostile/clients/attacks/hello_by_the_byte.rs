//! A handshake that never ends, though something comes all the time.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};

use super::Attack;
use crate::hostile::clients::ground::{Ground, client_hello, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a ClientHello in records of one byte, ten a second",
    would_win: "a place for minutes, past any limit on silence",
    stopped_by: "`handshake_s`, which is for the whole handshake",
    codes: &["handshake-too-slow"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 50, |ground| async move {
        let hello = client_hello(&ground.as_nobody);
        let mut stream = ground.connect(ground.device).await.ok()?;
        // The handshake message without its record's header.
        for byte in &hello[5..] {
            if stream.write_all(&[22, 3, 1, 0, 1, *byte]).await.is_err() {
                return Some("reset".to_owned());
            }
            let mut told = [0; 1];
            let heard = timeout(Duration::from_millis(1), stream.read(&mut told)).await;
            match heard {
                Ok(Ok(1)) => return Some("an answer".to_owned()),
                Ok(_) => return Some("reset".to_owned()),
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
        Some("a whole hello".to_owned())
    })
    .await
}
