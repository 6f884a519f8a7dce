//! Step 8: telling a server how an offer ended.

use countersign_protocol::{MAX_REPORT, Report};

use super::{Node, accept::floor};
use crate::{
    Error, Event, Link, Observer, Parts, Peer, Platform,
    http::{Content, Fault, Request},
    state::Ended,
};

impl<P: Platform> Node<'_, P> {
    /// Delivers the report that is owed, if one is; false where no server took it.
    ///
    /// A server that refuses a report has no use for it: that ends the matter as well.
    pub(super) async fn report(&mut self) -> Result<bool, Error> {
        let Some(ended) = self.log.state().ended.filter(|ended| ended.owed) else {
            return Ok(true);
        };
        let message = Report {
            offer: ended.offer,
            outcome: ended.outcome,
            version: self.running.version.as_str(),
            reason: ended.reason,
        };
        let mut body = [0; MAX_REPORT];
        let taken = match message.encode(&mut body) {
            Ok(len) => {
                let answer = self.post(body.get(..len).unwrap_or_default()).await;
                matches!(answer, Ok(200..=299 | 400..=428 | 430..=499))
            }
            // A record that makes no report is owed to nobody.
            Err(_) => true,
        };
        if taken {
            let told = Ended {
                owed: false,
                ..ended
            };
            self.log
                .save(&mut self.parts.flash, |state| state.ended = Some(told))
                .await?;
            self.parts.observer.event(Event::Reported(ended.outcome));
        }
        Ok(taken)
    }

    async fn post(&mut self, body: &[u8]) -> Result<u16, Fault> {
        let Self {
            settings,
            parts: Parts { link, .. },
            buffers,
            log,
            ..
        } = self;
        let floor = floor(settings, log.state());
        let (host, port) = (settings.server_host, settings.server_port);
        let mut connection = link
            .connect(Peer::Server, host, port, floor)
            .await
            .map_err(Fault::Link)?;
        let request = Request {
            host,
            port,
            target: REPORT,
            content: Content::Message(body),
        };
        Ok(request
            .exchange(&mut connection, &mut buffers.head)
            .await?
            .status)
    }
}

const REPORT: &str = "/v1/report";
