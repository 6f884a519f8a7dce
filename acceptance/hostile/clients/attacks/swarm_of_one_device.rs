//! One device as if it were many.

use std::{sync::Arc, time::Duration};

use super::{Attack, is_open};
use crate::hostile::clients::ground::{Ground, end, rest};

pub(super) const ATTACK: Attack = Attack {
    name: "a device that opens ever more connections, and keeps them",
    would_win: "the places of other devices, with one certificate",
    stopped_by: "`per_device`: its oldest is closed for its newest",
    codes: &["too-many-from-device"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    let end = end();
    let mut held = Vec::new();
    let mut most = 0;
    while tokio::time::Instant::now() < end {
        let Ok(stream) = ground.tls(ground.device).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (stream, _) = stream.into_inner();
        held.push(stream);
        held.retain_mut(is_open);
        most = most.max(held.len());
    }
    for mut stream in held {
        rest(&mut stream).await;
    }
    // Some may have been reset and not have heard of it.
    if (8..=60).contains(&most) {
        "reset, but for the newest `per_device`".to_owned()
    } else {
        format!("{most} were open at once")
    }
}
