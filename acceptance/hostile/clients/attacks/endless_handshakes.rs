//! A device that does nothing but prove itself.

use std::sync::Arc;

use super::Attack;
use crate::hostile::clients::ground::{Ground, over, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "handshakes without end from one address, with a device's certificate and without",
    would_win: "all our time: each costs a signature and two or three verifications",
    stopped_by: "`per_address_per_second`",
    codes: &["too-often-from-address"],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    let seen = storm(&ground, 40, |ground| async move {
        let stream = ground.connect(ground.device).await.ok()?;
        let config = if stream.local_addr().ok()?.port() % 2 == 0 {
            &ground.as_device
        } else {
            &ground.as_nobody
        };
        // Sessions would make it cheap.
        let mut config = ClientConfig::clone(config);
        config.resumption = Resumption::disabled();
        over(stream, &Arc::new(config)).await.ok()?;
        Some("so many in a second, and no more".to_owned())
    });
    seen.await
}

use tokio_rustls::rustls::{ClientConfig, client::Resumption};
