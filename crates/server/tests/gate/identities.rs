//! Who we are can be replaced while we serve.

use countersign_keys::FileKey;
use countersign_pki::Signer as _;
use countersign_server::{Error, Identity};
use rustls::HandshakeKind::{Full, Resumed};

use crate::{
    client::{BOTH, Version},
    parts::server_identity,
    world::World,
};

#[test]
fn a_replaced_identity_is_shown_from_the_next_handshake_on_and_no_one_is_lost() {
    for version in BOTH {
        let world = World::new();
        let board = world.enroll("d1", None);
        let (client, resuming) = (
            world.client(&board, version),
            world.resuming(&board, version),
        );
        let at = world.at.device;
        let mut open = client.connect(at).unwrap();
        assert_eq!(resuming.kind(at), Ok(Full));
        let first = world.identity.chain()[0].der().to_vec();
        assert_eq!(open.server(), first);
        let other = server_identity(&world.servers);
        world.identity.replace(&other).unwrap();
        for at in [at, world.at.download] {
            let shown = client.connect(at).unwrap().server();
            assert_eq!(shown, other.chain[0].der());
            assert_ne!(shown, first);
        }
        assert_eq!(open.ask("/ota?v=1.0.0").unwrap().status, 404);
        assert_eq!(resuming.kind(at), Ok(Resumed));
    }
}

#[test]
fn our_part_of_a_handshake_is_one_record_that_the_smallest_device_takes() {
    let world = World::new();
    let board = world.enroll("d1", None);
    for n in 0..20 {
        world.register(&format!("acme-{n}"), &format!("Acme device CA {n}"));
    }
    let mut identity = server_identity(&world.servers);
    loop {
        for version in BOTH {
            let records = world.client(&board, version).records(world.at.device);
            // In TLS 1.3 the server's hello and a change of cipher that means nothing go before.
            let flight = match version {
                Version::Tls12 => &records[..],
                Version::Tls13 => &records[2..],
            };
            assert_eq!(flight.len(), 1, "{version:?} {records:?}");
            println!(
                "{} certificates, {version:?}: {flight:?}",
                identity.chain.len()
            );
        }
        // As many certificates as go in: the last one pushes out the names, which are a hint and no more.
        identity.chain.push(world.servers.certificate().clone());
        if world.identity.replace(&identity).is_err() {
            break;
        }
    }
    let client = world.client(&board, Version::Tls12);
    client.come(world.at.device).unwrap();
    assert_eq!(client.names(), [[0_u8; 0]; 0]);
    assert!(identity.chain.len() > 5);
}

#[test]
fn what_cannot_be_shown_is_refused_and_the_old_one_stays() {
    let world = World::new();
    let client = world.client(&world.enroll("d1", None), Version::Tls12);
    let good = server_identity(&world.servers);
    let mut chain = good.chain.clone();
    while chain.iter().map(|one| one.der().len()).sum::<usize>() < 3700 {
        chain.push(world.servers.certificate().clone());
    }
    let large = Identity {
        chain,
        key: good.key.clone(),
    };
    let refused = world.identity.replace(&large).unwrap_err();
    assert!(matches!(refused, Error::ChainTooLarge { size, most: 4091 } if size > 4091));
    println!("{refused}");
    let wrong = FileKey::generate().unwrap();
    assert_ne!(wrong.public_key(), good.chain[0].public_key());
    let other_key = Identity {
        chain: good.chain.clone(),
        key: wrong.to_pkcs8_der().unwrap(),
    };
    let refused = world.identity.replace(&other_key).unwrap_err();
    assert!(matches!(refused, Error::OtherKey), "{refused}");
    for identity in [
        Identity {
            chain: good.chain.clone(),
            key: vec![1, 2, 3].into(),
        },
        Identity {
            chain: Vec::new(),
            key: good.key,
        },
    ] {
        let refused = world.identity.replace(&identity).unwrap_err();
        assert!(matches!(refused, Error::Tls(_)), "{refused}");
    }
    let shown = client.connect(world.at.device).unwrap().server();
    assert_eq!(shown, world.identity.chain()[0].der());
    assert_ne!(shown, good.chain[0].der());
}
