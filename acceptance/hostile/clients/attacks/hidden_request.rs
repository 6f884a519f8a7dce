//! A request inside another one's body.

use std::sync::Arc;

use super::Attack;
use crate::hostile::clients::ground::{Ground, statuses, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a request hidden in the body of another",
    would_win: "a request that nobody asked whether it may be made",
    stopped_by: "a body is read to its length; every request is admitted by itself",
    codes: &[],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 4, |ground| async move {
        let hidden = "POST /v1/report HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
        let after = "GET /ota?v=1.0.0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let request = format!(
            "POST /v1/checkin HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{hidden}{after}",
            hidden.len()
        );
        // The check-in is no check-in, and behind it comes what was sent openly.
        let told = statuses(&ground, ground.device, request.as_bytes()).await;
        match &*told {
            "400 302" => Some("the body is a body: 400, and the next request's answer".to_owned()),
            "no handshake" => None,
            _ => Some(told),
        }
    })
    .await
}
