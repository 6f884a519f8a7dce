//! A URL that a server sends a node to ([`countersign_node::fuzz::address`]).

use countersign_node::{Peer, fuzz::address};

/// Where the node goes, nobody could take for somewhere else.
pub fn run(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let Some((peer, host, port, target)) = address(&text, "ota.example", &["s3.example"]) else {
        return;
    };
    let known = if peer == Peer::Server {
        "ota.example"
    } else {
        "s3.example"
    };
    assert!(host.eq_ignore_ascii_case(known) && port > 0);
    assert!(target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic()));
    let authority = &text[..text.len() - target.len()];
    assert!(!authority.contains(['@', '\\', '[', '%']), "{authority}");
}
