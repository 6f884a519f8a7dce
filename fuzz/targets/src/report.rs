//! How an offer ended ([`countersign_protocol::Report`]).

use countersign_protocol::{MAX_REPORT, Report};

/// What is read can be written, and reads the same.
pub fn run(bytes: &[u8]) {
    let Ok(message) = Report::decode(bytes) else {
        return;
    };
    let mut out = [0; MAX_REPORT];
    let len = message.encode(&mut out).unwrap();
    assert_eq!(Report::decode(&out[..len]), Ok(message));
}
