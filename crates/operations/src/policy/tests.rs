use countersign_images::secure_boot::{BlockReport, Fault};
use countersign_protocol::Digest;
use esp_formats::secure_boot::Scheme;

use super::{Blocks, Breach, SecureBoot};

/// A block by that key, right unless something is wrong.
fn block(number: usize, key: u8, fault: Option<Fault>) -> BlockReport {
    BlockReport {
        number,
        scheme: Some(Scheme::Rsa3072),
        key_digest: Some(Digest([key; 32])),
        fault,
    }
}

fn judge(blocks: Blocks, keys: &[u8], there: &[BlockReport]) -> Result<(), Breach> {
    let keys = keys.iter().map(|key| Digest([*key; 32])).collect();
    SecureBoot { keys, blocks }.check(&"lamp".parse().unwrap(), there)
}

#[test]
fn a_chip_with_secure_boot_takes_any_right_block_by_a_key_that_it_knows() {
    let (old, new) = (1, 2);
    for there in [
        &[block(0, old, None)][..],
        &[block(0, new, None), block(1, old, None)],
        &[block(0, old, Some(Fault::Signature)), block(2, old, None)],
    ] {
        assert_eq!(judge(Blocks::Any, &[old], there), Ok(()));
    }
    let strange = judge(Blocks::Any, &[old], &[block(0, new, None)]);
    assert!(
        matches!(strange, Err(Breach::StrangeKeys { .. })),
        "{strange:?}"
    );
    let broken = [block(0, old, Some(Fault::OtherImage))];
    let broken = judge(Blocks::Any, &[old], &broken);
    assert!(
        matches!(broken, Err(Breach::Block { number: 0, .. })),
        "{broken:?}"
    );
    assert!(judge(Blocks::Any, &[old], &[]).is_err());
}

#[test]
fn an_app_without_secure_boot_compares_the_first_block_alone() {
    let (old, new) = (1, 2);
    let first = |there: &[BlockReport]| judge(Blocks::First, &[old], there);
    assert_eq!(first(&[block(0, old, None), block(1, new, None)]), Ok(()));

    let Err(refused) = first(&[block(0, new, None), block(1, old, None)]) else {
        panic!("the devices refuse it");
    };
    let said = refused.to_string();
    for part in [
        "block 0 is by key 0202",
        "the key that they know signed block 1",
        "compare block 0 alone",
        "0101",
    ] {
        assert!(said.contains(part), "{part} in: {said}");
    }
    // A key behind the first block is no consolation, nor is a first place that is empty or broken.
    assert!(first(&[block(1, old, None)]).is_err());
    let broken = first(&[block(0, old, Some(Fault::Signature)), block(1, old, None)]);
    assert!(
        matches!(broken, Err(Breach::Block { number: 0, .. })),
        "{broken:?}"
    );
    assert!(first(&[]).is_err());
}
