//! What our authorities publish of the certificates that they take back: made where something changed, and before the last
//! one ends.

mod keep;
mod root;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign_fleet::{CrlRecord, RevocationReason, RevokedSerial};
use countersign_pki::crl::{RevocationList, Revoked};
use countersign_protocol::{Digest, UnixTime};
use countersign_x509::{Crl, ReasonCode};

pub(crate) use self::root::{adopt, number};
pub use self::root::{draft, take};
use crate::{
    Context, Error,
    authorities::Named,
    record::key_of,
    text::{chain, rfc3339},
    view::{CrlView, RevokedView},
};

/// How CRLs are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CrlSettings {
    /// At most one in so many seconds, however much changes. Stops a fleet that is being revoked, device after device, from
    /// having as many CRLs signed.
    pub at_most_every_s: u32,
    /// How many days one is good; the next is made when half of them are over.
    pub valid_days: u32,
    /// How many days a root's is good, which is made by hand.
    pub root_valid_days: u32,
}

impl Default for CrlSettings {
    fn default() -> Self {
        Self {
            at_most_every_s: 60,
            valid_days: 7,
            root_valid_days: 400,
        }
    }
}

/// What is known in memory of what was published.
#[derive(Debug)]
pub(crate) struct Crls {
    /// Whether something may have changed since the last look.
    changed: AtomicBool,
    /// By the authorities' keys. Of one that is not here nothing is known, and so it is looked at.
    known: Mutex<BTreeMap<Digest, Known>>,
    /// Held by who makes one.
    making: tokio::sync::Mutex<()>,
}

/// An authority's newest CRL, as far as it must be known to tell whether the next one is due.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    this_update: UnixTime,
    next_update: UnixTime,
    /// Whether something may have changed since it was made.
    changed: bool,
    /// Before this nothing is tried again: the last time failed.
    not_before: UnixTime,
}

/// When a CRL is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// When it is due: something changed and the last one is old enough, or that is past half its life.
    Due,
    /// Where anything changed, at once: somebody asks for it.
    Asked,
}

/// Has the next look find that something changed.
pub(crate) fn changed(context: &Context) {
    context
        .authorities
        .crls
        .changed
        .store(true, Ordering::Release);
}

/// Makes what is due. Asked once a second, and quick where nothing is. What fails is logged, and tried again after a while.
pub async fn look(context: &Context) {
    let (now, crls) = (context.clock.now(), &context.authorities.crls);
    crls.spread();
    let every = u64::from(context.settings.crl.at_most_every_s);
    let named = context.authorities.named();
    let due = |one: &Named| signs(one, now) && crls.is_due(one, now, every);
    if !named.iter().any(due) {
        return;
    }
    match make(context, When::Due).await {
        Err(error) => tracing::error!(cause = %chain(&error), "no CRL could be made"),
        Ok(all) => all.iter().for_each(log),
    }
}

fn log(one: &CrlView) {
    if let Some(what) = &one.repaired {
        tracing::error!(authority = %one.authority, "{what}");
    }
    if let Some(fault) = &one.fault {
        tracing::error!(authority = %one.authority, cause = %fault, "its CRL could not be made");
    } else if one.made {
        let (authority, number, revoked) = (&one.authority, one.number, one.revoked);
        tracing::info!(%authority, number, revoked, "made a CRL");
    }
}

/// Makes the CRLs of all authorities whose keys are used here, and gives the newest of each; where one cannot be made, that
/// says why, and the others are made all the same.
///
/// # Errors
/// [`Error::Store`].
pub async fn make(context: &Context, when: When) -> Result<Vec<CrlView>, Error> {
    let crls = &context.authorities.crls;
    let alone = crls.making.lock().await;
    crls.spread();
    let every = u64::from(context.settings.crl.at_most_every_s);
    let (now, mut all) = (context.clock.now(), Vec::new());
    for one in context.authorities.named() {
        let due = when == When::Asked || crls.is_due(&one, now, every);
        if !due || !signs(&one, now) {
            all.extend(newest(context, &one).await?);
            continue;
        }
        match keep::one(context, &one, when).await {
            Ok(view) => all.push(view),
            Err(error) => {
                crls.put_off(key_of(&one.certificate), now.plus(every.max(1)));
                let mut view = newest(context, &one).await?.unwrap_or_default();
                view.authority = one.name;
                view.fault = Some(chain(&error));
                all.push(view);
            }
        }
    }
    drop(alone);
    Ok(all)
}

