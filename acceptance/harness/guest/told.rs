//! What the machine says, a line each, as events.

use std::time::Duration;

use countersign_esp_boot::Slot;
use countersign_node::LinkError;
use countersign_protocol::{Outcome, Reason, Unfit};
use countersign_virtual_node::Event;

/// What a line is about.
pub(super) enum Said {
    Event(Event),
    /// The node waits, in the midst of its work or between two cycles.
    Waits(Duration),
    /// A cycle is over, and the node has nothing to do.
    Idle,
    /// So many bytes were taken from the network since this was last said.
    Taken(u64),
    Nothing,
}

/// What was started.
#[derive(Debug)]
pub(super) struct Booted {
    pub(super) slot: Slot,
    pub(super) version: String,
    /// It is its first boot, and was not confirmed yet.
    pub(super) on_trial: bool,
}

/// What is known of the machine by what it said.
#[derive(Debug, Default)]
pub(super) struct Told {
    booted: Option<Booted>,
    /// What the boot stage found in the slot that it starts.
    holds: String,
    /// Bytes taken from the network since the reset.
    taken: u64,
    checked_in: bool,
    offered: bool,
}

impl Told {
    pub(super) fn booted(&self) -> &Booted {
        self.booted.as_ref().unwrap()
    }

    pub(super) const fn checked_in(&self) -> bool {
        self.checked_in
    }

    /// Whether there was nothing new in the cycle that is over.
    pub(super) const fn up_to_date(&self) -> bool {
        self.checked_in && !self.offered
    }

    pub(super) const fn begin_cycle(&mut self) {
        (self.checked_in, self.offered) = (false, false);
    }

    /// Makes sense of a line. Those for people alone are nothing.
    pub(super) fn hear(&mut self, line: &str) -> Said {
        for fault in FAULTS {
            assert!(!line.contains(fault), "the machine is at fault: {line}");
        }
        let Some((who, words)) = line.split_once(": ") else {
            return Said::Nothing;
        };
        let event = match who {
            "boot" => self.boot(words),
            "link" => link(words),
            "node" => self.node(words),
            "app" if words.starts_with("nothing to do") => return Said::Idle,
            "clock" => {
                let ms = words.strip_prefix("waiting ").and_then(number);
                return Said::Waits(Duration::from_millis(ms.unwrap()));
            }
            "network" => {
                let taken = number(words).unwrap();
                let more = taken - std::mem::replace(&mut self.taken, taken);
                return Said::Taken(more);
            }
            _ => None,
        };
        event.map_or(Said::Nothing, Said::Event)
    }

    fn boot(&mut self, words: &str) -> Option<Event> {
        if let Some(slot) = words.strip_prefix("starting ") {
            let (slot, pending_verify) = match slot.strip_suffix(", its first boot") {
                Some(slot) => (slot, true),
                None => (slot, false),
            };
            let (slot, version) = (slot_of(slot), self.holds.clone());
            *self = Self {
                booted: Some(Booted {
                    slot,
                    version: version.clone(),
                    on_trial: pending_verify,
                }),
                ..Self::default()
            };
            return Some(Event::Boot {
                slot,
                version,
                pending_verify,
            });
        }
        if words.contains(" never confirmed itself") {
            let from = self.booted.as_ref().map_or("", |booted| &booted.version);
            return Some(Event::RolledBack {
                from: from.to_owned(),
                to: self.holds.clone(),
            });
        }
        let (slot, holds) = words.split_once(" holds ")?;
        if let Some(detail) = holds.strip_prefix("no image that could be started: ") {
            return Some(Event::Unbootable {
                slot: slot_of(slot),
                detail: detail.to_owned(),
            });
        }
        let (version, _) = holds.split_once(", ")?;
        version.clone_into(&mut self.holds);
        None
    }

    fn node(&mut self, words: &str) -> Option<Event> {
        let after = |text: &str| words.strip_prefix(text);
        let event = match words {
            _ if words.starts_with("checked in, again in ") => {
                self.checked_in = true;
                let seconds = after("checked in, again in ").and_then(number)?;
                let next_s = u32::try_from(seconds).ok()?;
                Event::CheckedIn { next_s }
            }
            "the URL has ended" => Event::AddressEnded,
            "the slot was read back and is the author's image" => Event::Verified,
            "no server reached on the first boot" => Event::SelfTestFailed,
            _ if words.starts_with("confirmed ") => {
                self.booted.as_mut()?.on_trial = false;
                let version = after("confirmed ")?.to_owned();
                Event::Confirmed { version }
            }
            _ => return self.more(words),
        };
        Some(event)
    }

