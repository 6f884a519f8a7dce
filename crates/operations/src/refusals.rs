//! Who was turned away lately, and why: a short memory, so that an operator need not read logs.
//!
//! Whoever is turned away can come again at once, as often as he likes. So nothing here grows with how often he does: the
//! memory is of fixed size, what goes to the log is counted by the minute, and one who has filled the memory pushes out his own.
//! Of a device that is known, the store keeps a row for each plane and code.

mod of_devices;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign_protocol::{Digest, UnixTime};

use self::of_devices::Waiting;
pub use self::of_devices::flush;
use crate::source::Source;

/// Somebody was turned away.
#[derive(Clone, Debug)]
pub struct Refused {
    /// When.
    pub at: UnixTime,
    /// From which plane: `device`, `download`, `operator`.
    pub plane: &'static str,
    /// Where he came from.
    pub from: IpAddr,
    /// The name in the certificate that he showed, not to be believed.
    pub claimed: Option<String>,
    /// SHA-256 of the certificate that he showed.
    pub shown: Option<Digest>,
    /// Why: a stable code, such as `unknown-issuer`.
    pub code: &'static str,
    /// Why, in words.
    pub reason: String,
    /// How often: more than once only where a limit was met.
    pub times: u64,
}

/// The last [`REMEMBERED`] refusals, and one more for each limit that was met. Kept in memory only: whoever is refused
/// shall not fill the disk.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    /// How many there ever were: orders those of one second.
    pushed: u64,
    /// Oldest first.
    each: VecDeque<(u64, Refused)>,
    /// Those by a limit, by plane and code: the newest, with how many there were.
    limits: BTreeMap<(&'static str, &'static str), (u64, Refused)>,
    /// How many since the start, by code.
    counts: BTreeMap<&'static str, u64>,
    logged: HashMap<(&'static str, &'static str), Minute>,
    /// Those that are not yet with their devices in the store.
    waiting: Waiting,
}

/// What was said of a code in one minute.
#[derive(Debug, Default)]
struct Minute {
    /// Which one, since 1970.
    number: u64,
    said: u32,
    unsaid: u64,
}

/// Whether a refusal is to be written to the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Log {
    /// It is, and so is how many of its kind were passed over before it.
    Yes {
        /// Refusals of the same plane and code that were not logged.
        unlogged: u64,
    },
    /// There were [`LOGGED_A_MINUTE`] of its kind in this minute.
    No,
}

impl Refusals {
    /// Adds one. Where there are too many, the source that has most of them loses its oldest, so that nobody can push out
    /// what an operator looks for by being refused often.
    pub fn push(&self, mut refused: Refused) -> Log {
        bound(&mut refused);
        let mut all = self.all_of_them();
        let (number, log) = all.count(&refused);
        all.waiting.push(&refused);
        if all.each.len() >= REMEMBERED {
            all.forget_one();
        }
        all.each.push_back((number, refused));
        log
    }

    /// Adds one by a limit. Of each limit the newest is remembered, and how many there were.
    pub fn push_limit(&self, mut refused: Refused) -> Log {
        bound(&mut refused);
        let mut all = self.all_of_them();
        let (number, log) = all.count(&refused);
        let key = (refused.plane, refused.code);
        let before = all.limits.get(&key).map_or(0, |(_, last)| last.times);
        refused.times = before.saturating_add(1);
        all.limits.insert(key, (number, refused));
        log
    }

    /// All that are remembered, newest first.
    pub fn all(&self) -> Vec<Refused> {
        let all = self.all_of_them();
        let mut found: Vec<_> = all.each.iter().chain(all.limits.values()).collect();
        found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        found
            .into_iter()
            .map(|(_, refused)| refused.clone())
            .collect()
    }

    /// How many there were since the start, by code.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.all_of_them().counts.clone()
    }

    fn all_of_them(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    /// Counts one, gives its number, and says whether it is logged.
    fn count(&mut self, refused: &Refused) -> (u64, Log) {
        self.pushed = self.pushed.saturating_add(1);
        let count = self.counts.entry(refused.code).or_default();
        *count = count.saturating_add(1);
        let minute = refused.at.0 / 60;
        let logged = self
            .logged
            .entry((refused.plane, refused.code))
            .or_default();
        if logged.number != minute {
            logged.number = minute;
            logged.said = 0;
        }
        let log = if logged.said < LOGGED_A_MINUTE {
            logged.said = logged.said.saturating_add(1);
            let unlogged = std::mem::take(&mut logged.unsaid);
            Log::Yes { unlogged }
        } else {
            logged.unsaid = logged.unsaid.saturating_add(1);
            Log::No
        };
        (self.pushed, log)
    }

    /// Forgets the oldest of the source that has most.
    fn forget_one(&mut self) {
        let mut held: HashMap<Source, usize> = HashMap::new();
        for (_, refused) in &self.each {
            *held.entry(Source::of(refused.from)).or_default() += 1;
        }
        let most = held.values().copied().max().unwrap_or(0);
        let oldest = self
            .each
            .iter()
            .position(|(_, refused)| held.get(&Source::of(refused.from)) == Some(&most));
        self.each.remove(oldest.unwrap_or(0));
    }
}

