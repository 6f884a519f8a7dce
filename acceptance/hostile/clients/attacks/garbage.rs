//! Bytes that are no TLS.

use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use super::Attack;
use crate::hostile::clients::ground::{Ground, rest, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "garbage in place of a handshake",
    would_win: "a parser that stumbles, memory for what is no message",
    stopped_by: "rustls; `handshake_bytes`",
    codes: &["handshake-failed"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 20, |ground| async move {
        let mut stream = ground.connect(ground.device).await.ok()?;
        let mut state = u64::from(stream.local_addr().ok()?.port());
        for _ in 0..64 {
            // Knuth's MMIX generator: any bytes will do.
            let bytes: Vec<u8> = std::iter::repeat_with(|| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                state.to_be_bytes()[0]
            })
            .take(1024)
            .collect();
            if stream.write_all(&bytes).await.is_err() {
                break;
            }
        }
        let told = rest(&mut stream).await;
        Some(
            if told.len() > 64 {
                "an answer"
            } else {
                "closed"
            }
            .to_owned(),
        )
    })
    .await
}
