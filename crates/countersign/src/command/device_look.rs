//! `countersign device list` and `show`.

use anyhow::Result;
use countersign_operations::view::{DeviceView, RunningView};

use crate::{
    cli::Global,
    operator::{self, Operator},
    output::{self, or_dash},
};

pub(super) async fn list(global: &Global) -> Result<()> {
    let devices: Vec<DeviceView> = Operator::reach(global).await?.get("/v1/devices").await?;
    if global.json {
        return output::json(&devices);
    }
    if devices.is_empty() {
        println!("no device yet; `countersign device enroll` makes one");
        return Ok(());
    }
    // Where nobody has author sets they are nobody's business.
    let with_authors = devices.iter().any(|one| one.newest_author_set.is_some());
    let row = |device: DeviceView| {
        let running = device.running.as_ref();
        let mut row = vec![
            device.id,
            device.product,
            device.state,
            or_dash(running.map(|running| running.version.as_str())),
            or_dash(running.and_then(|running| running.chip.as_deref())),
            or_dash(device.last_seen.as_deref()),
        ];
        let said = running.and_then(|running| running.author_set);
        let of = match (said, device.newest_author_set) {
            (Some(said), Some(newest)) => format!("set {said} of {newest}"),
            _ => "-".to_owned(),
        };
        row.extend(with_authors.then_some(of));
        row
    };
    let mut heading = vec!["ID", "PRODUCT", "STATE", "RUNS", "CHIP", "LAST SEEN"];
    heading.extend(with_authors.then_some("AUTHORS"));
    output::table(&heading, devices.into_iter().map(row).collect());
    Ok(())
}

pub(super) async fn show(global: &Global, id: &str) -> Result<()> {
    let path = operator::path("/v1/devices/", id, "");
    let device: DeviceView = Operator::reach(global).await?.get(&path).await?;
    print(global, &device)
}

fn print(global: &Global, device: &DeviceView) -> Result<()> {
    if global.json {
        return output::json(device);
    }
    let state = match &device.state_reason {
        Some(reason) => format!("{} ({reason})", device.state),
        None => device.state.clone(),
    };
    let mut known = vec![
        ("device", device.id.clone()),
        ("product", device.product.clone()),
        ("URN", device.urn.clone()),
        ("state", state),
        ("enrolled", device.enrolled_at.clone()),
        ("last seen", or_dash(device.last_seen.as_deref())),
        (
            "runs",
            device.running.as_ref().map_or_else(|| "-".to_owned(), runs),
        ),
    ];
    known.extend(authors(device).map(|set| ("authors", set)));
    // Of a registered authority's: what it is known by.
    known.extend(device.pin.clone().map(|pin| ("its key", pin)));
    output::pairs(&known);
    // What the device itself met, and behind it what somebody met who only has its name.
    let newest = |proved| device.refusals.iter().find(|one| one.proved == proved);
    for refusal in [newest(true), newest(false)].into_iter().flatten() {
        println!("\n{}", refusal.sentence);
    }
    for certificate in &device.certificates {
        match &*certificate.serial {
            "" => println!("\ncertificate that was not shown yet"),
            serial => println!("\ncertificate {serial}"),
        }
        output::pairs(&[
            (
                "  valid",
                format!("{} to {}", certificate.not_before, certificate.not_after),
            ),
            ("  SHA-256", certificate.fingerprint.clone()),
            ("  revoked", or_dash(certificate.revoked_at.as_deref())),
        ]);
    }
    if !device.offers.is_empty() {
        println!();
        let rows = device.offers.iter().map(|offer| {
            vec![
                or_dash(offer.version.as_deref()),
                offer.state.clone(),
                offer.offered_at.clone(),
                or_dash(offer.ended_at.as_deref()),
                or_dash(offer.reason_text.as_deref()),
            ]
        });
        output::table(
            &["OFFERED", "STATE", "SINCE", "ENDED", "WHY"],
            rows.collect(),
        );
    }
    Ok(())
}

/// Which author set the device goes by, as it said last, beside the newest that there is.
fn authors(device: &DeviceView) -> Option<String> {
    let newest = device.newest_author_set;
    let said = match device.running.as_ref()?.author_set {
        Some(0) => "the factory's keys".to_owned(),
        Some(sequence) => format!("set {sequence}"),
        None => {
            return newest.map(|newest| {
                format!("follows no author sets; the newest of its product is set {newest}")
            });
        }
    };
    let said_of = device.running.as_ref()?.author_set.unwrap_or(0);
    Some(match newest {
        Some(newest) if newest == said_of => format!("{said}, the newest"),
        Some(newest) if newest > said_of => {
            let behind = newest.saturating_sub(said_of);
            format!(
                "{said}, {behind} behind the newest, set {newest}: it is handed the next one at each check-in"
            )
        }
        None if said_of == 0 => said,
        _ => format!("{said}, of which nothing is known here: was an older database restored?"),
    })
}

fn runs(running: &RunningView) -> String {
    let part = |before, part: Option<&String>| part.map(|part| format!("{before}{part}"));
    let slot = part(" in ", running.slot.as_ref()).unwrap_or_default();
    let chip = part(" on ", running.chip.as_ref()).unwrap_or_default();
    let trial = if running.pending_verify {
        ", not yet confirmed"
    } else {
        ""
    };
    format!("{}{slot}{chip}{trial}", running.version)
}
