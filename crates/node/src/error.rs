//! What stops the node as a whole.

/// What stops the node as a whole. Trouble with servers, releases and connections never does: that is an
/// [`Event`](crate::Event) and a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The flash refused a read, a write or an erase.
    #[error("the flash failed at offset {offset:#x}")]
    Flash {
        /// The offset into the chip, in bytes.
        offset: u32,
    },
    /// The author set that the node goes by cannot be read any more.
    #[error("the author set in the partition named authors is damaged")]
    AuthorSet,
    /// A partition that the node needs is not in the table, or too small.
    #[error("the partition table has no {0} of the size that the node needs")]
    MissingPartition(Partition),
    /// The partition table cannot be read.
    #[error("the partition table at offset {offset:#x} is not valid")]
    PartitionTable {
        /// The offset into the chip, in bytes.
        offset: u32,
    },
    /// The running slot holds no app image with an app descriptor, so that the node does not know what it is.
    #[error("the running slot does not begin with an app image and its descriptor")]
    RunningImage,
    /// A setting is outside what it may be.
    #[error("the setting {0} is out of range")]
    Setting(&'static str),
}

/// A partition that the node needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Partition {
    /// Type `data`, subtype `ota`: 8 KiB.
    #[error("otadata partition")]
    OtaData,
    /// Label `node_state`: 8 KiB or more, not encrypted.
    #[error("partition named node_state")]
    NodeState,
    /// The slot that the platform says is running.
    #[error("partition that is running")]
    Running,
    /// An OTA slot beside the running one.
    #[error("second OTA slot")]
    SecondSlot,
}
