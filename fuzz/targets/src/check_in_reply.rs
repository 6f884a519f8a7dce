//! A server's answer ([`countersign_protocol::CheckInReply`]).

use countersign_protocol::{CheckInReply, MAX_REPLY};

/// What is read can be written, and reads the same.
pub fn run(bytes: &[u8]) {
    let Ok(message) = CheckInReply::decode(bytes) else {
        return;
    };
    let mut out = [0; MAX_REPLY];
    let len = message.encode(&mut out).unwrap();
    assert_eq!(CheckInReply::decode(&out[..len]), Ok(message));
}