/// A stranger's certificate may have any text for a name; RFC 5280 (appendix A.1, `ub-common-name`) has 64 characters, and
/// the name of a registered authority may stand before it.
fn bound(refused: &mut Refused) {
    if let Some(claimed) = &mut refused.claimed
        && let Some((end, _)) = claimed.char_indices().nth(CLAIMED)
    {
        claimed.truncate(end);
    }
}

/// How many characters of a name are remembered: those of the longest id, `AUTHORITY/NAME`.
const CLAIMED: usize = 32 + 1 + 64;

/// How many refusals are remembered.
pub const REMEMBERED: usize = 200;

/// How many refusals of one plane and code are logged in a minute: stops one who is refused again and again from filling the
/// log. The next minute's first line says how many were passed over.
pub const LOGGED_A_MINUTE: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: [u8; 4], code: &'static str, at: u64) -> Refused {
        Refused {
            at: UnixTime(at),
            plane: "device",
            from: IpAddr::from(from),
            claimed: None,
            shown: None,
            code,
            reason: String::new(),
            times: 1,
        }
    }

    #[test]
    fn who_is_refused_most_pushes_out_his_own() {
        let refusals = Refusals::default();
        refusals.push(refused([192, 0, 2, 1], "certificate-ended", 0));
        for second in 0..10 * REMEMBERED as u64 {
            refusals.push(refused([192, 0, 2, 9], "unknown-issuer", second));
        }
        let all = refusals.all();
        assert_eq!(all.len(), REMEMBERED);
        assert_eq!(all.last().unwrap().code, "certificate-ended");
        assert_eq!(all[0].at, UnixTime(10 * REMEMBERED as u64 - 1));
        // A hundred sources more, and still he loses his own.
        for host in 10..110 {
            refusals.push(refused([192, 0, 2, host], "unknown-issuer", 0));
        }
        let all = refusals.all();
        assert_eq!(all.len(), REMEMBERED);
        assert_eq!(all.last().unwrap().code, "certificate-ended");
        assert_eq!(refusals.counts()["unknown-issuer"], 2100);
    }

    #[test]
    fn a_limit_takes_one_place_however_often_it_is_met() {
        let refusals = Refusals::default();
        refusals.push(refused([192, 0, 2, 1], "certificate-ended", 0));
        for host in 0..=255 {
            refusals.push_limit(refused([198, 51, 100, host], "handshake-too-slow", 1));
        }
        let all = refusals.all();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].code, all[0].times), ("handshake-too-slow", 256));
        assert_eq!(all[0].from, IpAddr::from([198, 51, 100, 255]));
        assert_eq!(refusals.counts()["handshake-too-slow"], 256);
    }

    #[test]
    fn the_log_hears_of_a_few_in_a_minute_and_then_of_how_many_there_were() {
        let refusals = Refusals::default();
        let push = |code, at| refusals.push(refused([192, 0, 2, 1], code, at));
        for _ in 0..LOGGED_A_MINUTE {
            assert_eq!(push("unknown-issuer", 60), Log::Yes { unlogged: 0 });
        }
        for _ in 0..7 {
            assert_eq!(push("unknown-issuer", 119), Log::No);
        }
        assert_eq!(push("certificate-ended", 119), Log::Yes { unlogged: 0 });
        assert_eq!(push("unknown-issuer", 120), Log::Yes { unlogged: 7 });
        assert_eq!(push("unknown-issuer", 120), Log::Yes { unlogged: 0 });
    }

    #[test]
    fn a_name_of_a_stranger_s_making_is_cut() {
        let refusals = Refusals::default();
        let claimed = Some("ä".repeat(10_000));
        refusals.push(Refused {
            claimed,
            ..refused([192, 0, 2, 1], "unknown-issuer", 0)
        });
        assert_eq!(refusals.all()[0].claimed, Some("ä".repeat(CLAIMED)));
        // The longest id that there is stays whole: cut, it would be another device's.
        let longest = format!("{}/{}", "a".repeat(32), "d".repeat(64));
        longest.parse::<countersign_fleet::DeviceId>().unwrap();
        refusals.push(Refused {
            claimed: Some(longest.clone()),
            ..refused([192, 0, 2, 1], "other-key", 0)
        });
        assert_eq!(refusals.all()[0].claimed, Some(longest));
    }
}
