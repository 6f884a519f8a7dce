//! A request that ends in two places.

use std::sync::Arc;

use super::Attack;
use crate::hostile::clients::ground::{Ground, statuses, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a request smuggled by two lengths: Content-Length and Transfer-Encoding, or two that differ",
    would_win: "a second request that somebody before us did not see",
    stopped_by: "bodies have one `Content-Length`, and no `Transfer-Encoding`",
    codes: &["length-required", "malformed-request"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 4, |ground| async move {
        let headers = [
            ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "411"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "411"),
            (
                "Content-Length: 4\r\nTransfer-Encoding: identity, chunked\r\n",
                "411",
            ),
            (
                "Content-Length: 4\r\nTransfer-Encoding: chunked, identity\r\n",
                "400",
            ),
            (
                "Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n",
                "400",
            ),
            (
                "Content-Length: 4\r\nTransfer-Encoding:\tchunked\r\n",
                "411",
            ),
            (
                "Content-Length: 4\r\nTransfer-Encoding : chunked\r\n",
                "400",
            ),
            (
                "Content-Length: 4\r\nTransfer-Encoding\r\n : chunked\r\n",
                "400",
            ),
            ("Content-Length: 4\r\nContent-Length: 40\r\n", "400"),
            ("Content-Length: 4, 40\r\n", "400"),
        ];
        let hidden = "0\r\n\r\nGET /ota?v=1.0.0 HTTP/1.1\r\nHost: x\r\n\r\n";
        for (header, wanted) in headers {
            let request = format!("POST /v1/checkin HTTP/1.1\r\nHost: x\r\n{header}\r\n{hidden}");
            let told = statuses(&ground, ground.device, request.as_bytes()).await;
            if told == "no handshake" {
                return None;
            }
            if told != wanted {
                return Some(format!("{header:?}: {told}"));
            }
        }
        Some("400 or 411, and closed: one answer each".to_owned())
    })
    .await
}