    fn more(&mut self, words: &str) -> Option<Event> {
        let after = |text: &str| words.strip_prefix(text);
        let small = |text: &str| u32::try_from(number(text)?).ok();
        if let Some(code) = after("check-in failed: ") {
            let reason = reason(code);
            return Some(Event::CheckInFailed { reason });
        }
        if let Some(wait) = after("the server is busy, again in ") {
            let seconds = small(wait)?;
            return Some(Event::ServerBusy { seconds });
        }
        if let Some(sequence) = after("author set ") {
            let sequence = sequence.parse().ok()?;
            return Some(Event::AuthorsFollowed { sequence });
        }
        if let Some(why) = after("no successor of the authors: ") {
            let why = unfit(why);
            return Some(Event::AuthorsRefused { why });
        }
        if let Some(code) = after("refused: ") {
            self.offered = true;
            let reason = reason(code);
            return Some(Event::Refused { reason });
        }
        if let Some(code) = after("failed: ") {
            self.offered = true;
            let reason = reason(code);
            return Some(Event::Failed { reason });
        }
        if let Some(offer) = after("offered ") {
            self.offered = true;
            let (version, size) = offer.split_once(", ")?;
            return Some(Event::Offered {
                version: version.to_owned(),
                size: small(size)?,
            });
        }
        if let Some(slot) = after("selected ota_") {
            let slot = slot.parse().ok()?;
            return Some(Event::Selected { slot });
        }
        let outcome = after("reported ")?;
        let mut all = [
            Outcome::Confirmed,
            Outcome::RolledBack,
            Outcome::Refused,
            Outcome::Failed,
        ]
        .into_iter();
        let outcome = all.find(|known| known.code() == outcome)?;
        Some(Event::Reported { outcome })
    }
}

/// `HOST:PORT by TLSv1.2 in N ms, ...`, or `HOST:PORT: WHY`.
fn link(words: &str) -> Option<Event> {
    let (host, rest) = words.split_once(':')?;
    let digits = rest.find(|byte: char| !byte.is_ascii_digit())?;
    let (port, rest) = rest.split_at(digits);
    let (host, port) = (host.to_owned(), port.parse().ok()?);
    if let Some(how) = rest.strip_prefix(" by ") {
        let (version, how) = how.split_once(" in ")?;
        let tls = ["1.2", "1.3"]
            .into_iter()
            .find(|known| version.ends_with(known))?;
        return Some(Event::Connected {
            host,
            port,
            tls,
            handshake_us: number(how)? * 1000,
        });
    }
    let detail = rest.strip_prefix(": ")?.to_owned();
    let mut all = [
        LinkError::Untrusted,
        LinkError::Refused,
        LinkError::Broken,
        LinkError::TimedOut,
    ]
    .into_iter();
    let error = all.find(|known| known.to_string() == detail)?;
    Some(Event::ConnectFailed {
        host,
        port,
        error,
        detail,
    })
}

fn reason(code: &str) -> Reason {
    let mut all = Reason::ALL.into_iter();
    let found = all.find(|reason| reason.code() == code);
    found.unwrap_or_else(|| panic!("no reason is called {code}"))
}

fn slot_of(text: &str) -> Slot {
    match text.strip_prefix("ota_") {
        Some(slot) => Slot::Ota(slot.parse().unwrap()),
        None => Slot::Factory,
    }
}

/// Why a set is not followed, of the ways that the scenarios have.
fn unfit(text: &str) -> Unfit {
    let (count, rest) = text.split_once(" of the ").unwrap_or_default();
    let number = |text: &str| u8::try_from(number(text).unwrap()).unwrap();
    let why = Unfit::TooFewFormer {
        count: number(count),
        needed: number(rest),
    };
    assert_eq!(why.to_string(), text);
    why
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    let end = text.find(|byte: char| !byte.is_ascii_digit());
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}

/// What no machine of ours says.
const FAULTS: [&str; 4] = [
    "panicked",
    "trap:",
    "boot: nothing can be started",
    "app: the ",
];
