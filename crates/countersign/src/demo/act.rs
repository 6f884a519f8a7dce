//! The second act: everyone who should be turned away, each for the right reason.
//!
//! One file for each group, one function for each attack, called as the attack is. The demonstration fails where one
//! gets through, or is refused for another reason than the one that should have stopped it.

mod addresses;
mod clients;
mod messages;
mod releases;
mod servers;

use anyhow::{Result, bail};
use countersign_operations::view::EnrolledView;
use rustls::version::{TLS12, TLS13};
use serde_json::Value;

use super::{
    cast::{self, Server, Told},
    client::{Answer, Client},
    loot,
    report::Refusal,
    story::{self, Story},
    thief::{Bait, Thief},
};
use crate::operator;

/// An attack, and how it should end.
#[derive(Clone, Copy, Debug)]
struct Attack {
    /// Its stable name.
    name: &'static str,
    /// In words, 38 characters at most, so that the table fits a page.
    what: &'static str,
    /// Who should refuse it: [`SERVER`] or [`DEVICE`].
    by: &'static str,
    /// Where: one of our planes, or a part of the device's work.
    place: &'static str,
    /// Why: the stable code.
    reason: &'static str,
}

/// How an attack ended.
#[derive(Clone, Debug)]
enum Ended {
    /// It was refused.
    Refused {
        /// The stable code.
        reason: String,
        /// In words.
        text: String,
    },
    /// It was not; what happened instead.
    Passed(String),
}

impl Attack {
    /// Holds what happened against what should have.
    fn judge(&self, ended: Ended) -> Result<Refusal> {
        let Self {
            name,
            what,
            by,
            place,
            reason: wanted,
        } = *self;
        match ended {
            Ended::Refused { reason, text } if reason == wanted => Ok(Refusal {
                name,
                what,
                by,
                place,
                reason,
                reason_text: text,
            }),
            Ended::Refused { reason, text } => bail!(
                "`{name}` should have been refused by the {by} as `{wanted}`, and was as `{reason}`: {text}"
            ),
            Ended::Passed(instead) => {
                bail!(
                    "`{name}` should have been refused by the {by} as `{wanted}`, and was not: {instead}"
                )
            }
        }
    }
}

impl Ended {
    fn refused(reason: &str, text: &str) -> Self {
        Self::Refused {
            reason: reason.to_owned(),
            text: text.to_owned(),
        }
    }

    /// As a device tells it: the last event of a kind, with its reason.
    fn told(told: &Told, kind: &str) -> Self {
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or("?").to_owned();
        match told.last(kind) {
            Some(event) => Self::Refused {
                reason: text(event, "reason"),
                text: text(event, "reason_text"),
            },
            None => Self::Passed(format!("the device said {}", told.words())),
        }
    }
}

impl From<Answer> for Ended {
    fn from(answer: Answer) -> Self {
        match answer.refusal() {
            Some((reason, text)) => Self::Refused { reason, text },
            None => Self::Passed(format!("it was answered {}", answer.status)),
        }
    }
}

/// Who else plays.
struct Cast {
    /// Where the device plane is.
    device_url: String,
    /// An honest device, played by this process: what it does is done by its key and certificate.
    neighbour: Client,
    /// The honest device of the first act, played likewise.
    device: Client,
    /// Somebody who has what our server has, and a port of his own.
    thief: Thief,
}

impl Cast {
    async fn gather(story: &Story<'_>, server: &Server) -> Result<Self> {
        let stage = story.stage;
        story
            .enroll_as(NEIGHBOUR, stage.folder("neighbour"))
            .await?;
        Ok(Self {
            device_url: server.view.device_url.clone(),
            neighbour: Client::device(&stage.folder("neighbour"), &TLS13)?,
            device: Client::device(&stage.device(), &TLS12)?,
            thief: Thief::listen(&loot::our_server(stage)?).await?,
        })
    }
}

