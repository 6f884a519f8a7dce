//! The head of a server's answer, as a node reads it ([`countersign_node::fuzz::answer`]).

use countersign_node::fuzz::answer;

/// An answer says the same however the network cuts it.
pub fn run(sent: &[u8]) {
    let (mut whole, mut drops) = ([0; 2048], [0; 2048]);
    let whole = answer(sent, usize::MAX, &mut whole);
    assert_eq!(whole, answer(sent, 1, &mut drops));
    if let Some(answer) = whole {
        assert!((200..1000).contains(&answer.status));
        assert!(answer.location.is_none_or(|to| !to.contains(['\r', '\n'])));
    }
}
