//! Why the node cannot begin, and what to do about it.

use esp_radio::wifi::WifiError;
use esp_storage::FlashStorageError;

/// Why the node cannot begin. Its words go to the serial line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The flash's contents are encrypted, and the driver is used as if they were not.
    #[error("this chip has flash encryption on, which this program does not know yet")]
    FlashEncryption,
    /// The flash could not be read.
    #[error("the flash cannot be read at {offset:#x}: {error:?}")]
    Flash {
        /// Where, in bytes.
        offset: u32,
        /// What the driver says.
        error: FlashStorageError,
    },
    /// Mbed TLS does not start.
    #[error("TLS: {0}")]
    Library(countersign_mbedtls_link::Error),
    /// A partition is not in the table.
    #[error(
        "the partition table has no `{0}`; flash the device's own partition-table.bin (esptool write-flash @flash_args)"
    )]
    MissingPartition(&'static str),
    /// The partition table cannot be read.
    #[error(
        "there is no partition table at {offset:#x} ({source}); flash the device's own partition-table.bin"
    )]
    PartitionTable {
        /// Where it should be, in bytes.
        offset: u32,
        /// What is wrong with it.
        source: esp_formats::Error,
    },
    /// The node stopped.
    #[error("{0}")]
    Node(countersign_node::Error),
    /// The radio does not start.
    #[error("Wi-Fi does not start: {0:?}")]
    Radio(WifiError),
    /// The radio is not on, so that there are no true random numbers.
    #[error("there is no randomness: the radio is off")]
    Random,
    /// The boot loader mapped something that is neither an OTA slot nor the factory app.
    #[error("the running image is in no app partition of the table")]
    Running,
    /// A setting is not what it should be.
    #[error("the setting `{0}` is not what it should be; see the README of this firmware")]
    Setting(&'static str),
    /// A task could not be started.
    #[error("a task does not start: {0:?}")]
    Task(embassy_executor::SpawnError),
    /// What is in a partition is not as the factory leaves it.
    #[error("{0}; flash the device's folder again")]
    Unfit(#[from] countersign_node::provisioned::Unfit),
}
