//! Step 2, before the manifest: the authors themselves, and who comes after them.

use countersign_protocol::{Authors, SignedAuthorSet, Unfit};
use embedded_storage_async::nor_flash::NorFlash;

use crate::{
    Crypto, Error, Event, Observer, Settings, Sha256,
    authors::{Kept, decode},
};

/// Follows the successor that a server handed on, if it is one, and tells whether it did.
///
/// Whatever comes of it the device goes on, by the new set or by the old one.
pub(super) async fn follow<F: NorFlash, C: Crypto>(
    signed: &[u8],
    settings: &Settings<'_>,
    kept: &mut Kept,
    flash: &mut F,
    crypto: &C,
    observer: &mut impl Observer,
    room: &mut [u8],
) -> bool {
    if kept.sequence().is_none() {
        return false;
    }
    // Of what was before.
    let _ = crypto.could_not_check();
    let followed = match kept.read(flash, room).await {
        Ok(record) => judge(signed, settings, record, crypto),
        Err(error) => Err(error.into()),
    };
    let stored = match followed {
        Ok((sequence, set)) => kept
            .keep(flash, sequence, set, room)
            .await
            .map(|()| sequence)
            .map_err(Trouble::from),
        Err(trouble) => Err(trouble),
    };
    match stored {
        Ok(sequence) => observer.event(Event::AuthorsFollowed { sequence }),
        Err(Trouble::Unfit(_)) if crypto.could_not_check() => observer.event(Event::AuthorsPutOff),
        Err(Trouble::Unfit(why)) => observer.event(Event::AuthorsRefused(why)),
        Err(Trouble::Flash) => observer.event(Event::AuthorsPutOff),
    }
    stored.is_ok()
}

/// Why a set is not followed, now or ever.
enum Trouble {
    Unfit(Unfit),
    Flash,
}

impl From<Error> for Trouble {
    fn from(_: Error) -> Self {
        Self::Flash
    }
}

fn judge<'s, C: Crypto>(
    signed: &'s [u8],
    settings: &Settings<'_>,
    record: Option<&[u8]>,
    crypto: &C,
) -> Result<(u32, &'s [u8]), Trouble> {
    let current = known(settings, record, crypto)?;
    let parsed = SignedAuthorSet::parse(signed);
    let complete = parsed.map_err(Unfit::Malformed).and_then(|parsed| {
        let sha256 = |bytes: &[u8]| sha256(crypto, bytes);
        parsed.follow(&current, settings.product, sha256, crypto)
    });
    let complete = complete.map_err(Trouble::Unfit)?;
    Ok((complete.set().sequence, complete.payload()))
}

/// Whose signatures count: those of the set in `record`, or of the factory's keys without one.
pub(super) fn known<'a>(
    settings: &'a Settings<'_>,
    record: Option<&'a [u8]>,
    crypto: &impl Crypto,
) -> Result<Authors<'a>, Error> {
    let Some(record) = record else {
        return Ok(Authors::factory(settings.authors));
    };
    // It was whole when the node started.
    let set = decode(record).ok_or(Error::AuthorSet)?;
    Ok(Authors::of(&set, |bytes| sha256(crypto, bytes)))
}

fn sha256(crypto: &impl Crypto, bytes: &[u8]) -> [u8; 32] {
    let mut hash = crypto.sha256();
    hash.update(bytes);
    hash.finish()
}
