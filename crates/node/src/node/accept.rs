//! Step 2: what an author said, checked against what this device is.

use countersign_protocol::{Authors, Digest, Offer, Reason, SignedRelease, UnixTime};
use esp_formats::app_image;

use crate::{
    Crypto, Settings,
    places::{Places, Running},
    state::{Log, State},
    text::Name,
};

/// A release that this device may download: every check of step 2 was passed. Only [`accept`] makes one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Accepted {
    pub(super) chip: u16,
    pub(super) project: Name,
    pub(super) version: Name,
    pub(super) digest: Digest,
    pub(super) size: u32,
    pub(super) counter: u64,
    pub(super) secure_version: u32,
    _checked: (),
}

/// Checks an offer's manifest. The authors' signatures come first: nothing of what unknown ones say is looked at.
pub(super) fn accept<C: Crypto>(
    offer: &Offer<'_>,
    authors: &Authors<'_>,
    settings: &Settings<'_>,
    crypto: &C,
    state: &State,
    running: &Running,
    places: &Places,
) -> Result<Accepted, Reason> {
    let signed = SignedRelease::of(offer.manifest, offer.co_signatures);
    let signed = signed.map_err(|_| Reason::MalformedManifest)?;
    let verified = signed.verify(authors, floor(settings, state), crypto)?;
    let manifest = verified.manifest();

    if manifest.product != settings.product {
        return Err(Reason::WrongProduct);
    }
    if manifest.chip != running.chip {
        return Err(Reason::WrongChip);
    }
    let newest = state
        .barred
        .map_or(state.counter, |barred| state.counter.max(barred.counter));
    if manifest.counter <= newest {
        return Err(Reason::OldCounter);
    }
    if state
        .barred
        .is_some_and(|barred| barred.digest == manifest.image)
    {
        return Err(Reason::NotConfirmed);
    }
    if manifest
        .not_after
        .is_some_and(|end| floor(settings, state) > end)
    {
        return Err(Reason::Ended);
    }
    if manifest.secure_version < running.secure_version {
        return Err(Reason::LowSecureVersion);
    }
    if manifest.size > places.target.size {
        return Err(Reason::TooLarge);
    }
    let head = u32::try_from(app_image::Head::LEN).map_err(|_| Reason::WrongImage)?;
    if manifest.size < head {
        return Err(Reason::WrongImage);
    }
    Ok(Accepted {
        chip: manifest.chip,
        project: Name::new(manifest.project).ok_or(Reason::MalformedManifest)?,
        version: Name::new(manifest.version).ok_or(Reason::MalformedManifest)?,
        digest: manifest.image,
        size: manifest.size,
        counter: manifest.counter,
        secure_version: manifest.secure_version,
        _checked: (),
    })
}

impl Accepted {
    /// Tells whether the image's first bytes say what the manifest says.
    pub(super) fn check_head(&self, bytes: &[u8; app_image::Head::LEN]) -> Result<(), Reason> {
        let head = app_image::Head::parse(bytes).map_err(|_| Reason::WrongImage)?;
        let descriptor = head.descriptor.ok_or(Reason::WrongImage)?;
        if head.header.chip.0 != self.chip {
            return Err(Reason::WrongChip);
        }
        let same = descriptor.version == self.version.as_str()
            && descriptor.project_name == self.project.as_str()
            && descriptor.secure_version == self.secure_version;
        if same {
            Ok(())
        } else {
            Err(Reason::WrongImage)
        }
    }
}

/// The earliest that now can be: the later of the build time and what an authenticated server stated.
pub(super) fn floor(settings: &Settings<'_>, state: &State) -> UnixTime {
    settings.built.max(state.time)
}

/// The same by what our servers have proved themselves at. What one of them stated since says nothing of a store.
pub(super) fn proven_floor(settings: &Settings<'_>, state: &State) -> UnixTime {
    settings.built.max(state.proven)
}

/// A server could not prove itself: forgets a time that was stated and at which none has, and tells whether that is
/// reason to look at this one again.
///
/// A time that lies behind the end of every server's certificate would otherwise lock the device up for good. Whoever
/// states one can keep it no further ahead than he can prove himself at.
pub(super) fn doubt(settings: &Settings<'_>, log: &mut Log) -> bool {
    let before = floor(settings, log.state());
    log.doubt();
    floor(settings, log.state()) < before
}
