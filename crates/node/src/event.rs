//! What the platform is told while the node works.

use countersign_protocol::{Outcome, Reason, Unfit};

/// One thing that happened. The numbers are the steps of the [crate's documentation](crate).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// 1: a server answered the check-in; it wants the next one in `next_s` seconds.
    CheckedIn {
        /// Seconds until the next check-in, within the settings' bounds.
        next_s: u32,
    },
    /// 1: no server answered the check-in as it should.
    CheckInFailed(Reason),
    /// 1: the server is there and asks for patience.
    ServerBusy {
        /// Seconds until the node asks again.
        seconds: u32,
    },
    /// 2: there is no partition named `authors`, so that the factory's authors stay, whatever comes after them.
    AuthorsFixed,
    /// 2: a successor of the author set was followed and kept; its authors alone count from now on.
    AuthorsFollowed {
        /// Its sequence.
        sequence: u32,
    },
    /// 2: what a server sent is no successor of the author set that the node goes by.
    AuthorsRefused(Unfit),
    /// 2: a successor could not be checked or kept for now.
    AuthorsPutOff,
    /// 2: a known author's release was accepted for download.
    Offered {
        /// The release's version.
        version: &'a str,
        /// The image's length in bytes.
        size: u32,
    },
    /// 4: the download goes on where an earlier one, perhaps before a reset, ended.
    Resumed {
        /// Bytes that are in the slot already.
        done: u32,
    },
    /// 4: bytes were written to the slot.
    Progress {
        /// Bytes in the slot.
        done: u32,
        /// The image's length in bytes.
        total: u32,
    },
    /// 4: the connection was lost; the node waits before it tries again.
    Retrying {
        /// Milliseconds of the wait.
        wait_ms: u64,
    },
    /// 4: the URL has ended; the node checks in again for a fresh one.
    AddressEnded,
    /// 5: the slot was read back and is the author's image.
    Verified,
    /// 6: the boot loader was told to start the new slot.
    Selected {
        /// The OTA slot, from 0.
        slot: u8,
    },
    /// 7: the running image was confirmed.
    Confirmed,
    /// 7: the boot loader went back; the release is barred.
    RolledBack,
    /// 7: no server could be reached for too long; the node wants the reset that goes back.
    SelfTestFailed,
    /// 8: an offer was refused for good.
    Refused(Reason),
    /// 8: an offer could not be finished for now.
    Failed(Reason),
    /// 8: a server took the report.
    Reported(Outcome),
}

/// What the node is about to need memory for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Need {
    /// One connection, for one message of ours and its answer: a check-in or a report.
    Message,
    /// One connection after the other, until an image is there or the node gives up on it: minutes, perhaps hours.
    Download,
}

/// Sees what the node does, and decides nothing about it.
pub trait Observer {
    /// Takes one event.
    fn event(&mut self, event: Event<'_>) {
        let _ = event;
    }

    /// Free your memory now: a TLS handshake is next, and it takes more than all else that the node does.
    ///
    /// Called before each, while no connection is open. A platform lets go of what it can make again: caches, a display's
    /// second buffer, a radio protocol that is not needed meanwhile. The node goes on when this returns, whatever came of
    /// it; where memory is short all the same, the link says so as of any connection that could not be made.
    fn make_room(&mut self, need: Need) {
        let _ = need;
    }

    /// The memory is free again: the connections that [`Observer::make_room`] told of are closed.
    ///
    /// Not called where the node's future was dropped in between; then the connections are closed with it.
    fn room_returned(&mut self) {}
}

impl Observer for () {}
