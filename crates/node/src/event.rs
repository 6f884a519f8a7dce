//! What the platform is told while the node works.

use countersign_protocol::{Outcome, Reason};

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

/// Sees what the node does, and can do nothing about it.
pub trait Observer {
    /// Takes one event.
    fn event(&mut self, event: Event<'_>) {
        let _ = event;
    }
}

impl Observer for () {}
