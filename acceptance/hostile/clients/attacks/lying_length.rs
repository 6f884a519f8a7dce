//! Lengths that are not so.

use std::sync::Arc;

use super::Attack;
use crate::hostile::clients::ground::{Ground, statuses, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "a length that lies: too large, no number, more than comes, and a body where none belongs",
    would_win: "memory set aside for nothing, a number that overflows, a read that never ends",
    stopped_by: "1024 bytes at most on the device plane, none on the download plane; `body_s`",
    codes: &["body-too-large", "malformed-request", "request-too-slow"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 4, |ground| async move {
        let lengths = [
            ("18446744073709551615", "431"),
            ("18446744073709551616", "400"),
            ("18446744073709551613", "413"),
            ("1000000000", "413"),
            ("1025", "413"),
            ("-1", "400"),
            ("+5", "400"),
            ("0x10", "400"),
            ("5, 5, 6", "400"),
            ("1024", "408"),
        ];
        for (length, wanted) in lengths {
            let request = format!(
                "POST /v1/checkin HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\nabc"
            );
            let told = statuses(&ground, ground.device, request.as_bytes()).await;
            if told == "no handshake" {
                return None;
            }
            if told != wanted {
                return Some(format!("{length}: {told}"));
            }
        }
        let request = ground.get_image("Content-Length: 3\r\n") + "abc";
        let told = statuses(&ground, ground.download, request.as_bytes()).await;
        match &*told {
            "413" => Some("400, 408, 413 or 431, and closed".to_owned()),
            "no handshake" => None,
            _ => Some(told),
        }
    })
    .await
}