impl Story<'_> {
    /// Plays the second act. `enrolled` is the device of the first.
    pub(super) async fn second_act(
        &mut self,
        server: &Server,
        enrolled: &EnrolledView,
    ) -> Result<()> {
        let cast = Cast::gather(self, server).await?;
        // Taken now, so that it has ended, or nearly, when its turn comes.
        let signed = self.take_address(&cast).await?;

        let start = self.group();
        self.attacking_clients(&cast, enrolled).await?;
        self.end_of_group(start, "clients");

        let start = self.group();
        self.enroll_victim(&cast.thief).await?;
        self.attacking_servers(&cast).await?;
        self.end_of_group(start, "servers");

        let start = self.group();
        self.attacking_releases(&cast).await?;
        self.end_of_group(start, "releases");

        let start = self.group();
        self.attacking_addresses(&cast, &signed).await?;
        self.end_of_group(start, "addresses");

        let start = self.group();
        self.attacking_messages(&cast).await?;
        self.end_of_group(start, "messages");
        Ok(())
    }

    /// Holds an attack, tried in one way or several, against what should have become of it, and keeps it for the
    /// report.
    fn turned_away(
        &mut self,
        attack: &Attack,
        tried: impl IntoIterator<Item = Ended>,
    ) -> Result<()> {
        let mut refusals = tried.into_iter().map(|ended| attack.judge(ended));
        let Some(first) = refusals.next() else {
            bail!("`{}` was never tried", attack.name)
        };
        let first = first?;
        refusals.try_for_each(|other| other.map(drop))?;
        self.refused(first);
        Ok(())
    }

    fn group(&self) -> (std::time::Instant, usize) {
        (cast::now(), self.report.refusals.len())
    }

    fn end_of_group(&mut self, (start, before): (std::time::Instant, usize), name: &'static str) {
        let count = self.report.refusals.len().saturating_sub(before);
        let detail = format!("{count} attacks, each turned away for the right reason");
        self.done(start, name, detail, None);
    }

    /// A device of ours that comes to the thief for its updates, as where DNS is the thief's.
    async fn enroll_victim(&self, thief: &Thief) -> Result<()> {
        let enrolled = self.enroll_as(VICTIM, self.stage.folder("victim")).await?;
        let misled = EnrolledView {
            device_url: thief.url().to_owned(),
            ..enrolled
        };
        story::write_again(&self.stage.folder("victim"), &misled)
    }

    /// The victim comes to the thief, who offers it something.
    async fn offer_victim(&self, thief: &Thief, bait: Bait) -> Result<Told> {
        thief.offer(bait);
        self.victim().await
    }

    /// The victim is switched on until it has nothing more to do.
    async fn victim(&self) -> Result<Told> {
        self.run(&self.stage.folder("victim"), &[]).await
    }

    /// What the operator plane says of a device.
    async fn view(&self, id: &str) -> Result<Value> {
        let path = operator::path("/v1/devices/", id, "");
        self.operator().await?.get(&path).await
    }
}

/// Who refuses.
const SERVER: &str = "server";
/// Who refuses.
const DEVICE: &str = "device";
/// The honest device that this process plays.
const NEIGHBOUR: &str = "7cdfa1000003";
/// The device that comes to the thief.
const VICTIM: &str = "7cdfa1000006";

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACK: Attack = Attack {
        name: "bad-luck",
        what: "somebody without luck",
        by: SERVER,
        place: "device-plane",
        reason: "no-luck",
    };

    #[test]
    fn an_attack_that_was_refused_for_its_reason_is_reported() {
        let refusal = ATTACK.judge(Ended::refused("no-luck", "there was none"));
        let refusal = refusal.unwrap();
        assert_eq!((refusal.name, &*refusal.reason), ("bad-luck", "no-luck"));
        assert_eq!(refusal.reason_text, "there was none");
    }

    #[test]
    fn an_attack_that_got_through_or_was_refused_for_another_reason_is_a_failure() {
        for (ended, said) in [
            (Ended::Passed("it was answered 200".to_owned()), "200"),
            (Ended::refused("no-time", "there was none"), "no-time"),
        ] {
            let error = ATTACK.judge(ended).unwrap_err().to_string();
            assert!(error.contains("bad-luck"), "{error}");
            assert!(error.contains(said), "{error}");
        }
    }
}
