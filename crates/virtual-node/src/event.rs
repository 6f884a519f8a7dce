//! What a virtual device tells those who watch it.

use countersign_esp_boot::Slot;
use countersign_node::LinkError;
use countersign_protocol::{Outcome, Reason, Unfit};

/// One thing that happened on a virtual device.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The boot stage starts an image.
    Boot {
        /// Where it lies.
        slot: Slot,
        /// The version in its app descriptor.
        version: String,
        /// Whether this is the image's first boot, which it has to confirm.
        pending_verify: bool,
    },
    /// The boot stage found that an image's last boot was its first and that it never confirmed: it will not be
    /// started again.
    RolledBack {
        /// The version of that image.
        from: String,
        /// The version that is started instead.
        to: String,
    },
    /// The boot stage could not use the image that it was to start.
    Unbootable {
        /// Where it lies.
        slot: Slot,
        /// What is wrong with the image.
        detail: String,
    },
    /// A connection stands.
    Connected {
        /// The peer's name.
        host: String,
        /// The peer's port.
        port: u16,
        /// "1.2" or "1.3".
        tls: &'static str,
        /// How long the TLS handshake took.
        handshake_us: u64,
    },
    /// A connection could not be made.
    ConnectFailed {
        /// The peer's name.
        host: String,
        /// The peer's port.
        port: u16,
        /// What the node is told.
        error: LinkError,
        /// What a person is told.
        detail: String,
    },
    /// A server answered the check-in.
    CheckedIn {
        /// Seconds until the next one.
        next_s: u32,
    },
    /// No server answered the check-in as it should.
    CheckInFailed {
        /// Why.
        reason: Reason,
    },
    /// The server asks for patience.
    ServerBusy {
        /// Seconds until the node asks again.
        seconds: u32,
    },
    /// There is nothing newer for this device.
    UpToDate {
        /// The version that runs.
        version: String,
    },
    /// The device's flash has no place for author sets: the factory's authors stay.
    AuthorsFixed,
    /// A successor of the author set was followed.
    AuthorsFollowed {
        /// Its sequence.
        sequence: u32,
    },
    /// What a server sent is no successor of the author set that the device goes by.
    AuthorsRefused {
        /// Why.
        why: Unfit,
    },
    /// A successor could not be checked or kept for now.
    AuthorsPutOff,
    /// A known author's release was accepted for download.
    Offered {
        /// The release's version.
        version: String,
        /// The image's length in bytes.
        size: u32,
    },
    /// Bytes are in the slot.
    Progress {
        /// How many.
        done: u32,
        /// The image's length in bytes.
        total: u32,
    },
    /// The download goes on where an earlier one, perhaps before a reset, ended.
    Resumed {
        /// Bytes that are in the slot already.
        done: u32,
    },
    /// The URL has ended; the node asks for a fresh one.
    AddressEnded,
    /// The connection was lost; the node waits before it tries again.
    Retrying {
        /// Milliseconds of the wait.
        wait_ms: u64,
    },
    /// The slot was read back and is the author's image.
    Verified,
    /// The boot stage was told to start the slot.
    Selected {
        /// The OTA slot, from 0.
        slot: u8,
    },
    /// The running image was confirmed.
    Confirmed {
        /// Its version.
        version: String,
    },
    /// The running image, on its first boot, reached no server in time: the node wants the reset that goes back.
    SelfTestFailed,
    /// An offer was refused for good.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// An offer could not be finished for now.
    Failed {
        /// Why.
        reason: Reason,
    },
    /// A server took a report.
    Reported {
        /// Of what.
        outcome: Outcome,
    },
    /// The machine is reset.
    Reset {
        /// Why.
        why: ResetCause,
    },
}

/// Why a machine is reset.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ResetCause {
    /// The node asked for it.
    Node,
    /// The image hung, and the watchdog ended it.
    Watchdog,
}
