#![no_main]
use countersign_protocol::{CheckInReply, MAX_REPLY};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = CheckInReply::decode(bytes) else {
        return;
    };
    let mut out = [0; MAX_REPLY];
    let len = message.encode(&mut out).unwrap();
    assert_eq!(CheckInReply::decode(&out[..len]), Ok(message));
});
