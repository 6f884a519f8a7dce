//! An unmodified ESP-IDF client asks for its image: all that it can say is its URL.
//!
//! It never says how an update ended. That it later asks with the offered version is its confirmation.

use countersign_fleet::{Device, Running, Seen, decision::Bounds};
use countersign_images::url;
use countersign_protocol::Digest;
use countersign_trust::IdfRelease;

use crate::{Context, Error, admit::Admitted, link, next};

/// What a stock client is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Its image: where it is, its digest and its length in bytes.
    Image {
        /// Absolute, `https`, for minutes: not for logs.
        url: String,
        /// SHA-256 of the image.
        digest: Digest,
        /// The image's length in bytes.
        size: u32,
    },
    /// It runs what it shall run, and its ESP-IDF has a result of its own for status 304.
    NotModified,
    /// It runs what it shall run, and its ESP-IDF, or one that we do not know, takes 304 for an image: 404 it is, which
    /// ends `esp_https_ota` from v4.3 on before anything is erased.
    NothingNew,
    /// It runs what it shall run, and its ESP-IDF takes any status that is no redirect for an image. A redirect that
    /// leads nowhere is the one answer that ends its `esp_https_ota` before anything is erased.
    NowhereElse,
}

/// What a stock client said in its request.
#[derive(Clone, Copy, Debug)]
pub struct Poll<'a> {
    /// The version that it runs.
    pub version: &'a str,
    /// The ESP-IDF that it was built with, where it said so.
    pub idf: Option<IdfRelease>,
    /// Its `User-Agent`.
    pub user_agent: Option<&'a str>,
}

/// Answers `GET /ota?v=VERSION`, and `HEAD` just so: what the `HEAD` named, the `GET` after it means too, because an
/// offer is pinned to its device.
///
/// # Errors
/// [`Error::Store`].
pub async fn poll(
    context: &Context,
    admitted: &Admitted,
    said: &Poll<'_>,
) -> Result<Answer, Error> {
    let version = said.version;
    let device = admitted.device();
    let known = device.running.as_ref();
    let running = Running {
        chip: known.and_then(|known| known.chip),
        version: version.to_owned(),
        image: None,
        slot: None,
        pending_verify: false,
        authors: None,
    };
    let about = next::Said {
        running: &running,
        bounds: Bounds::default(),
        authors: None,
        reports: false,
    };
    let next = next::next(context, admitted, &about).await?;
    context.seen.push(Seen {
        device: device.id.clone(),
        at: context.clock.now(),
        running,
    });
    let Some((_, release)) = next else {
        return nothing_new(context, device, said).await;
    };
    let Some(link) = link::download_link(context, &device.id, &release) else {
        return nothing_new(context, device, said).await;
    };
    let room = url::room(said.user_agent);
    let length = url::path_and_query_len(&link.url);
    if length > room {
        tracing::warn!(device = %device.id, length, room, "the download address is longer than the client's buffer: it will stall");
    }
    Ok(Answer::Image {
        url: link.url,
        digest: release.image,
        size: release.size,
    })
}

async fn nothing_new(context: &Context, device: &Device, said: &Poll<'_>) -> Result<Answer, Error> {
    let idf = if said.idf.is_some() {
        said.idf
    } else {
        built_with(context, device, said.version).await?
    };
    Ok(match idf {
        Some(idf) if idf.understands_not_modified() => Answer::NotModified,
        Some(idf) if !idf.understands_not_found() => Answer::NowhereElse,
        _ => Answer::NothingNew,
    })
}

/// The ESP-IDF of the release that a device runs, where it is one of ours and names one.
async fn built_with(
    context: &Context,
    device: &Device,
    version: &str,
) -> Result<Option<IdfRelease>, Error> {
    let store = &context.store;
    let release = store.release_by_version(&device.product, version).await?;
    Ok(release.and_then(|release| release.idf_version.parse().ok()))
}
