//! Chunks that are not as long as they say.

use std::sync::Arc;

use super::Attack;
use crate::hostile::clients::ground::{Ground, statuses, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "chunks that lie about their size",
    would_win: "a number that overflows, a request behind a chunk's end",
    stopped_by: "no `Transfer-Encoding` is taken: no chunk is ever read",
    codes: &["length-required"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 4, |ground| async move {
        let hidden = "GET /ota?v=1.0.0 HTTP/1.1\r\nHost: x\r\n\r\n";
        for chunk in [
            "FFFFFFFFFFFFFFFF\r\n",
            "10000000000000000\r\n",
            "-1\r\n",
            "3;x=\"\n\"\r\nabc\r\n0\r\n\r\n",
            "1\nx\n0\n\n",
            "0\r\nX: x\r\n\r\n",
        ] {
            let request = format!(
                "POST /v1/checkin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{hidden}"
            );
            for plane in [ground.device, ground.download] {
                let told = statuses(&ground, plane, request.as_bytes()).await;
                match &*told {
                    "411" => {}
                    "no handshake" => return None,
                    _ => return Some(format!("{chunk:?}: {told}")),
                }
            }
        }
        Some("411 and closed: one answer each".to_owned())
    })
    .await
}
