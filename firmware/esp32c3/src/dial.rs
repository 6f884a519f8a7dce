//! DNS and TCP, over which the link makes its TLS.

use core::fmt;

use countersign_mbedtls_link::Dial;
use countersign_node::LinkError;
use embassy_net::{Stack, dns::DnsQueryType, tcp::TcpSocket};

/// Makes TCP connections, one at a time, in two static buffers.
pub(crate) struct Dialer {
    stack: Stack<'static>,
    receive: &'static mut [u8; RECEIVE],
    send: &'static mut [u8; SEND],
}

impl Dialer {
    pub(crate) fn new(
        stack: Stack<'static>,
        receive: &'static mut [u8; RECEIVE],
        send: &'static mut [u8; SEND],
    ) -> Self {
        Self {
            stack,
            receive,
            send,
        }
    }
}

impl Dial for Dialer {
    type Socket<'a> = TcpSocket<'a>;

    /// Waits for an address of our own where there is none yet; the link bounds the time of it all.
    async fn dial(&mut self, host: &str, port: u16) -> Result<TcpSocket<'_>, LinkError> {
        self.stack.wait_config_up().await;
        let addresses = self.stack.dns_query(host, DnsQueryType::A).await;
        let address = addresses.ok().and_then(|found| found.first().copied());
        let mut socket = TcpSocket::new(self.stack, self.receive, self.send);
        // A flight of the handshake is written in parts: none of them shall wait for the one before to be acknowledged.
        socket.set_nagle_enabled(false);
        socket
            .connect((address.ok_or(LinkError::Broken)?, port))
            .await
            .map_err(|_| LinkError::Broken)?;
        Ok(socket)
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

/// Room for what was received and not read, in bytes: with a round trip of 50 ms, 160 KB a second.
pub(crate) const RECEIVE: usize = 8 * 1024;

/// Room for what was sent and not acknowledged, in bytes: a flight of the handshake.
pub(crate) const SEND: usize = 2 * 1024;
