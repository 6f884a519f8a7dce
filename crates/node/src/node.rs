//! The state machine, from one check-in to the next.

use core::fmt;

use countersign_protocol::{MAX_REPLY, OfferId, Outcome, Reason};

use crate::{
    Clock, Crypto, Entropy, Error, Event, Observer, Parts, Platform, SECTOR, Settings,
    authors::{Kept, RECORD},
    places::{Places, Running},
    state::{Ended, Log, State},
    text::Text,
};

mod accept;
mod ask;
mod boot;
mod check_in;
mod download;
mod follow;
mod report;
mod signature;
mod verify;

use accept::Accepted;
use check_in::Answer;
use download::Begins;
use report::Delivery;

/// What the platform shall do when a cycle has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Next {
    /// Call [`Node::cycle`] again after that many seconds.
    Sleep {
        /// Seconds, some of them at random, so that devices do not come together.
        seconds: u32,
    },
    /// Reset the chip: the boot loader has something else to start.
    Reboot,
}

/// The memory that the node works in, 6 KiB.
// The sector comes first, aligned, because flash drivers copy what is not through a buffer of their own.
#[repr(C, align(4))]
pub struct Buffers {
    /// A sector on its way to flash or back; before that a request, then its answer's head, then a message. It bounds
    /// them all.
    sector: [u8; SECTOR],
    /// Where the download goes to, redirects followed; before that the author set that the offer is judged by.
    url: Text<URL>,
}

impl Buffers {
    /// Empty buffers, fit for a `static`.
    pub const fn new() -> Self {
        Self {
            url: Text::EMPTY,
            sector: [0; SECTOR],
        }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffers").finish_non_exhaustive()
    }
}

/// The device's side of it all.
pub struct Node<'a, P: Platform> {
    settings: &'a Settings<'a>,
    parts: Parts<P>,
    buffers: &'a mut Buffers,
    places: Places,
    running: Running,
    log: Log,
    authors: Kept,
    /// Check-ins in a row that failed.
    failures: u32,
    /// Milliseconds of uptime at which an image on its first boot gives up.
    give_up_ms: u64,
    /// The boot loader goes back from the running image unless it is confirmed.
    pending_verify: bool,
    /// A slot was selected that the boot loader has not started yet.
    reboot_due: bool,
    /// Downloads that began at the first sector.
    begins: Begins,
}

impl<P: Platform> fmt::Debug for Node<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("state", self.log.state())
            .finish_non_exhaustive()
    }
}

/// Why an update does not go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Halt {
    /// 8: for good.
    Refused(Reason),
    /// 8: for now.
    Failed(Reason),
    /// There is another offer now, or none.
    Withdrawn,
    /// The node itself cannot go on.
    Stopped(Error),
}

impl Halt {
    /// What failed a check is refused for good, unless it was a signature that could not be looked at.
    fn refusal(crypto: &impl Crypto, reason: Reason) -> Self {
        if crypto.could_not_check() {
            // What a handshake without memory is called, too.
            Self::Failed(Reason::Connection)
        } else {
            Self::Refused(reason)
        }
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Stopped(error)
    }
}

impl<'a, P: Platform> Node<'a, P> {
    /// Finds out what runs and what was under way, and learns of a boot loader that went back.
    ///
    /// To be called once per boot; and on the first boot of a new image only when whatever else it must be able to do
    /// has been found to work, as the first successful check-in confirms it.
    ///
    /// # Errors
    /// [`Error`] where the flash fails or lacks what the node needs, or a setting is out of range.
    pub async fn open(
        settings: &'a Settings<'a>,
        mut parts: Parts<P>,
        buffers: &'a mut Buffers,
    ) -> Result<Self, Error> {
        settings.check()?;
        let flash = &mut parts.flash;
        let places = Places::find(flash, settings, &mut buffers.sector).await?;
        let running = Running::read(flash, &places, settings).await?;
        let log = Log::open(flash, places.node_state).await?;
        let authors = Kept::open(flash, places.authors, buffers.url.room()).await?;
        if authors.sequence().is_none() {
            parts.observer.event(Event::AuthorsFixed);
        }
        let self_test_ms = u64::from(settings.pace.self_test_s).saturating_mul(1000);
        let give_up_ms = parts.clock.uptime_ms().saturating_add(self_test_ms);
        let mut node = Self {
            settings,
            parts,
            buffers,
            places,
            running,
            log,
            authors,
            failures: 0,
            give_up_ms,
            pending_verify: false,
            reboot_due: false,
            begins: Begins::default(),
        };
        node.look_back().await?;
        Ok(node)
    }

