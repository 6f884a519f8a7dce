#![no_main]
use countersign_protocol::{MAX_REPORT, Report};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Report::decode(bytes) else {
        return;
    };
    let mut out = [0; MAX_REPORT];
    let len = message.encode(&mut out).unwrap();
    assert_eq!(Report::decode(&out[..len]), Ok(message));
});
