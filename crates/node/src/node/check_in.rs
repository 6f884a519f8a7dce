//! Step 1: the check-in, and what a server says to it.

use countersign_protocol::{CheckIn, CheckInReply, MAX_CHECK_IN, OfferId, Reason, SlotState};

use super::{
    Halt, Node,
    accept::{Accepted, accept},
    ask::Reply,
    follow::{follow, known},
};
use crate::{Crypto, LinkError, Parts, Platform, http::Fault};

/// What a server said, with what step 2 makes of it.
pub(super) struct Answer {
    pub(super) next_s: u32,
    pub(super) offer: Option<Judged>,
    /// The authors changed.
    pub(super) followed: bool,
}

/// An offer and whether its manifest was accepted. Its URL is in the node's buffer.
pub(super) struct Judged {
    pub(super) id: OfferId,
    pub(super) accepted: Result<Accepted, Halt>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// 503 or 429, with the seconds of `Retry-After`.
    Busy { seconds: Option<u32> },
    /// Anything else.
    NoAnswer(Reason),
}

impl<P: Platform> Node<'_, P> {
    /// Steps 1 and 2: checks in and judges the offer, if there is one.
    pub(super) async fn check_in(&mut self) -> Result<Answer, Failure> {
        let state = self.log.state();
        let trial = self.on_trial();
        let image = if trial {
            state.pending.map(|pending| pending.image)
        } else {
            state.confirmed.filter(|image| {
                Some(image.slot) == self.settings.running_slot && image.head == self.running.head
            })
        };
        let message = CheckIn {
            product: self.settings.product,
            chip: self.running.chip,
            version: self.running.version.as_str(),
            image: image.map(|image| image.digest),
            counter: state.counter,
            secure_version: self.running.secure_version,
            // A device that runs its factory app has no slot to name.
            slot: self.settings.running_slot.unwrap_or(FACTORY),
            state: if trial {
                SlotState::PendingVerify
            } else {
                SlotState::Confirmed
            },
            authors: self.authors.sequence(),
        };
        let mut body = [0; MAX_CHECK_IN];
        let len = message
            .encode(&mut body)
            .map_err(|_| Failure::NoAnswer(Reason::BadAnswer))?;
        let body = body.get(..len).unwrap_or_default();
        let answered = self.ask(CHECK_IN, body, Reply::Read).await?;
        match answered.status {
            200 => {}
            429 | 503 => {
                return Err(Failure::Busy {
                    seconds: answered.retry_after_s,
                });
            }
            401 | 403 => return Err(Failure::NoAnswer(Reason::NotAdmitted)),
            _ => return Err(Failure::NoAnswer(Reason::BadAnswer)),
        }

        let Self {
            settings,
            parts:
                Parts {
                    flash,
                    crypto,
                    observer,
                    ..
                },
            buffers,
            places,
            running,
            log,
            authors,
            ..
        } = self;
        let reply = buffers.sector.get(..answered.reply_len);
        let reply = CheckInReply::decode(reply.unwrap_or_default()).map_err(|_| Fault::Rules)?;
        // Only here, behind a server that proved itself, is a time believed; and only until a server cannot prove
        // itself at it.
        log.advance(reply.time);
        let room = buffers.url.room();
        let followed = match reply.authors {
            Some(signed) => follow(signed, settings, authors, flash, crypto, observer, room).await,
            None => false,
        };
        let offer = match reply.offer {
            None => None,
            Some(offer) => {
                // Of what was before.
                let _ = crypto.could_not_check();
                let record = authors.read(flash, room).await;
                let known = record.and_then(|record| known(settings, record, crypto));
                let accepted = match &known {
                    // The set may be read at another time, and the next start falls back on the one before it.
                    Err(_) => Err(Halt::Failed(Reason::Flash)),
                    Ok(known) => accept(
                        &offer,
                        known,
                        settings,
                        crypto,
                        log.state(),
                        running,
                        places,
                    )
                    .map_err(|reason| Halt::refusal(crypto, reason)),
                };
                let accepted = accepted.and_then(|accepted| {
                    let kept = buffers.url.set(offer.url).map(|()| accepted);
                    kept.ok_or(Halt::Refused(Reason::ForbiddenAddress))
                });
                Some(Judged {
                    id: offer.id,
                    accepted,
                })
            }
        };
        Ok(Answer {
            next_s: reply.next_check_in_s,
            offer,
            followed,
        })
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Fault::Link(error).into()
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::NoAnswer(reason(fault))
    }
}

/// What a failed exchange is called in events and reports.
pub(super) fn reason(fault: Fault) -> Reason {
    match fault {
        Fault::Link(LinkError::Untrusted) => Reason::UntrustedServer,
        Fault::Link(LinkError::Refused) => Reason::NotAdmitted,
        Fault::Link(_) => Reason::Connection,
        Fault::Rules => Reason::BadAnswer,
    }
}

const CHECK_IN: &str = "/v1/checkin";

/// What a check-in calls the factory app: no OTA slot has this number.
const FACTORY: u8 = 255;
