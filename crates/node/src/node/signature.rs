//! Step 5, where the product has Secure Boot: the signature of the image itself, as the boot loader will look at it.

use countersign_protocol::Reason;
use esp_formats::{
    app_image::Extent,
    secure_boot::{self, Block, Scheme, blocks},
};

use crate::{
    Crypto, Sha256,
    settings::{Blocks, Scheme as Wanted, SecureBoot},
};

/// An image that is being read back, and what is known of its signature so far.
pub(super) struct Signature<'s, H> {
    wanted: &'s SecureBoot<'s>,
    extent: Extent,
    /// Of all that lies before the signature sector; `None` once that was reached.
    hash: Option<H>,
    trusted: bool,
}

impl<'s, H: Sha256> Signature<'s, H> {
    /// Nothing was read yet.
    pub(super) fn new<C: Crypto<Sha256 = H>>(wanted: &'s SecureBoot<'s>, crypto: &C) -> Self {
        Self {
            wanted,
            extent: Extent::default(),
            hash: Some(crypto.sha256()),
            trusted: false,
        }
    }

    /// Takes the sector at `at`, or what the image has of it.
    ///
    /// The signature is looked for where the boot loader will: behind the end that the image's own headers give, and not
    /// at the end of the file. What else follows is not of the signed image, and the boot loader never looks at it.
    pub(super) fn take<C: Crypto<Sha256 = H>>(&mut self, crypto: &C, at: u32, bytes: &[u8]) {
        if self.extent.signature_at() == Some(at) {
            if let Some(hash) = self.hash.take() {
                let digest = hash.finish();
                // A sector that is cut has no signature.
                self.trusted = bytes
                    .first_chunk()
                    .is_some_and(|sector| is_trusted(self.wanted, crypto, sector, &digest));
            }
        } else if let Some(hash) = &mut self.hash {
            hash.update(bytes);
            // An image whose headers cannot be read has no end, so that no sector is its signature.
            let _ = self.extent.push(bytes);
        }
    }

    /// Tells what came of it.
    ///
    /// # Errors
    /// [`Reason::UntrustedImage`] where no block that counts is a trusted key's signature of this image.
    pub(super) fn finish(self) -> Result<(), Reason> {
        if self.trusted {
            Ok(())
        } else {
            Err(Reason::UntrustedImage)
        }
    }
}

fn is_trusted<C: Crypto>(
    wanted: &SecureBoot<'_>,
    crypto: &C,
    sector: &[u8; secure_boot::SECTOR],
    digest: &[u8; 32],
) -> bool {
    let counted = match wanted.blocks {
        Blocks::Any => secure_boot::MAX_BLOCKS,
        Blocks::First => 1,
    };
    // As the boot ROM does: a block that is damaged, or of a stranger, says nothing of the others.
    blocks(sector)
        .into_iter()
        .take(counted)
        .flatten()
        .any(|block| {
            block.image_digest == digest
                && wanted.keys.contains(&digest_of(crypto, block.key))
                && verify(wanted.scheme, crypto, &block, digest)
        })
}

fn verify<C: Crypto>(wanted: Wanted, crypto: &C, block: &Block<'_>, digest: &[u8; 32]) -> bool {
    match (wanted, block.scheme) {
        (Wanted::Rsa3072, Scheme::Rsa3072) => block.rsa3072().is_some_and(|rsa| {
            crypto.rsa3072_pss_verify(&rsa.modulus, rsa.exponent, digest, &rsa.signature)
        }),
        (Wanted::EcdsaP256, Scheme::EcdsaP256) => block
            .ecdsa_p256()
            .is_some_and(|ecdsa| crypto.p256_verify(&ecdsa.point, digest, &ecdsa.signature)),
        _ => false,
    }
}

fn digest_of<C: Crypto>(crypto: &C, bytes: &[u8]) -> [u8; 32] {
    let mut hash = crypto.sha256();
    hash.update(bytes);
    hash.finish()
}
