//! A device's question ([`countersign_protocol::CheckIn`]).

use countersign_protocol::{CheckIn, MAX_CHECK_IN};

/// What is read can be written, and reads the same.
pub fn run(bytes: &[u8]) {
    let Ok(message) = CheckIn::decode(bytes) else {
        return;
    };
    let mut out = [0; MAX_CHECK_IN];
    let len = message.encode(&mut out).unwrap();
    assert_eq!(CheckIn::decode(&out[..len]), Ok(message));
}
