//! A device's identity: all of `esp_secure_cert`, with the PEM in it ([`countersign_provision::secure_cert`]).

use countersign_provision::secure_cert::{build, read};

use crate::seal;

/// What is read can be written, and reads the same.
pub fn run(bytes: &[u8]) {
    for partition in [bytes, &seal::secure_cert(bytes)] {
        let Ok(identity) = read(partition) else {
            continue;
        };
        let built = build(
            &identity.chain,
            &identity.key_pem,
            &identity.server_root,
            1 << 16,
        );
        if let Ok(built) = built {
            assert_eq!(read(&built).unwrap(), identity);
        }
    }
}
