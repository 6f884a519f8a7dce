//! Why a machine does not run.

use countersign_esp_boot::Slot;

use crate::flash::FlashError;
use crate::link::IdentityError;

/// Why a machine does not run, or stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The flash file failed.
    #[error(transparent)]
    Flash(#[from] FlashError),
    /// The device's key and certificate are no identity.
    #[error("the partition esp_secure_cert holds no identity")]
    Identity(#[source] IdentityError),
    /// A partition that the machine needs is not in the table.
    #[error("the partition table has no {label}")]
    MissingPartition {
        /// The partition's usual label.
        label: &'static str,
    },
    /// The node cannot go on.
    #[error("the node cannot go on")]
    Node(#[source] countersign_node::Error),
    /// No slot holds an image that the boot stage would start.
    #[error("no slot holds an app image that can be started (tried first: {first})")]
    NothingBoots {
        /// The slot that was to be started.
        first: Slot,
    },
    /// The partition table is not valid.
    #[error("the partition table is not valid")]
    PartitionTable(#[source] esp_formats::Error),
    /// What the factory put into a partition cannot be read.
    #[error("what the factory put into the flash cannot be read")]
    Provision(#[source] countersign_provision::Error),
    /// The machine does nothing but reset.
    #[error("the machine was reset {resets} times in a row")]
    ResetLoop {
        /// How often.
        resets: u32,
    },
    /// The settings are not as a factory leaves them.
    #[error("the settings are not as the factory leaves them")]
    Unfit(#[source] countersign_node::provisioned::Unfit),
}
