//! A lock file ([`countersign_trust::lock`]), as it is and with its digests put right.

use countersign_trust::lock::Lock;

use crate::{
    plain::{assert_plain_error, assert_plain_lines},
    seal,
};

/// What is read can be written, says nothing that moves a terminal, and reads the same.
pub fn run(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    for text in [text, &seal::lock(text)] {
        match Lock::parse(text) {
            Err(error) => assert_plain_error(&error),
            Ok(lock) => {
                let written = lock.to_text();
                assert_plain_lines(&written);
                assert_eq!(lock.roots().unwrap().len(), lock.root.len());
                assert_eq!(lock.hosts().unwrap().len(), lock.host.len());
                assert_eq!(Lock::parse(&written), Ok(lock));
            }
        }
    }
}