    /// What the node remembers.
    pub const fn state(&self) -> &State {
        self.log.state()
    }

    /// Gives the machine back.
    pub fn into_parts(self) -> Parts<P> {
        self.parts
    }

    /// Works until a reset is wanted.
    ///
    /// # Errors
    /// As [`Node::cycle`].
    pub async fn run(&mut self) -> Result<(), Error> {
        loop {
            match self.cycle().await? {
                Next::Reboot => return Ok(()),
                Next::Sleep { seconds } => {
                    self.parts
                        .clock
                        .sleep_ms(u64::from(seconds).saturating_mul(1000))
                        .await;
                }
            }
        }
    }

    /// Does all that can be done now: reports, checks in, confirms, updates.
    ///
    /// # Errors
    /// [`Error`] where the flash outside the slot fails. The next call may succeed.
    pub async fn cycle(&mut self) -> Result<Next, Error> {
        if self.reboot_due {
            return Ok(Next::Reboot);
        }
        // 8, for what ended before a reset or while no server could be reached. An image on trial has no time for it.
        if !self.on_trial()
            && let Delivery::Later(asked_s) = self.report().await?
        {
            return Ok(self.try_later(asked_s));
        }
        // 1 and 2.
        let answer = match self.check_in().await {
            Ok(answer) => answer,
            Err(check_in::Failure::Busy { seconds }) => {
                // A server knows us: this image can do what it must, and has as much more time for it as is waited.
                let more_s = seconds.map_or(0, |seconds| self.within_bounds(seconds));
                let more_ms = u64::from(more_s).saturating_mul(1000);
                self.give_up_ms = self.give_up_ms.saturating_add(more_ms);
                return Ok(self.try_later(seconds));
            }
            Err(check_in::Failure::NoAnswer(reason)) => {
                self.parts.observer.event(Event::CheckInFailed(reason));
                if self.on_trial() && self.parts.clock.uptime_ms() >= self.give_up_ms {
                    self.parts.observer.event(Event::SelfTestFailed);
                    self.give_up().await?;
                    return Ok(Next::Reboot);
                }
                return Ok(self.try_later(None));
            }
        };
        self.failures = 0;
        // Who comes after the new authors, and what these say, is worth asking at once.
        let wanted_s = if answer.followed { 0 } else { answer.next_s };
        let next_s = self.within_bounds(wanted_s);
        self.parts.observer.event(Event::CheckedIn { next_s });
        if self.on_trial() {
            // 7. Whatever else was offered was offered to a device that had not confirmed.
            self.confirm().await?;
            self.report().await?;
        } else if let Some(next) = self.consider(answer).await? {
            return Ok(next);
        }
        self.log.settle(&mut self.parts.flash).await?;
        Ok(Next::Sleep {
            seconds: self.spread(next_s),
        })
    }

