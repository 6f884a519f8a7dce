//! The session that the next connection to the same server may go on with.

use alloc::string::String;

use countersign_node::Peer;
use countersign_protocol::UnixTime;

use crate::SavedSession;

/// What is kept of the last server, and of no other: while the next one's handshake takes the most of a chip's memory, the
/// session with the one before would only lie in its way.
#[derive(Debug)]
pub(super) struct Kept {
    whose: Option<Whose>,
    saved: Option<SavedSession>,
    /// When the first certificate ends by which the server proved itself.
    ends: UnixTime,
    /// When it did, in milliseconds since the machine started.
    proved_ms: u64,
}

/// A server, and as what it proved itself: whom one set of anchors vouches for, the other need not know.
#[derive(Debug, Eq, PartialEq)]
struct Whose {
    peer: Peer,
    host: String,
    port: u16,
}

impl Kept {
    pub(super) const fn new() -> Self {
        Self {
            whose: None,
            saved: None,
            ends: UnixTime(0),
            proved_ms: 0,
        }
    }

    /// Makes it this server's: what is of another is forgotten.
    pub(super) fn of(&mut self, peer: Peer, host: &str, port: u16) -> &mut Self {
        let known = self.whose.as_ref();
        if !known.is_some_and(|whose| whose.is(peer, host, port)) {
            self.clear();
            self.whose = Whose::new(peer, host, port);
        }
        self
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Takes what may be resumed now: one offer each.
    pub(super) fn take(&mut self, floor: UnixTime, now_ms: u64) -> Option<SavedSession> {
        let saved = self.saved.take()?;
        let fresh = now_ms.saturating_sub(self.proved_ms) < RESUME_FOR_MS;
        (fresh && self.ends >= floor).then_some(saved)
    }

    /// Notes that the server proved itself by certificates that end then.
    pub(super) fn proved(&mut self, ends: UnixTime, now_ms: u64) {
        self.ends = ends;
        self.proved_ms = now_ms;
    }

    /// Keeps what may be resumed, where there is memory for the server's name.
    pub(super) fn put(&mut self, saved: Option<SavedSession>) {
        if saved.is_some() && self.whose.is_some() {
            self.saved = saved;
        }
    }
}

impl Whose {
    fn new(peer: Peer, host: &str, port: u16) -> Option<Self> {
        let mut name = String::new();
        name.try_reserve_exact(host.len()).ok()?;
        name.push_str(host);
        Some(Self {
            peer,
            host: name,
            port,
        })
    }

    fn is(&self, peer: Peer, host: &str, port: u16) -> bool {
        self.peer == peer && self.port == port && self.host == host
    }
}

/// How long what a server once proved is believed without proof, in milliseconds: a day. It stops a server from never
/// proving itself again.
const RESUME_FOR_MS: u64 = 24 * 60 * 60 * 1000;
