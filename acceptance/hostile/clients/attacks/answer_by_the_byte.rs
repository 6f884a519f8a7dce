//! A download that is read as slowly as one can.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::sleep,
};

use super::Attack;
use crate::hostile::clients::ground::{Ground, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a download that is read by ten bytes a second",
    would_win: "the same, past any limit on silence",
    stopped_by: "`slowest_rate` and `patience_s`: an answer may take as long as its URL lives; `stalled_s`",
    codes: &["reader-too-slow"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 8, |ground| async move {
        let mut stream = ground.tls_slow(ground.download).await.ok()?;
        let request = ground.get_image("Range: bytes=0-199999\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let (mut stream, _) = stream.into_inner();
        let mut some = [0; 1];
        for _ in 0..600 {
            // What came before the reset can still be read, and says nothing.
            let is_reset = !matches!(stream.take_error(), Ok(None));
            if is_reset || !matches!(stream.read(&mut some).await, Ok(1)) {
                return Some("reset".to_owned());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Some("kept for a minute".to_owned())
    })
    .await
}
