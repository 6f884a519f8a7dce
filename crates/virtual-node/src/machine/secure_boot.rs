//! What the chip's eFuse says of who may sign its images.

use countersign_node::{Blocks, Scheme, SecureBoot};

/// The keys of a chip with Secure Boot v2, as its eFuse holds them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedKeys {
    /// The kind of signature that the chip was configured for.
    pub scheme: Scheme,
    /// SHA-256 of each public key, as `espsecure digest-sbv2-public-key` writes it.
    pub digests: Vec<[u8; 32]>,
    /// Which signature blocks of an image count.
    pub blocks: Blocks,
}

impl TrustedKeys {
    /// The same, as the node wants it.
    pub(super) fn settings(&self) -> SecureBoot<'_> {
        SecureBoot {
            scheme: self.scheme,
            keys: &self.digests,
            blocks: self.blocks,
        }
    }
}
