//! What the node asks of the machine it runs on.
//!
//! Flash is `embedded_storage_async::nor_flash::NorFlash` over the whole chip, offset 0 its first byte.

use countersign_protocol::{Es256Verifier, UnixTime};
use embedded_storage_async::nor_flash::NorFlash;

use crate::Observer;

/// The machine as one set of types, so that whoever names the node names one type.
///
/// The node's future is `Send` where these, and the futures of their methods, are.
pub trait Platform {
    /// The whole chip; offset 0 is its first byte. Sectors are erased as 4 KiB.
    type Flash: NorFlash;
    /// Makes connections.
    type Link: Link;
    /// Waits.
    type Clock: Clock;
    /// Spreads the waits of many devices.
    type Entropy: Entropy;
    /// Checks signatures and digests.
    type Crypto: Crypto;
    /// Watches; `()` watches nothing.
    type Observer: Observer;
}

/// The machine's parts, handed to the node.
#[derive(Debug)]
pub struct Parts<P: Platform> {
    /// The whole chip's flash.
    pub flash: P::Flash,
    /// Makes connections.
    pub link: P::Link,
    /// Waits.
    pub clock: P::Clock,
    /// Spreads the waits of many devices.
    pub entropy: P::Entropy,
    /// Checks signatures and digests.
    pub crypto: P::Crypto,
    /// Watches.
    pub observer: P::Observer,
}

/// Whom the node is about to talk to, which decides what is shown and what is believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Peer {
    /// One of our own servers: the device's certificate is shown, the servers' anchors decide.
    Server,
    /// A store that a manifest or setting allows: no certificate is shown, the stores' anchors decide.
    Store,
}

/// Why a connection could not be made, or ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The peer showed no certificate that the anchors vouch for under that name.
    #[error("the peer could not prove itself")]
    Untrusted,
    /// The peer ended the connection because of who we are.
    #[error("the peer refused our certificate")]
    Refused,
    /// No connection, or it broke.
    #[error("the connection failed")]
    Broken,
    /// Nothing came for too long.
    #[error("the connection timed out")]
    TimedOut,
}

impl embedded_io_async::Error for LinkError {
    fn kind(&self) -> embedded_io_async::ErrorKind {
        match self {
            Self::Untrusted | Self::Refused => embedded_io_async::ErrorKind::PermissionDenied,
            Self::Broken => embedded_io_async::ErrorKind::ConnectionAborted,
            Self::TimedOut => embedded_io_async::ErrorKind::TimedOut,
        }
    }
}

/// Makes authenticated connections. There is no way to ask for one that is not.
///
/// The time of one call is the link's to bound, a peer that says nothing or sends drop by drop notwithstanding:
/// connecting, one read and one write each end, with [`LinkError::TimedOut`] if need be. So is the memory that a
/// handshake may take. How many calls there are, and how long they take together, the node bounds.
pub trait Link {
    /// One connection; dropping it closes it.
    type Connection<'a>: embedded_io_async::Read<Error = LinkError>
        + embedded_io_async::Write<Error = LinkError>
    where
        Self: 'a;

    /// Connects to `host`:`port` by TLS and verifies who answers; `floor` is the earliest that now can be.
    ///
    /// # Errors
    /// See [`LinkError`].
    fn connect(
        &mut self,
        peer: Peer,
        host: &str,
        port: u16,
        floor: UnixTime,
    ) -> impl Future<Output = Result<Self::Connection<'_>, LinkError>>;
}

/// Waits, and counts time since the start of the machine.
pub trait Clock {
    /// Milliseconds since the machine started.
    fn uptime_ms(&self) -> u64;
    /// Waits for that long.
    fn sleep_ms(&mut self, ms: u64) -> impl Future<Output = ()>;
}

/// Fills buffers with unpredictable bytes.
pub trait Entropy {
    /// Fills `buffer`.
    fn fill(&mut self, buffer: &mut [u8]);
}

/// SHA-256 as it goes along.
pub trait Sha256 {
    /// Takes more bytes.
    fn update(&mut self, bytes: &[u8]);
    /// Ends and gives the digest.
    fn finish(self) -> [u8; 32];
}

/// The cryptography that the node itself needs (the link has its own).
pub trait Crypto: Es256Verifier {
    /// A SHA-256 under way.
    type Sha256: Sha256;
    /// Begins a SHA-256.
    fn sha256(&self) -> Self::Sha256;

    /// Verifies RSASSA-PSS of 3072 bits with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (RFC 8017 §8.1.2), over a digest.
    /// Modulus and signature are big-endian.
    ///
    /// Only asked where the settings say [`Scheme::Rsa3072`](crate::Scheme::Rsa3072). A platform without it finds no signature
    /// right, so that every image is refused.
    fn rsa3072_pss_verify(
        &self,
        modulus: &[u8; 384],
        exponent: u32,
        digest: &[u8; 32],
        signature: &[u8; 384],
    ) -> bool {
        let _ = (modulus, exponent, digest, signature);
        false
    }

    /// Verifies ECDSA on P-256 over a digest. `point` is the public key, uncompressed (SEC 1 §2.3.3); the signature is r, then
    /// s, big-endian.
    ///
    /// Only asked where the settings say [`Scheme::EcdsaP256`](crate::Scheme::EcdsaP256). A platform without it finds no
    /// signature right, so that every image is refused.
    fn p256_verify(&self, point: &[u8; 65], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
        let _ = (point, digest, signature);
        false
    }

    /// Tells whether any signature since this was last asked was found wrong only because it could not be checked, for want
    /// of memory. What it is of is then put off, and not refused for good: that would keep a device from a good release.
    ///
    /// A platform whose checks cannot fail so need not say anything.
    fn could_not_check(&self) -> bool {
        false
    }
}
