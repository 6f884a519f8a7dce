//! Many hosts, each with few connections.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};

use super::{Attack, is_open};
use crate::hostile::clients::ground::{Ground, connect_from, end};

pub(super) const ATTACK: Attack = Attack {
    name: "silent connections from a thousand addresses, again and again",
    would_win: "all places, past any limit for one address",
    stopped_by: "`handshakes`, given by lot to those who come",
    codes: &["too-many-handshakes"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    let end = end();
    let mut held = Vec::new();
    let mut most = 0;
    'all: loop {
        for hundred in 0..10 {
            let mut coming = JoinSet::new();
            for host in 0..100 {
                let from = Ipv4Addr::new(127, 1, hundred, host + 1);
                let to = ground.device;
                coming.spawn(async move { connect_from(from, to, None).await.ok() });
            }
            while let Some(came) = coming.join_next().await {
                held.extend(came.unwrap());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            held.retain_mut(is_open);
            most = most.max(held.len());
            if Instant::now() > end {
                break 'all;
            }
        }
    }
    while !held.is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        held.retain_mut(is_open);
        assert!(
            Instant::now() < end + Duration::from_mins(1),
            "{}",
            held.len()
        );
    }
    // Some may have been reset and not have heard of it.
    if most <= 500 {
        "reset, but for `handshakes` of them".to_owned()
    } else {
        format!("{most} were open at once")
    }
}