    /// Takes an offer through steps 2 to 6, or to its end in step 8.
    async fn consider(&mut self, answer: Answer) -> Result<Option<Next>, Error> {
        let Some(offer) = answer.offer else {
            return Ok(None);
        };
        // An offer that ended for good is not begun again, whether or not the server took the report of it.
        let over = |ended: Ended| ended.offer == offer.id && ended.outcome != Outcome::Failed;
        if self.log.state().ended.is_some_and(over) {
            return Ok(None);
        }
        let halt = match offer.accepted {
            Err(halt) => halt,
            Ok(accepted) => match self.update(offer.id, accepted).await {
                Ok(()) => return Ok(Some(Next::Reboot)),
                Err(halt) => halt,
            },
        };
        match halt {
            Halt::Stopped(error) => return Err(error),
            Halt::Withdrawn => {}
            Halt::Refused(reason) => {
                self.parts.observer.event(Event::Refused(reason));
                self.end(offer.id, Outcome::Refused, Some(reason)).await?;
            }
            Halt::Failed(reason) => {
                self.parts.observer.event(Event::Failed(reason));
                let told = self.log.state().ended.is_some_and(|ended| {
                    ended.offer == offer.id && ended.outcome == Outcome::Failed
                });
                if !told {
                    self.end(offer.id, Outcome::Failed, Some(reason)).await?;
                }
            }
        }
        Ok(None)
    }

    /// Steps 3 to 6.
    async fn update(&mut self, offer: OfferId, accepted: Accepted) -> Result<(), Halt> {
        let version = accepted.version.as_str();
        self.parts.observer.event(Event::Offered {
            version,
            size: accepted.size,
        });
        self.download(offer, &accepted).await?;
        let verified = self.verify(&accepted).await?;
        self.select(offer, &verified).await?;
        self.reboot_due = true;
        Ok(())
    }

    /// 8: records how an offer ended, and tells the server at once if it can.
    async fn end(
        &mut self,
        offer: OfferId,
        outcome: Outcome,
        reason: Option<Reason>,
    ) -> Result<(), Error> {
        let ended = Ended {
            offer,
            outcome,
            reason,
            owed: true,
        };
        self.log
            .save(&mut self.parts.flash, |state| state.ended = Some(ended))
            .await?;
        self.report().await?;
        Ok(())
    }

    fn within_bounds(&self, seconds: u32) -> u32 {
        let pace = &self.settings.pace;
        seconds.max(pace.check_in_min_s).min(pace.check_in_max_s)
    }

    /// Waits as long as a server asked for, or longer with every failure.
    fn try_later(&mut self, asked_s: Option<u32>) -> Next {
        let pace = &self.settings.pace;
        let backed_off = pace
            .check_in_min_s
            .saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        let most = if self.on_trial() {
            pace.check_in_min_s
        } else {
            MAX_BACK_OFF_S
        };
        let seconds = self.within_bounds(asked_s.unwrap_or_else(|| backed_off.min(most)));
        if asked_s.is_some() {
            self.parts.observer.event(Event::ServerBusy { seconds });
        }
        Next::Sleep {
            seconds: self.spread(seconds),
        }
    }

    /// Up to a tenth more.
    fn spread(&mut self, seconds: u32) -> u32 {
        let tenth = seconds.checked_div(10).unwrap_or_default();
        seconds.saturating_add(below(&mut self.parts.entropy, tenth.saturating_add(1)))
    }
}

/// A random number below `bound`.
fn below<E: Entropy>(entropy: &mut E, bound: u32) -> u32 {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    let scaled = u64::from(u32::from_le_bytes(bytes)).saturating_mul(u64::from(bound));
    u32::try_from(scaled.checked_shr(32).unwrap_or_default()).unwrap_or_default()
}

/// A pre-signed S3 URL takes up to 2 KiB where the signer's credentials are temporary.
const URL: usize = 2048;

// A request, or the head of an answer, carries one such URL and a store's fifteen other headers.
const _: () = assert!(URL + 1024 <= SECTOR, "a sector is too small for a request");

/// The longest wait after failed check-ins, in seconds, unless a server asked for a longer one.
const MAX_BACK_OFF_S: u32 = 3600;

/// The longest that a check-in or a report may take, in milliseconds, however slowly a server sends.
const EXCHANGE_MS: u64 = 2 * 60 * 1000;

const _: () = assert!(RECORD <= URL, "a set's record is read into the URL's place");

const _: () = assert!(
    MAX_REPLY <= SECTOR,
    "a reply must fit the buffer that it is read into"
);
