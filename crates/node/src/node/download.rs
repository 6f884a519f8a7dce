//! Steps 3 and 4: the image, from wherever it may come, into the slot.

use core::mem;

use countersign_protocol::{OfferId, Reason};

use super::{
    Halt, Node,
    accept::{Accepted, doubt, floor, proven_floor},
    below, check_in,
};
use crate::{
    Clock, Crypto, Event, Link, LinkError, Need, Observer, Parts, Peer, Platform, SECTOR,
    address::Address,
    http::{Bounded, Content, Fault, Head, Request, read_body},
    node::check_in::Failure,
};

mod begins;
mod transfer;

pub(super) use begins::Begins;
use transfer::Transfer;

/// Why one connection, or a chain of them, gave no more.
enum Pause {
    /// Try again, after so many seconds if the server asked for that.
    Lost(Reason, Option<u32>),
    /// The URL is good no longer.
    AddressEnded,
    /// The bytes behind the URL are others than before.
    Changed,
    /// There is no use in trying again.
    Halt(Halt),
}

impl<P: Platform> Node<'_, P> {
    /// 4: downloads until the slot holds the whole image, and its digest was right on the way in.
    pub(super) async fn download(
        &mut self,
        offer: OfferId,
        accepted: &Accepted,
    ) -> Result<(), Halt> {
        let limit_ms = u64::from(self.settings.pace.download_limit_s).saturating_mul(1000);
        let deadline_ms = self.parts.clock.uptime_ms().saturating_add(limit_ms);
        let mut transfer = self.resume(accepted).await?;
        let (mut lost, mut begun_anew) = (0_u32, 0_u32);
        let (mut addresses, mut redirects) = (0_u32, 0_u32);
        loop {
            let before = transfer.written();
            self.parts.observer.make_room(Need::Download);
            let fetched = self
                .fetch(&mut transfer, accepted, deadline_ms, &mut redirects)
                .await;
            self.parts.observer.room_returned();
            let pause = match fetched {
                Err(pause) => pause,
                Ok(()) if transfer.finish(&self.parts.crypto) == accepted.digest => return Ok(()),
                // Bytes that were in the slot before this boot may be those of someone with a cable.
                Ok(()) if transfer.was_resumed() => Pause::Changed,
                Ok(()) => {
                    // What is in the slot is of no use to a later offer.
                    self.log
                        .save(&mut self.parts.flash, |state| state.progress = None)
                        .await?;
                    Pause::Halt(Halt::Refused(Reason::WrongDigest))
                }
            };
            if transfer.written() > before {
                lost = 0;
            }
            let (reason, asked_s) = match pause {
                Pause::Halt(halt) => return Err(halt),
                Pause::Lost(reason, asked_s) => (reason, asked_s),
                Pause::Changed => {
                    begun_anew = begun_anew.saturating_add(1);
                    if begun_anew > MAX_BEGUN_ANEW {
                        return Err(Halt::Failed(Reason::BadAnswer));
                    }
                    transfer = Transfer::new(&self.parts.crypto);
                    continue;
                }
                Pause::AddressEnded => {
                    self.parts.observer.event(Event::AddressEnded);
                    addresses = addresses.saturating_add(1);
                    if addresses > MAX_ADDRESSES {
                        return Err(Halt::Failed(Reason::BadAnswer));
                    }
                    redirects = 0;
                    match self.fresh_address(offer, accepted).await? {
                        // At once, but only the first time.
                        Ok(()) => (Reason::BadAnswer, (lost == 0).then_some(0)),
                        Err(reason) => (reason, None),
                    }
                }
            };
            let over = self.parts.clock.uptime_ms() >= deadline_ms;
            if over || lost >= self.settings.pace.retries {
                return Err(Halt::Failed(reason));
            }
            self.back_off(lost, asked_s).await;
            lost = lost.saturating_add(1);
        }
    }

    /// Takes up what an earlier download of the same image left in the slot.
    async fn resume(
        &mut self,
        accepted: &Accepted,
    ) -> Result<Transfer<<P::Crypto as Crypto>::Sha256>, Halt> {
        let Self {
            parts,
            buffers,
            places,
            log,
            ..
        } = self;
        let Parts {
            flash,
            crypto,
            observer,
            ..
        } = parts;
        let same = log.state().progress.filter(|progress| {
            progress.slot == places.target_slot
                && progress.digest == accepted.digest
                && progress.size == accepted.size
                && progress.written <= progress.size
        });
        let mut transfer = Transfer::new(crypto);
        if let Some(progress) = same {
            transfer
                .rehash(flash, places, &mut buffers.sector, progress.written)
                .await?;
            observer.event(Event::Resumed {
                done: progress.written,
            });
        }
        Ok(transfer)
    }

    /// 1 and 2 again, for a fresh URL of the same offer.
    async fn fresh_address(
        &mut self,
        offer: OfferId,
        accepted: &Accepted,
    ) -> Result<Result<(), Reason>, Halt> {
        match self.check_in().await {
            Ok(answer) => match answer.offer {
                Some(judged) if judged.id == offer && judged.accepted == Ok(*accepted) => {
                    Ok(Ok(()))
                }
                _ => Err(Halt::Withdrawn),
            },
            Err(Failure::Busy { .. }) => Ok(Err(Reason::Connection)),
            Err(Failure::NoAnswer(reason)) => Ok(Err(reason)),
        }
    }

    /// Waits: as long as the server asked for, else twice as long as the last time, half of it at random.
    async fn back_off(&mut self, lost: u32, asked_s: Option<u32>) {
        let doubled = FIRST_WAIT_MS.saturating_mul(1_u32.checked_shl(lost).unwrap_or(u32::MAX));
        let most = asked_s
            .map_or(doubled, |seconds| seconds.saturating_mul(1000))
            .min(MAX_WAIT_MS);
        let Parts {
            clock,
            entropy,
            observer,
            ..
        } = &mut self.parts;
        let half = most.checked_div(2).unwrap_or_default();
        let wait_ms = match asked_s {
            Some(_) => most,
            None => half.saturating_add(below(entropy, half.saturating_add(1))),
        };
        let wait_ms = u64::from(wait_ms);
        if wait_ms > 0 {
            observer.event(Event::Retrying { wait_ms });
            clock.sleep_ms(wait_ms).await;
        }
    }

    /// 3 and 4: asks for range after range, over as few connections as the servers allow, until nothing is missing.
    async fn fetch(
        &mut self,
        transfer: &mut Transfer<<P::Crypto as Crypto>::Sha256>,
        accepted: &Accepted,
        deadline_ms: u64,
        redirects: &mut u32,
    ) -> Result<(), Pause> {
        let Self {
            settings,
            parts,
            buffers,
            places,
            log,
            begins,
            ..
        } = self;
        let Parts {
            flash,
            link,
            clock,
            crypto,
            observer,
            ..
        } = parts;
        let sector_ms = u64::from(settings.pace.sector_limit_s).saturating_mul(1000);
        'connections: while transfer.written() < accepted.size {
            if transfer.written() == 0 && !begins.may(clock.uptime_ms(), settings.pace.begins) {
                return Err(Halt::Failed(Reason::BadAnswer).into());
            }
            // 3, for the offer's URL and for every other.
            let address = Address::check(buffers.url.as_str(), settings).map_err(Halt::Refused)?;
            let ours = address.peer == Peer::Server;
            let floor = if ours { floor } else { proven_floor }(settings, log.state());
            let connection = link
                .connect(address.peer, address.host, address.port, floor)
                .await;
            let mut connection = match connection {
                Err(LinkError::Untrusted) if ours && doubt(settings, log) => continue,
                connected => connected?,
            };
            if ours {
                log.prove();
            }
            let mut connection = Bounded::new(&mut connection, clock, deadline_ms);
            while transfer.written() < accepted.size {
                let first = transfer.written();
                // The first sector comes alone: what is not the image should not cost a whole range.
                let step = if first == 0 {
                    sector_len()
                } else {
                    settings.pace.range
                };
                let end = first.saturating_add(step).min(accepted.size);
                let request = Request {
                    host: address.host,
                    port: address.port,
                    target: address.target,
                    content: Content::Range {
                        first,
                        last: end.saturating_sub(1),
                    },
                };
                connection.within(sector_ms);
                let sector = &mut buffers.sector;
                let (head, mut early) = request.exchange(&mut connection, sector).await?;
                let end = match head.status {
                    206 if is_range(&head, first, end, accepted.size) => end,
                    // A server that knows no ranges sends it all, which is as good from the start.
                    200 if first == 0 && head.length == Some(u64::from(accepted.size)) => {
                        accepted.size
                    }
                    301 | 302 | 303 | 307 | 308 => {
                        *redirects = redirects.saturating_add(1);
                        let location = head.location.ok_or(Fault::Rules)?;
                        let next = Address::check(location, settings).map_err(Halt::Refused)?;
                        // A store that could send a device back to our server would speak there in its name.
                        let back = address.peer == Peer::Store && next.peer == Peer::Server;
                        let allowed = *redirects <= MAX_REDIRECTS && !back;
                        if !allowed || buffers.url.set(location).is_none() {
                            return Err(Halt::Refused(Reason::ForbiddenAddress).into());
                        }
                        continue 'connections;
                    }
                    401 | 403 | 404 | 410 | 416 => return Err(Pause::AddressEnded),
                    429 | 503 => return Err(Pause::Lost(Reason::Connection, head.retry_after_s)),
                    500.. => return Err(Pause::Lost(Reason::BadAnswer, None)),
                    _ => return Err(Fault::Rules.into()),
                };
                transfer.pin(crypto, head.etag)?;
                let keeps = head.keeps;
                while transfer.written() < end {
                    let len = end.saturating_sub(transfer.written()).min(sector_len());
                    let len = usize::try_from(len).unwrap_or(SECTOR);
                    connection.within(sector_ms);
                    read_body(&mut connection, sector, mem::take(&mut early), len).await?;
                    let anew = transfer.written() == 0;
                    transfer.now(connection.now_ms());
                    transfer
                        .put(flash, places, log, accepted, sector, len)
                        .await?;
                    if anew {
                        begins.note();
                    }
                    let (done, total) = (transfer.written(), accepted.size);
                    observer.event(Event::Progress { done, total });
                }
                if !keeps {
                    continue 'connections;
                }
            }
        }
        Ok(())
    }
}

