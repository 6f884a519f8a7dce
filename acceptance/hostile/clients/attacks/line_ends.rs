//! Lines that end otherwise than lines do.

use std::sync::Arc;

use super::Attack;
use crate::hostile::clients::ground::{Ground, statuses, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "headers smuggled by line ends: folded, bare CR, NUL, blanks before the colon",
    would_win: "a header that somebody before us read otherwise",
    stopped_by: "hyper: none of them is a header",
    codes: &["malformed-request"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 4, |ground| async move {
        for header in [
            "X: a\r\n Content-Length: 5\r\n",
            "X: a\rContent-Length: 5\r\n",
            "X: a\0b\r\n",
            "X : a\r\n",
            " X: a\r\n",
            "X\r\n",
            ": a\r\n",
        ] {
            let request = format!("GET /ota?v=1.0.0 HTTP/1.1\r\nHost: x\r\n{header}\r\n");
            let told = statuses(&ground, ground.device, request.as_bytes()).await;
            match &*told {
                "400" => {}
                "no handshake" => return None,
                _ => return Some(format!("{header:?}: {told}")),
            }
        }
        // A bare LF ends a line (RFC 9112 §2.2 lets it): the same for everything that we read, and nobody reads before us.
        let request = b"GET /ota?v=1.0.0 HTTP/1.1\nHost: x\nConnection: close\n\n";
        let told = statuses(&ground, ground.device, request).await;
        match &*told {
            "302" => Some("400 and closed; a bare LF is an end of line like any other".to_owned()),
            "no handshake" => None,
            _ => Some(format!("bare LF: {told}")),
        }
    })
    .await
}
