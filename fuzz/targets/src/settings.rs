//! A device's settings: an NVS partition ([`countersign_provision::nvs`]).

use countersign_provision::nvs::{read, write};

use crate::seal;

/// Both with the CRCs as they are and put right. What is read can be written, where it keeps to what we write, and
/// reads the same.
pub fn run(bytes: &[u8]) {
    let _ = read(bytes);
    let Ok(settings) = read(&seal::nvs(bytes)) else {
        return;
    };
    if let Ok(written) = write(&settings, 8 * seal::NVS_PAGE) {
        assert_eq!(read(&written).unwrap(), settings);
    }
}
