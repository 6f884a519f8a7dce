//! A device that asks as fast as it is answered.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::Instant,
};

use super::Attack;
use crate::hostile::clients::{
    ground::{Ground, end, storm},
    honest::check_in,
};

pub(super) const ATTACK: Attack = Attack {
    name: "check-ins without end, over all connections that a device may have",
    would_win: "all our time: each is a look into the database",
    stopped_by: "`per_device`: it is answered in turn with the others; then by revoking it",
    codes: &[],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    let end = end();
    storm(&ground, 8, move |ground| async move {
        let body = check_in("1.0.0");
        let head = format!(
            "POST /v1/checkin HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let request = [head.as_bytes(), &body].concat();
        let mut stream = ground.tls(ground.device).await.ok()?;
        let mut told = [0; 4096];
        while Instant::now() < end {
            stream.write_all(&request).await.ok()?;
            if stream.read(&mut told).await.ok()? == 0 {
                return Some("closed".to_owned());
            }
        }
        Some("answered, in turn".to_owned())
    })
    .await
}
