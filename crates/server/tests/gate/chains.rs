//! What is remembered of a chain, and what it is good for.

use countersign_keys::FileKey;
use countersign_operations::gate::Bar;
use countersign_protocol::Digest;
use countersign_x509::sha256;

use crate::{
    client::{BOTH, Version},
    world::World,
};

#[test]
fn a_chain_is_remembered_once_its_key_was_proved_and_never_stands_for_the_key() {
    for version in BOTH {
        let world = World::new();
        let board = world.enroll("d1", None);
        let mut stolen = board.clone();
        stolen.key = FileKey::generate().unwrap().to_pkcs8_der().unwrap();
        let thief = world.client(&stolen, version);
        let owner = world.client(&board, version);
        let at = world.at.device;
        // Chains are no secret: who shows one without its key gets nowhere, and teaches us nothing.
        for tries in 1..=2 {
            assert_eq!(thief.come(at).unwrap_err(), "DecryptError", "{version:?}");
            assert_eq!(world.chains(), [tries, 0]);
        }
        owner.come(at).unwrap();
        assert_eq!(world.chains(), [3, 0]);
        owner.come(at).unwrap();
        assert_eq!(world.chains(), [3, 1]);
        assert_eq!(thief.come(at).unwrap_err(), "DecryptError");
        assert!(world.refuses("handshake-failed"));
    }
}

#[test]
fn on_another_plane_and_under_other_anchors_a_chain_is_validated_anew() {
    let world = World::new();
    let client = world.client(&world.enroll("d1", None), Version::Tls13);
    let come = |at| {
        client.come(at).unwrap();
        world.chains()
    };
    assert_eq!(come(world.at.device), [1, 0]);
    assert_eq!(come(world.at.download), [2, 0]);
    assert_eq!(come(world.at.device), [2, 1]);
    assert_eq!(come(world.at.download), [2, 2]);
    world.register("acme", "Acme device CA");
    assert_eq!(come(world.at.device), [3, 2]);
    assert_eq!(come(world.at.download), [4, 2]);
    assert_eq!(come(world.at.device), [4, 3]);
}

#[test]
fn with_any_byte_of_any_certificate_changed_a_chain_is_not_the_one_that_is_known() {
    let world = World::new();
    let board = world.enroll("d1", None);
    let at = world.at.device;
    world.client(&board, Version::Tls12).come(at).unwrap();
    let known = board.chain.iter().map(Vec::len);
    for (nth, length) in known.enumerate() {
        for byte in 0..length {
            let mut chain = board.chain.clone();
            chain[nth][byte] ^= 1;
            let changed = world.client(&board.showing(chain), Version::Tls12);
            assert!(changed.come(at).is_err(), "byte {byte} of {nth}");
        }
    }
    // None of them was taken for the one that is known.
    assert_eq!(world.chains()[1], 0);
    world.client(&board, Version::Tls12).come(at).unwrap();
    assert_eq!(world.chains()[1], 1);
}

#[test]
fn with_a_byte_changed_in_a_certificate_that_no_path_needs_a_chain_is_validated_in_full() {
    let world = World::new();
    let board = world.enroll("d1", None);
    let mut chain = board.chain.clone();
    chain.push(world.device_root.der().to_vec());
    let at = world.at.device;
    let come = |chain: &[Vec<u8>]| {
        let board = board.showing(chain.to_vec());
        world.client(&board, Version::Tls13).come(at).is_ok()
    };
    assert!(come(&chain));
    assert!(come(&chain));
    let [mut validated, remembered] = world.chains();
    assert_eq!([validated, remembered], [1, 1]);
    let mut taken = 0;
    for byte in (0..chain[2].len()).step_by(7) {
        let mut changed = chain.clone();
        changed[2][byte] ^= 1;
        taken += u32::from(come(&changed));
        validated += 1;
        assert_eq!(world.chains(), [validated, remembered], "byte {byte}");
    }
    // The path needs none of it: where it can still be read, the device is who it is.
    assert!(taken > 0);
    assert!(come(&chain));
    assert_eq!(world.chains(), [validated, remembered + 1]);
}

#[test]
fn in_another_order_or_with_one_more_or_less_a_chain_is_another() {
    let world = World::new();
    let board = world.enroll("d1", None);
    let [leaf, issuing] = &*board.chain else {
        unreachable!();
    };
    let root = world.device_root.der().to_vec();
    let at = world.at.device;
    let come = |chain: &[&Vec<u8>]| {
        let chain = chain.iter().copied().cloned().collect();
        let came = world.client(&board.showing(chain), Version::Tls13).come(at);
        (came.map(|answer| answer.status), world.chains())
    };
    assert_eq!(come(&[leaf, issuing]), (Ok(404), [1, 0]));
    assert_eq!(come(&[leaf, issuing, &root]), (Ok(404), [2, 0]));
    assert_eq!(come(&[leaf, &root, issuing]), (Ok(404), [3, 0]));
    assert_eq!(come(&[leaf, issuing, issuing]), (Ok(404), [4, 0]));
    assert_eq!(come(&[leaf, issuing, &root]), (Ok(404), [4, 1]));
    assert_eq!(come(&[leaf]), (Err("UnknownCA".to_owned()), [5, 1]));
    let (came, chains) = come(&[issuing, leaf]);
    assert!(came.is_err());
    assert_eq!(chains, [6, 1]);
    // Four are taken, of any kind; five cost nothing.
    let four = come(&[leaf, issuing, &root, &root]);
    assert_eq!(four, (Ok(404), [7, 1]));
    let five = come(&[leaf, issuing, &root, &root, &root]);
    assert_eq!(five, (Err("CertificateUnknown".to_owned()), [7, 1]));
    assert!(world.refuses("chain-too-long"));
    // It is kept with the device whose certificate was at the head.
    let shown = world.context.refusals.all()[0].shown;
    assert_eq!(shown, Some(board.fingerprint()));
    let large = vec![0x30; 7500];
    assert_eq!(come(&[leaf, issuing, &large]).1, [7, 1]);
    assert!(world.refuses("chain-too-long"));
    assert_eq!(come(&[leaf, issuing]), (Ok(404), [7, 2]));
}

#[test]
fn a_thousand_revocations_of_others_leave_the_hit_rate_as_it_was() {
    let world = World::new();
    let boards = (0..20).map(|n| world.enroll(&format!("d{n}"), None));
    let clients: Vec<_> = boards
        .map(|board| world.client(&board, Version::Tls13))
        .collect();
    let all_come = || {
        for client in &clients {
            client.come(world.at.device).unwrap();
        }
        world.chains()
    };
    assert_eq!(all_come(), [20, 0]);
    assert_eq!(all_come(), [20, 20]);
    for n in 0_u32..1000 {
        let other = Digest(sha256(&n.to_be_bytes()));
        world.context.gate.bar(&[other], Bar::Revoked);
    }
    assert_eq!(all_come(), [20, 40]);
}

#[test]
fn a_stranger_is_validated_each_time_and_refused() {
    let (world, elsewhere) = (World::new(), World::new());
    let stranger = world.client(&elsewhere.enroll("d1", None), Version::Tls13);
    for times in 1..=2 {
        let refused = stranger.come(world.at.device).unwrap_err();
        // It bears the name of our CA, which did not sign it.
        assert_eq!(refused, "DecryptError");
        assert_eq!(world.chains(), [times, 0]);
        assert!(world.refuses("unknown-issuer"));
    }
}
