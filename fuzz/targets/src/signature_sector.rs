//! The sector of Secure Boot signatures behind an image ([`esp_formats::secure_boot`]), read and written.

use esp_formats::secure_boot::{
    BLOCK, Block, Key, Place, SECTOR, Scheme, Sector, blocks, compose_block,
};

use crate::seal;

/// With the blocks' CRCs as they are and put right. A block has the numbers of its own scheme and of no other, and is read as
/// it was written; what is put into a sector is in it, and the blocks that were there stay as they were.
pub fn run(bytes: &[u8]) {
    let sector: [u8; SECTOR] = seal::flash(bytes);
    for sector in [&sector, &seal::signature_sector(&sector)] {
        for block in blocks(sector).into_iter().flatten() {
            assert!(block.key.len() + block.signature.len() + block.image_digest.len() < BLOCK);
            assert_eq!(block.rsa3072().is_some(), block.scheme == Scheme::Rsa3072);
            assert_eq!(block.ecdsa().is_none(), block.scheme == Scheme::Rsa3072);
            let on_p256 = block.scheme == Scheme::EcdsaP256;
            assert_eq!(block.ecdsa_p256().is_some(), on_p256);
            if let Some(written) = written(&block) {
                put(sector, &written);
            }
        }
    }
}

/// The block, written anew; `None` where its modulus is none of 3072 bits.
fn written(block: &Block<'_>) -> Option<[u8; BLOCK]> {
    let (key, signature) = match (block.rsa3072(), block.ecdsa()) {
        (Some(rsa), _) => {
            let key = Key::rsa3072(&rsa.modulus, rsa.exponent).ok()?;
            (key, rsa.signature.to_vec())
        }
        (None, ecdsa) => {
            let numbers = ecdsa?;
            let key = Key::ecdsa(numbers.point()).ok()?;
            (key, numbers.signature().to_vec())
        }
    };
    let written = compose_block(&key, block.image_digest, &signature).ok()?;
    let read = Block::parse(&written).ok();
    assert_eq!(read.map(|read| read.scheme), Some(block.scheme));
    assert_eq!(read.map(|read| read.image_digest), Some(block.image_digest));
    Some(written)
}

fn put(sector: &[u8; SECTOR], block: &[u8; BLOCK]) {
    let before = Sector::new(sector);
    let mut after = before.clone();
    let Ok(number) = after.append(block) else {
        assert!(after == before);
        return;
    };
    for (place, (before, after)) in before.places().into_iter().zip(after.places()).enumerate() {
        let is_new = matches!((before, after), (Place::Free, Place::Taken(_)));
        assert!(if place == number {
            is_new
        } else {
            before == after
        });
    }
}
