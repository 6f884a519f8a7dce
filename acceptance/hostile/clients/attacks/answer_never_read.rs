//! A download that nobody reads.

use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use super::Attack;
use crate::hostile::clients::ground::{Ground, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a download whose reader never reads",
    would_win: "memory of ours and the system's, and an open image, for as long as it likes",
    stopped_by: "`stalled_s`; `send_buffer` bounds what is held meanwhile",
    codes: &["reader-too-slow"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 8, |ground| async move {
        let mut stream = ground.tls_slow(ground.download).await.ok()?;
        let request = ground.get_image("");
        stream.write_all(request.as_bytes()).await.ok()?;
        let (stream, _) = stream.into_inner();
        // The end is all that is asked for: of what comes, nothing is taken.
        super::reset_of(&stream).await;
        Some("reset".to_owned())
    })
    .await
}