/// The newest CRL of every authority that has one.
///
/// # Errors
/// [`Error::Store`].
pub async fn all(context: &Context) -> Result<Vec<CrlView>, Error> {
    let mut all = Vec::new();
    for one in context.authorities.named() {
        all.extend(newest(context, &one).await?);
    }
    Ok(all)
}

/// An authority's newest CRL, as it is published.
///
/// # Errors
/// [`Error::NoSuchAuthority`]; [`Error::NoCrl`] where none was made yet; [`Error::Store`].
pub async fn show(context: &Context, name: &str) -> Result<Crl, Error> {
    let one = context.authorities.find(name)?;
    let kept = context.store.newest_crl(&key_of(&one.certificate)).await?;
    let crl = kept.and_then(|kept| Crl::from_der(&kept.der).ok());
    crl.ok_or_else(|| Error::NoCrl(name.to_owned()))
}

async fn newest(context: &Context, one: &Named) -> Result<Option<CrlView>, Error> {
    let kept = context.store.newest_crl(&key_of(&one.certificate)).await?;
    Ok(kept.map(|kept| view(one, &kept)))
}

/// Whether an authority makes CRLs here: its key is used here, and it has not ended, as what it issued has ended with it.
fn signs(one: &Named, now: UnixTime) -> bool {
    one.authority.is_some() && one.certificate.not_after() >= now.0
}

/// What an authority has to say, when its last CRL was made at `last`: those too that ended since then (RFC 5280 §5).
async fn wanted(
    context: &Context,
    one: &Named,
    last: Option<UnixTime>,
) -> Result<Vec<Revoked>, Error> {
    let now = context.clock.now();
    let since = last.map_or(now, |last| UnixTime(last.0.min(now.0)));
    let key = key_of(&one.certificate);
    let store = &context.store;
    let serials = store.revoked_serials(&key, one.and_unnoted, since).await?;
    Ok(serials.iter().map(entry).collect())
}

/// The next CRL: its number is above that of the last one, wherever one is known, and is the time in seconds where the clock
/// goes right. So it grows even where database and files are those of a backup.
pub(crate) fn next(
    now: UnixTime,
    numbers: [Option<u64>; 2],
    days: u32,
    revoked: Vec<Revoked>,
) -> RevocationList {
    let above = |last: u64| last.saturating_add(1);
    let least = numbers.into_iter().flatten().map(above).max();
    RevocationList {
        number: now.0.max(least.unwrap_or(1)),
        this_update: now,
        next_update: now.plus(u64::from(days).saturating_mul(DAY_S)),
        revoked,
    }
}

/// Whether a CRL names exactly these.
fn names(crl: &Crl, wanted: &[Revoked]) -> bool {
    let mut wanted: Vec<&[u8]> = wanted.iter().map(|one| trimmed(&one.serial)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut named: Vec<Vec<u8>> = crl.revoked().map(|one| one.serial.to_vec()).collect();
    named.sort_unstable();
    named == wanted
}

fn trimmed(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

fn entry(of: &RevokedSerial) -> Revoked {
    Revoked {
        serial: bytes(&of.serial),
        at: of.revoked.at,
        reason: match of.revoked.reason {
            RevocationReason::Unspecified => ReasonCode::Unspecified,
            RevocationReason::KeyCompromise => ReasonCode::KeyCompromise,
            RevocationReason::Superseded => ReasonCode::Superseded,
            RevocationReason::CessationOfOperation => ReasonCode::CessationOfOperation,
        },
    }
}

/// Hexadecimal digits as bytes; an odd one stands for itself.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let (odd, even) = digits.split_at(digits.len() % 2);
    let pairs = even
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |all, digit| all << 4 | digit));
    odd.iter().copied().chain(pairs).collect()
}

