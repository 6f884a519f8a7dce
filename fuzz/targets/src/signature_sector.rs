//! The sector of Secure Boot signatures behind an image ([`esp_formats::secure_boot`]).

use esp_formats::secure_boot::{BLOCK, SECTOR, Scheme, blocks};

use crate::seal;

/// With the blocks' CRCs as they are and put right. A block has the numbers of its own scheme and of no other.
pub fn run(bytes: &[u8]) {
    let sector: [u8; SECTOR] = seal::flash(bytes);
    for sector in [&sector, &seal::signature_sector(&sector)] {
        for block in blocks(sector).into_iter().flatten() {
            assert!(block.key.len() + block.signature.len() + block.image_digest.len() < BLOCK);
            assert_eq!(block.rsa3072().is_some(), block.scheme == Scheme::Rsa3072);
            let on_p256 = block.scheme == Scheme::EcdsaP256;
            assert_eq!(block.ecdsa_p256().is_some(), on_p256);
        }
    }
}
