//! What the planes bear. Each limit says what it stops.

use std::time::Duration;

/// What the planes bear. The numbers of connections are for each plane by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Connections at once: stops those who open ever more of them from taking all memory and descriptors.
    pub connections: usize,
    /// Connections at once that have proved nothing yet: stops silent strangers from taking the places of devices.
    pub handshakes: usize,
    /// Connections at once from one IPv4 address or one /64 of IPv6: stops one host from taking all places.
    pub per_address: usize,
    /// New connections in a second from one address: stops one host from spending all our time on handshakes.
    pub per_address_per_second: usize,
    /// Connections at once that show one certificate: stops a hostile device from taking the places of others.
    pub per_device: usize,
    /// For a handshake: stops one who connects and says nothing. A slow chip needs two seconds.
    pub handshake: Duration,
    /// Bytes that a client may send before it has proved itself: stops endless chains. A device sends 2 KiB.
    pub handshake_bytes: usize,
    /// For a request's head, also on an idle connection: stops one who sends a byte a second.
    pub head: Duration,
    /// Bytes of a request's head: stops endless headers. hyper wants 8192 at least.
    pub head_bytes: usize,
    /// Headers of a request: stops many small ones, which cost more than their bytes.
    pub headers: usize,
    /// For a request's body, beside the time that it takes at the slowest rate: stops one who sends a byte a second.
    pub body: Duration,
    /// For a peer that takes nothing of an answer: stops one who asks and does not read.
    pub stalled: Duration,
    /// Bytes of an answer that the system may hold for a peer (Linux takes twice as many): bounds what one pins who reads
    /// slowly.
    pub send_buffer: u32,
    /// The slowest peer that is waited for, in bytes per second: an answer may take as long as it takes at this rate, and
    /// `patience` longer, which is how long a download's URL lives.
    pub slowest_rate: u32,
    /// See `slowest_rate`.
    pub patience: Duration,
    /// Connections at once on the operator's address, where there is neither TLS nor a device.
    pub operator_connections: usize,
    /// For open requests at the end of the server.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            handshakes: 2_000,
            per_address: 2_500,
            per_address_per_second: 500,
            per_device: 16,
            handshake: Duration::from_secs(15),
            handshake_bytes: 16 * 1024,
            head: Duration::from_secs(30),
            head_bytes: 16 * 1024,
            headers: 100,
            body: Duration::from_secs(15),
            stalled: Duration::from_secs(30),
            send_buffer: 64 * 1024,
            slowest_rate: 4096,
            patience: Duration::from_mins(2),
            operator_connections: 64,
            farewell: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// How long a peer may take for an answer of `length` bytes.
    pub(crate) fn for_answer(&self, length: u64) -> Duration {
        self.at_slowest(length).saturating_add(self.patience)
    }

    /// How long a peer may take to send a body of `length` bytes.
    pub(crate) fn for_body(&self, length: u64) -> Duration {
        self.at_slowest(length).saturating_add(self.body)
    }

    /// How long the system may go on giving out what it holds of an answer, when we are done with it.
    pub(crate) fn for_the_rest(&self) -> Duration {
        let held = u64::from(self.send_buffer).saturating_mul(2);
        self.at_slowest(held).saturating_add(self.stalled)
    }

    fn at_slowest(&self, length: u64) -> Duration {
        Duration::from_secs(length / u64::from(self.slowest_rate.max(1)))
    }
}

/// The least that hyper bounds a request's head to, in bytes.
pub(crate) const SMALLEST_HEAD: usize = 8192;
