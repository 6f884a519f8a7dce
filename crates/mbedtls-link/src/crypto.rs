//! The node's cryptography, by the library that its link has.

use core::fmt;

use countersign_node::{Crypto, Entropy, Sha256};
use countersign_protocol::Es256Verifier;

use crate::{Error, Library, c};

/// SHA-256, ES256, the signatures of Secure Boot (RSA where the library has it), and random bytes.
#[derive(Clone, Copy, Debug)]
pub struct MbedCrypto<'a> {
    library: &'a Library,
}

impl<'a> MbedCrypto<'a> {
    /// The library's, which is set up and so has randomness: signatures too are checked with some.
    pub const fn new(library: &'a Library) -> Self {
        Self { library }
    }

    /// What could not be checked for want of memory is not right, and is remembered.
    fn found(self, checked: Result<bool, Error>) -> bool {
        checked.unwrap_or_else(|_| {
            self.library.unchecked().set(true);
            false
        })
    }
}

/// A SHA-256 under way.
pub struct MbedSha256(c::Sha256);

impl fmt::Debug for MbedSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MbedSha256").finish_non_exhaustive()
    }
}

impl Crypto for MbedCrypto<'_> {
    type Sha256 = MbedSha256;

    fn sha256(&self) -> MbedSha256 {
        MbedSha256(c::Sha256::new())
    }

    /// Builds without RSA find no signature right.
    #[cfg(feature = "rsa")]
    fn rsa3072_pss_verify(
        &self,
        modulus: &[u8; 384],
        exponent: u32,
        digest: &[u8; 32],
        signature: &[u8; 384],
    ) -> bool {
        self.found(c::rsa3072_pss_verify(modulus, exponent, digest, signature))
    }

    fn p256_verify(&self, point: &[u8; 65], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
        self.found(c::es256_verify(point, digest, signature))
    }

    fn could_not_check(&self) -> bool {
        self.library.unchecked().take()
    }
}

impl Sha256 for MbedSha256 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Ends and gives the digest; all zeros where the library (hardware behind it) failed.
    fn finish(self) -> [u8; 32] {
        self.0.finish()
    }
}

impl Es256Verifier for MbedCrypto<'_> {
    /// A signature that cannot be checked for want of memory counts as wrong, and [`Crypto::could_not_check`] says so.
    fn es256_verify(&self, spki: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        let Some(Ok(point)) = spki.strip_prefix(P256_SPKI).map(TryInto::try_into) else {
            return false;
        };
        let mut digest = c::Sha256::new();
        digest.update(message);
        self.found(c::es256_verify(point, &digest.finish(), signature))
    }
}

impl Entropy for MbedCrypto<'_> {
    /// Fills `buffer`; where the library has no randomness, which it says long before, it is left as it was: the node only
    /// spreads waits with these bytes.
    fn fill(&mut self, buffer: &mut [u8]) {
        let _ = c::fill(buffer);
    }
}

/// What a `SubjectPublicKeyInfo` of a key on P-256 begins with (RFC 5480 §2): what follows is the point, 65 bytes.
const P256_SPKI: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
