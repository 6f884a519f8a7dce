//! The server's URL in a device's settings.

use countersign_node::{Peer, fuzz::address, settings::server_of};

/// A server that is taken is one that the node itself would go to.
pub fn run(text: &[u8]) {
    if let Some((host, port)) = server_of(&String::from_utf8_lossy(text)) {
        let url = format!("https://{host}:{port}/");
        assert_eq!(
            address(&url, host, &[]),
            Some((Peer::Server, host, port, "/"))
        );
    }
}
