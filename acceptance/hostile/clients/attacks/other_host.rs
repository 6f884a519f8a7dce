//! Requests for somebody else.

use std::sync::Arc;

use super::Attack;
use crate::hostile::clients::ground::{Ground, statuses, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "targets with another host, or none: absolute form, CONNECT, `*`, two Hosts",
    would_win: "a proxy to the server's own network, or to its operator plane",
    stopped_by: "nothing is routed by a host: the path is all that is looked at",
    codes: &[],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 4, |ground| async move {
        for (line, wanted) in [
            ("GET http://127.0.0.1/v1/devices HTTP/1.1", "404"),
            ("GET http://operator/ota?v=1.0.0 HTTP/1.1", "302"),
            ("GET //operator/v1/devices HTTP/1.1", "404"),
            ("GET /../v1/devices HTTP/1.1", "404"),
            ("GET /%2e%2e/v1/devices HTTP/1.1", "404"),
            ("CONNECT 127.0.0.1:8440 HTTP/1.1", "404"),
            ("OPTIONS * HTTP/1.1", "404"),
            ("GET /v1/devices HTTP/1.1\r\nHost: operator", "404"),
        ] {
            let request = format!("{line}\r\nHost: x\r\nConnection: close\r\n\r\n");
            let told = statuses(&ground, ground.device, request.as_bytes()).await;
            if told == "no handshake" {
                return None;
            }
            if told != wanted {
                return Some(format!("{line}: {told}"));
            }
        }
        Some("as if the host were not there: 404, or what is under the path".to_owned())
    })
    .await
}