fn view(one: &Named, kept: &CrlRecord) -> CrlView {
    let crl = Crl::from_der(&kept.der).ok();
    CrlView {
        authority: one.name.clone(),
        number: kept.number,
        this_update: rfc3339(kept.this_update),
        next_update: rfc3339(kept.next_update),
        revoked: crl.as_ref().map_or(0, Crl::len),
        made: false,
        fault: None,
        repaired: None,
        pem: crl.as_ref().map(Crl::to_pem).unwrap_or_default(),
    }
}

fn revoked_view(one: &Revoked) -> RevokedView {
    RevokedView {
        serial: crate::text::hex(&one.serial),
        at: one.at.0,
        reason: one.reason.code(),
    }
}

impl Crls {
    fn known(&self) -> MutexGuard<'_, BTreeMap<Digest, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What may have changed may have changed for each.
    fn spread(&self) {
        if self.changed.swap(false, Ordering::AcqRel) {
            let mut known = self.known();
            known.values_mut().for_each(|known| known.changed = true);
        }
    }

    fn is_due(&self, one: &Named, now: UnixTime, every: u64) -> bool {
        let known = self.known().get(&key_of(&one.certificate)).copied();
        known.is_none_or(|known| known.is_due(now, every))
    }

    /// What is read of an authority from now on is as of now; what changes from now on has changed.
    fn begin(&self, issuer: &Digest) {
        if let Some(known) = self.known().get_mut(issuer) {
            known.changed = false;
        }
    }

    fn note(&self, kept: &CrlRecord, changed: bool) {
        let mut all = self.known();
        let since = all.get(&kept.issuer).is_some_and(|known| known.changed);
        let known = Known {
            changed: changed || since,
            ..Known::of(kept)
        };
        all.insert(kept.issuer, known);
    }

    fn put_off(&self, issuer: Digest, until: UnixTime) {
        let mut all = self.known();
        let known = all.entry(issuer).or_default();
        known.changed = true;
        known.not_before = until;
    }
}

impl Default for Crls {
    fn default() -> Self {
        Self {
            changed: AtomicBool::new(false),
            known: Mutex::default(),
            making: tokio::sync::Mutex::default(),
        }
    }
}

impl Known {
    fn of(kept: &CrlRecord) -> Self {
        Self {
            this_update: kept.this_update,
            next_update: kept.next_update,
            ..Self::default()
        }
    }

    fn is_due(&self, now: UnixTime, every: u64) -> bool {
        // A clock that went back does not have us wait until it is there again.
        let waits =
            now < self.not_before && self.not_before.0.saturating_sub(now.0) <= every.max(1);
        !waits && (self.is_stale(now) || (self.changed && self.is_old_enough(now, every)))
    }

    /// Past half its life, or made in what is the future now.
    fn is_stale(&self, now: UnixTime) -> bool {
        let life = self.next_update.0.saturating_sub(self.this_update.0);
        let half = self.this_update.plus(life / 2);
        now >= half || self.this_update.0 > now.0.saturating_add(SKEW_S)
    }

    fn is_old_enough(&self, now: UnixTime, every: u64) -> bool {
        now.0.saturating_sub(self.this_update.0) >= every || self.is_stale(now)
    }
}

const DAY_S: u64 = 24 * 3600;
/// By how much a clock may be set back, in seconds, until a CRL that was made before is made anew, so that nobody refuses
/// one that is not good yet.
const SKEW_S: u64 = 60;

#[cfg(test)]
mod tests;
