//! One message to our server, and its answer: what steps 1 and 8 have in common.

use super::{
    EXCHANGE_MS, Node,
    accept::{doubt, floor},
};
use crate::{
    Clock, Link, LinkError, Need, Observer, Parts, Peer, Platform,
    http::{Bounded, Content, Fault, Request, read_body},
};

/// What a server answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) retry_after_s: Option<u32>,
    /// How much of the node's sector buffer the reply fills: nothing, where none was to be read.
    pub(super) reply_len: usize,
}

/// Whether the body of an answer is of use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reply {
    /// With status 200 it is read into the node's sector buffer, which bounds it.
    Read,
    /// Whatever it is, it ends with the connection.
    PassedOver,
}

impl<P: Platform> Node<'_, P> {
    /// Sends a message on a connection of its own, to a server that proves itself.
    pub(super) async fn ask(
        &mut self,
        target: &str,
        message: &[u8],
        reply: Reply,
    ) -> Result<Answered, Fault> {
        self.parts.observer.make_room(Need::Message);
        let answered = self.exchange(target, message, reply).await;
        self.parts.observer.room_returned();
        answered
    }

    async fn exchange(
        &mut self,
        target: &str,
        message: &[u8],
        reply: Reply,
    ) -> Result<Answered, Fault> {
        let Self {
            settings,
            parts: Parts { link, clock, .. },
            buffers,
            log,
            ..
        } = self;
        let deadline_ms = clock.uptime_ms().saturating_add(EXCHANGE_MS);
        let (host, port) = (settings.server_host, settings.server_port);
        let mut connection = loop {
            let floor = floor(settings, log.state());
            match link.connect(Peer::Server, host, port, floor).await {
                Err(LinkError::Untrusted) if doubt(settings, log) => {}
                connected => break connected?,
            }
        };
        log.prove();
        let mut connection = Bounded::new(&mut connection, clock, deadline_ms);
        let request = Request {
            host,
            port,
            target,
            content: Content::Message(message),
        };
        let buffer = &mut buffers.sector;
        let (head, early) = request.exchange(&mut connection, buffer).await?;
        let mut answered = Answered {
            status: head.status,
            retry_after_s: head.retry_after_s,
            reply_len: 0,
        };
        if head.status == 200 && reply == Reply::Read {
            let length = head.length.and_then(|length| usize::try_from(length).ok());
            answered.reply_len = length.ok_or(Fault::Rules)?;
            read_body(&mut connection, buffer, early, answered.reply_len).await?;
        }
        Ok(answered)
    }
}
