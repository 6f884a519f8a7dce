//! The certificate that devices are shown: said at the start, and kept current.

use countersign_server::ServerCertificateView;
use tokio::{runtime::Handle, sync::watch, task::spawn_blocking, time::sleep};

use crate::state::{Keeper, LOOK};

/// Keeps the identity current until `stop` says so.
pub(super) async fn keep(mut keeper: Keeper, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        // Files may be far away, and keys on tokens that are slow: neither keeps a device waiting.
        let runtime = Handle::current();
        let looked = spawn_blocking(move || {
            runtime.block_on(keeper.look());
            keeper
        });
        keeper = match looked.await {
            Ok(keeper) => keeper,
            Err(error) => {
                tracing::error!(%error, "the server's certificate is looked after no more; start the server anew");
                return;
            }
        };
    }
}

/// The certificate in two lines, for people.
pub(super) fn in_words(shown: &ServerCertificateView) -> [String; 2] {
    let from = match shown.from.as_str() {
        "own" => "from our own authority",
        _ => "kept by another program",
    };
    let day = |time: &String| time.split('T').next().unwrap_or_default().to_owned();
    let renewed = shown.renewed_at.as_ref().map(day);
    let renewed = renewed.unwrap_or_else(|| "at an unknown time".to_owned());
    let next = match &shown.renews_at {
        Some(at) => format!("; the next one from {} on", day(at)),
        None => String::new(),
    };
    [
        format!("{}, {from}, until {}", shown.file, day(&shown.not_after)),
        format!("serial {}, renewed {renewed}{next}", shown.serial),
    ]
}
