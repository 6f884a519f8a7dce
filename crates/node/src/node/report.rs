//! Step 8: telling a server how an offer ended.

use countersign_protocol::{MAX_REPORT, Report};

use super::{Node, ask::Reply};
use crate::{Error, Event, Observer, Platform, state::Ended};

/// What became of the report that is owed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Delivery {
    /// None is owed any more.
    Done,
    /// A server is there and did not take it.
    Kept,
    /// No server is there, or it asks for patience; and for how many seconds.
    Later(Option<u32>),
}

impl<P: Platform> Node<'_, P> {
    /// 8: delivers the report that is owed, if one is.
    ///
    /// A server that refuses a report has no use for it: that ends the matter as well.
    pub(super) async fn report(&mut self) -> Result<Delivery, Error> {
        let Some(ended) = self.log.state().ended.filter(|ended| ended.owed) else {
            return Ok(Delivery::Done);
        };
        let message = Report {
            offer: ended.offer,
            outcome: ended.outcome,
            version: self.running.version.as_str(),
            reason: ended.reason,
        };
        let mut body = [0; MAX_REPORT];
        // A record that makes no report is owed to nobody.
        if let Ok(len) = message.encode(&mut body) {
            let body = body.get(..len).unwrap_or_default();
            let Ok(answered) = self.ask(REPORT, body, Reply::PassedOver).await else {
                return Ok(Delivery::Later(None));
            };
            match answered.status {
                429 | 503 => return Ok(Delivery::Later(answered.retry_after_s)),
                200..=299 | 400..=499 => {}
                _ => return Ok(Delivery::Kept),
            }
        }
        let told = Ended {
            owed: false,
            ..ended
        };
        self.log
            .save(&mut self.parts.flash, |state| state.ended = Some(told))
            .await?;
        self.parts.observer.event(Event::Reported(ended.outcome));
        Ok(Delivery::Done)
    }
}

const REPORT: &str = "/v1/report";
