//! Messages of devices that proved themselves, and say what is not so, or not theirs to say.
//!
//! No message of ours says whose it is: the certificate says that. What was taken before, and what speaks of another
//! device, changes nothing.

use anyhow::{Context as _, Result};
use countersign_protocol::{
    CheckIn, CheckInReply, MAX_CHECK_IN, MAX_REPORT, OfferId, Outcome, Reason, Report, SlotState,
};
use serde_json::Value;

use super::{Attack, Cast, Ended, NEIGHBOUR, SERVER};
use crate::demo::story::{PRODUCT, Story};

impl Story<'_> {
    pub(super) async fn attacking_messages(&mut self, cast: &Cast) -> Result<()> {
        let said = check_in(self.images.chip.0, "0")?;
        let mut neighbour = cast.neighbour.connect(&cast.device_url).await?;
        let answer = neighbour.post("/v1/checkin", &said).await?.must(200)?;
        let reply = CheckInReply::decode(&answer.body)?;
        let offer = reply.offer.context("the neighbour is offered nothing")?.id;
        let report = refusal_of(offer)?;
        self.foreign_report(cast, &report).await?;
        neighbour.post("/v1/report", &report).await?.must(204)?;
        self.replayed_report(cast, &report).await?;
        self.foreign_check_in(cast).await
    }

    /// A device reports on an offer that is open, and another device's.
    async fn foreign_report(&mut self, cast: &Cast, report: &[u8]) -> Result<()> {
        let attack = Attack {
            name: "foreign-report",
            what: "a report on another device's offer",
            reason: "unknown-offer",
            ..MESSAGE
        };
        let before = self.known(NEIGHBOUR).await?;
        let mut connection = cast.device.connect(&cast.device_url).await?;
        let answer = connection.post("/v1/report", report).await?;
        let ended = if self.known(NEIGHBOUR).await? == before {
            answer.into()
        } else {
            Ended::Passed("the other device's offer was changed".to_owned())
        };
        self.turned_away(&attack, [ended])
    }

    /// A report that was taken is sent again.
    async fn replayed_report(&mut self, cast: &Cast, report: &[u8]) -> Result<()> {
        let attack = Attack {
            name: "replayed-report",
            what: "a report that was taken, sent again",
            reason: NO_EFFECT,
            ..MESSAGE
        };
        let before = self.known(NEIGHBOUR).await?;
        let mut connection = cast.neighbour.connect(&cast.device_url).await?;
        // It may be that the answer to the first was lost: the device is told that all is well.
        connection.post("/v1/report", report).await?.must(204)?;
        let ended = if self.known(NEIGHBOUR).await? == before {
            Ended::refused(NO_EFFECT, "it was taken before, and changes nothing")
        } else {
            Ended::Passed("it was taken a second time".to_owned())
        };
        self.turned_away(&attack, [ended])
    }

    /// A device names another one in its check-in, in every place that there is for it. It is answered as the one that its
    /// certificate names.
    async fn foreign_check_in(&mut self, cast: &Cast) -> Result<()> {
        let attack = Attack {
            name: "foreign-check-in",
            what: "a check-in in another device's name",
            reason: NO_EFFECT,
            ..MESSAGE
        };
        let other = self.report.device.id.clone();
        let before = self.known(&other).await?;
        let said = in_the_name_of(&other, &check_in(self.images.chip.0, "9.9.9")?);
        let mut connection = cast.neighbour.connect(&cast.device_url).await?;
        let target = format!("/v1/checkin?device={other}");
        connection.post(&target, &said).await?.must(200)?;
        let ended = if self.known(&other).await? != before {
            Ended::Passed("the other device is taken for what it said".to_owned())
        } else if self.view(NEIGHBOUR).await?["running"]["version"] != "9.9.9" {
            Ended::Passed("it is nobody's".to_owned())
        } else {
            Ended::refused(
                NO_EFFECT,
                "it counts for the device that the certificate names",
            )
        };
        self.turned_away(&attack, [ended])
    }

    /// All that the server knows of a device, the audit log included.
    async fn known(&self, id: &str) -> Result<(Value, Value)> {
        let view = self.view(id).await?;
        let audit = self.operator().await?.get("/v1/audit").await?;
        Ok((view, audit))
    }
}

/// What a device says of itself that runs `version`, confirmed, and has accepted no manifest before.
pub(super) fn check_in(chip: u16, version: &str) -> Result<Vec<u8>> {
    let said = CheckIn {
        product: PRODUCT,
        chip,
        version,
        image: None,
        counter: 0,
        secure_version: 0,
        slot: 0,
        state: SlotState::Confirmed,
        authors: None,
    };
    let mut message = vec![0; MAX_CHECK_IN];
    let length = said.encode(&mut message)?;
    message.truncate(length);
    Ok(message)
}

/// The same check-in with one key more, 23: a text, the id of a device. A reader of version 1 passes over it.
fn in_the_name_of(id: &str, check_in: &[u8]) -> Vec<u8> {
    let mut message = check_in.to_vec();
    // The heads of a map and of a text of less than 24 entries or bytes have the count in their low five bits.
    if let Some(head) = message.first_mut() {
        *head += 1;
    }
    message.extend([23, 0x60 | u8::try_from(id.len()).unwrap_or(0)]);
    message.extend(id.as_bytes());
    message
}

/// What a device says that refused an offer.
fn refusal_of(offer: OfferId) -> Result<Vec<u8>> {
    let said = Report {
        offer,
        outcome: Outcome::Refused,
        version: "0",
        reason: Some(Reason::TooLarge),
    };
    let mut message = vec![0; MAX_REPORT];
    let length = said.encode(&mut message)?;
    message.truncate(length);
    Ok(message)
}

/// What is the same for every message.
const MESSAGE: Attack = Attack {
    name: "",
    what: "",
    by: SERVER,
    place: "device-plane",
    reason: "",
};
/// Answered, and nothing came of it.
const NO_EFFECT: &str = "no-effect";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_in_in_another_s_name_is_still_a_check_in() {
        let honest = check_in(5, "1.0.0").unwrap();
        let named = in_the_name_of("7cdfa1000001", &honest);
        assert!(named.ends_with(b"7cdfa1000001"));
        assert_eq!(CheckIn::decode(&named), CheckIn::decode(&honest));
    }
}
