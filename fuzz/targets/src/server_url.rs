//! The server's URL in a device's settings, as the virtual ESP32 reads it.

use countersign_node::{Peer, fuzz::address};
use countersign_virtual_node::machine::fuzz::server;

/// A server that is taken is one that the node itself would go to.
pub fn run(text: &[u8]) {
    if let Some((host, port)) = server(&String::from_utf8_lossy(text))
        && host.len() <= 253
    {
        let url = format!("https://{host}:{port}/");
        assert_eq!(
            address(&url, &host, &[]),
            Some((Peer::Server, &*host, port, "/"))
        );
    }
}