impl From<Fault> for Pause {
    fn from(fault: Fault) -> Self {
        let reason = check_in::reason(fault);
        match fault {
            Fault::Link(LinkError::Untrusted) | Fault::Rules => Self::Halt(Halt::Failed(reason)),
            Fault::Link(_) => Self::Lost(reason, None),
        }
    }
}

impl From<LinkError> for Pause {
    fn from(error: LinkError) -> Self {
        Fault::Link(error).into()
    }
}

impl From<Halt> for Pause {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

/// Whether an answer carries exactly the bytes asked for, of a whole of the right length.
fn is_range(head: &Head<'_>, first: u32, end: u32, whole: u32) -> bool {
    let exact = head.range.is_some_and(|range| {
        range.first == u64::from(first)
            && range.last.checked_add(1) == Some(u64::from(end))
            && range.whole == u64::from(whole)
    });
    exact && head.length == Some(u64::from(end.saturating_sub(first)))
}

fn sector_len() -> u32 {
    u32::try_from(SECTOR).unwrap_or(u32::MAX)
}

/// What the server plane needs is one; a store may add one of its own, and one is spare. Ends a loop of redirects, also
/// one that gives a sector in between: they count until there is a fresh URL.
const MAX_REDIRECTS: u32 = 3;

/// How often one download may ask for a fresh URL; one that lives as long as it should is asked for once. Stops a
/// server that gives a sector for each from having a device check in hundreds of times.
const MAX_ADDRESSES: u32 = 16;

/// How often a changed `ETag`, or a slot that someone else wrote to, is met by beginning anew.
const MAX_BEGUN_ANEW: u32 = 2;

/// The wait after the first lost connection, in milliseconds.
const FIRST_WAIT_MS: u32 = 1000;

/// The longest wait in a download, in milliseconds; what needs longer is better begun again by a check-in.
const MAX_WAIT_MS: u32 = 5 * 60 * 1000;
