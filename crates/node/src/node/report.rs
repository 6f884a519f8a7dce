//! Step 8: telling a server how an offer ended.

use countersign_protocol::{MAX_REPORT, Report};

use super::{
    EXCHANGE_MS, Node,
    accept::{doubt, floor},
};
use crate::{
    Clock, Error, Event, Link, LinkError, Observer, Parts, Peer, Platform,
    http::{Bounded, Content, Fault, Request},
    state::Ended,
};

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
            match self.post(body.get(..len).unwrap_or_default()).await {
                Ok((429 | 503, retry_after_s)) => return Ok(Delivery::Later(retry_after_s)),
                Ok((200..=299 | 400..=499, _)) => {}
                Ok(_) => return Ok(Delivery::Kept),
                Err(_) => return Ok(Delivery::Later(None)),
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

    async fn post(&mut self, body: &[u8]) -> Result<(u16, Option<u32>), Fault> {
        let Self {
            settings,
            parts: Parts { link, clock, .. },
            buffers,
            log,
            ..
        } = self;
        let deadline_ms = clock.uptime_ms().saturating_add(EXCHANGE_MS);
        let (host, port) = (settings.server_host, settings.server_port);
        let connection = loop {
            let floor = floor(settings, log.state());
            match link.connect(Peer::Server, host, port, floor).await {
                Err(LinkError::Untrusted) if doubt(settings, log) => {}
                connected => break connected?,
            }
        };
        log.prove();
        let mut connection = Bounded::new(connection, clock, deadline_ms);
        let request = Request {
            host,
            port,
            target: REPORT,
            content: Content::Message(body),
        };
        let head = request.exchange(&mut connection, &mut buffers.head).await?;
        Ok((head.status, head.retry_after_s))
    }
}

const REPORT: &str = "/v1/report";
