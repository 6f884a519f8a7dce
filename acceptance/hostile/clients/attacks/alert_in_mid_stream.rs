//! What is not encrypted, in the midst of what is.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Attack;
use crate::hostile::clients::ground::{Ground, rest, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "an alert, or any record in clear, in the midst of a download",
    would_win: "a server that is in a state which nobody thought of",
    stopped_by: "rustls: what is not sealed with the connection's keys ends it",
    codes: &[],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 4, |ground| async move {
        // Alerts: fatal handshake_failure, warning close_notify, warning no_renegotiation; then a hello, and data.
        let records: [&[u8]; 5] = [
            &[21, 3, 3, 0, 2, 2, 40],
            &[21, 3, 3, 0, 2, 1, 0],
            &[21, 3, 3, 0, 2, 1, 100],
            &[22, 3, 3, 0, 4, 1, 0, 0, 0],
            &[23, 3, 3, 0, 1, 0],
        ];
        for record in records {
            let mut stream = ground.tls(ground.download).await.ok()?;
            let request = ground.get_image("");
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut some = [0; 4096];
            stream.read_exact(&mut some).await.ok()?;
            assert!(some.starts_with(b"HTTP/1.1 200"), "no download");
            let (mut stream, _) = stream.into_inner();
            stream.write_all(record).await.ok()?;
            // To the end of the connection. The server may have handed over all of the image before it read the record.
            rest(&mut stream).await;
        }
        Some("closed".to_owned())
    })
    .await
}
