//! One host that opens connections and says nothing.

use std::sync::Arc;

use super::{Attack, is_open};
use crate::hostile::clients::ground::{Ground, end, rest};

pub(super) const ATTACK: Attack = Attack {
    name: "a thousand silent connections from one address",
    would_win: "all places, so that no device finds one",
    stopped_by: "`per_address`, `per_address_per_second`",
    codes: &["too-many-from-address", "too-often-from-address"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    let end = end();
    let mut most = 0;
    let mut held = Vec::new();
    while tokio::time::Instant::now() < end {
        let all = (0..1000).map(|_| {
            let ground = Arc::clone(&ground);
            tokio::spawn(async move { ground.connect(ground.device).await.ok() })
        });
        for one in all.collect::<Vec<_>>() {
            held.extend(one.await.unwrap());
        }
        // Who is not reset by now has a place.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        held.retain_mut(is_open);
        most = most.max(held.len());
    }
    for mut stream in held {
        rest(&mut stream).await;
    }
    assert!(most > 0, "nobody ever had a place");
    // Some may have been reset and not have heard of it.
    if most <= 500 {
        "reset, but for `per_address` of them".to_owned()
    } else {
        format!("{most} were open at once")
    }
}
