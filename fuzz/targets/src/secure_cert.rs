//! The entries of an `esp_secure_cert` partition ([`esp_formats::secure_cert`]).

use esp_formats::secure_cert::{Entries, Kind, Writer, find};

use crate::seal;

/// Both with the CRCs as they are and put right. What is read can be written, and reads the same.
pub fn run(bytes: &[u8]) {
    for partition in [bytes, &seal::secure_cert(bytes)] {
        let _ = find(partition, Kind::DEVICE_CERTIFICATE, 0);
        let entries: Vec<_> = Entries::new(partition).flatten().collect();
        let mut out = vec![0xFF; partition.len()];
        let mut writer = Writer::new(&mut out);
        for entry in &entries {
            // Past 64 KiB a device's offset does not reach.
            if writer.append(entry).is_err() {
                return;
            }
        }
        assert!(Entries::new(&out).flatten().eq(entries));
    }
}
