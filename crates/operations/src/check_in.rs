//! A device says what it runs, and is told what is next.

use countersign_fleet::{Running, Seen, decision::Bounds};
use countersign_protocol::{CheckIn, OfferId, SignedRelease, SlotState, UnixTime};

use crate::{Context, Error, Refusal, admit::Admitted, author_sets, link, next};

/// What a device is told.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Now.
    pub time: UnixTime,
    /// When it shall come again, in seconds.
    pub next_check_in_s: u32,
    /// What it shall run next.
    pub offer: Option<Offered>,
    /// The signed successor of the author set that it goes by.
    pub authors: Option<Vec<u8>>,
}

/// A release for the device that asked.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The offer.
    pub id: OfferId,
    /// The author's manifest.
    pub manifest: Vec<u8>,
    /// What further authors have signed of it, as it stands behind it.
    pub co_signatures: Vec<u8>,
    /// Where the image is, for minutes: not for logs.
    pub url: String,
}

/// Answers a check-in.
///
/// # Errors
/// [`Error::NotAdmitted`] where the device says that it is of another product than it was enrolled as;
/// [`Error::Store`].
pub async fn check_in(
    context: &Context,
    admitted: &Admitted,
    said: &CheckIn<'_>,
) -> Result<Answer, Error> {
    let device = admitted.device();
    if said.product != device.product.as_str() {
        return Err(Error::NotAdmitted(Refusal::WrongProduct));
    }
    let running = Running {
        chip: Some(said.chip),
        version: said.version.to_owned(),
        image: said.image,
        slot: Some(said.slot),
        pending_verify: said.state == SlotState::PendingVerify,
        authors: said.authors,
    };
    let about = next::Said {
        running: &running,
        bounds: Bounds {
            counter: Some(said.counter),
            secure_version: Some(said.secure_version),
        },
        authors: Some(said.authors.unwrap_or(0)),
        reports: true,
    };
    let next = next::next(context, admitted, &about).await?;
    let authors = author_sets::successor(context, &device.product, said.authors).await?;
    let now = context.clock.now();
    context.seen.push(Seen {
        device: device.id.clone(),
        at: now,
        running,
    });
    let offer = next.and_then(|(offer, release)| {
        let link = link::download_link(context, &device.id, &release)?;
        // It was parsed when it was published.
        let length = SignedRelease::parse(&release.manifest)
            .map_or(release.manifest.len(), |signed| {
                signed.manifest_bytes().len()
            });
        let mut manifest = release.manifest;
        let co_signatures = manifest.split_off(length);
        Some(Offered {
            id: offer.id,
            manifest,
            co_signatures,
            url: link.url,
        })
    });
    Ok(Answer {
        time: now,
        next_check_in_s: context.settings.check_in_s,
        offer,
        authors,
    })
}
