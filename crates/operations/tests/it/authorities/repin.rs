//! A device gets another key.

use std::sync::{Arc, Mutex};

use countersign_fleet::{RegisteredAuthority, StoreError, VouchesFor};
use countersign_operations::{
    Error, Refusal,
    gate::{Bar, Cut},
    repin::{self, NewKey},
    revoke,
};
use countersign_protocol::Digest;
use countersign_x509::{Certificate, pem};

use super::{
    house::{House, id},
    mint::{Ca, key, shown},
};

/// A plane that notes what it is to cut.
#[derive(Debug, Default)]
struct Plane(Mutex<Vec<Digest>>);

impl Cut for Plane {
    fn cut(&self, fingerprints: &[Digest]) {
        self.0.lock().unwrap().extend(fingerprints);
    }
}

fn certificate(chain: &[Certificate]) -> NewKey {
    NewKey::Certificate(pem::to_pem(chain).into_bytes())
}

fn public_key(certificate: &Certificate) -> NewKey {
    NewKey::PublicKey(pem::encode("PUBLIC KEY", certificate.public_key()).into_bytes())
}

#[tokio::test]
async fn by_its_new_key_a_device_comes_in_and_by_the_old_one_it_is_cut() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    house.register(&ca.registered("acme")).await;
    let plane = Arc::<Plane>::default();
    let context = &house.context;
    context.gate.guard(&(Arc::clone(&plane) as Arc<dyn Cut>));
    let board = id("acme/board-7");
    let [first, second, third] = [(), (), ()].map(|()| ca.device("board-7", &key()));
    let [by_first, by_second, by_third] = [&first, &second, &third].map(|one| shown(one, "acme"));
    house.admit(&by_first).await.unwrap();
    for (new, certificate, old) in [
        (
            certificate(std::slice::from_ref(&second)),
            &by_second,
            &by_first,
        ),
        (public_key(&third), &by_third, &by_second),
    ] {
        assert_eq!(house.admit(certificate).await, Err(Refusal::OtherKey));
        let view = repin::repin(context, &board, &new).await.unwrap();
        assert!(view.pin.is_some());
        assert_eq!(house.admit(certificate).await, Ok(board.clone()));
        assert_eq!(house.admit(old).await, Err(Refusal::Revoked));
        assert_eq!(context.gate.bars(&old.fingerprint), Some(Bar::Revoked));
        assert_eq!(*plane.0.lock().unwrap(), [old.fingerprint]);
        plane.0.lock().unwrap().clear();
        // Said again, nothing more is cut.
        repin::repin(context, &board, &new).await.unwrap();
        assert!(plane.0.lock().unwrap().is_empty());
    }
    // Nor does a new certificate for the old key help.
    let log = context.store.audit_log(99).await.unwrap();
    let lines = log.iter().filter(|line| line.action == "device.repin");
    assert_eq!(lines.count(), 4);
}

#[tokio::test]
async fn what_is_not_the_device_s_is_refused_and_nothing_is_changed() {
    let (house, acme, bolt) = (House::new().await, Ca::root("Acme"), Ca::root("Bolt"));
    let known = RegisteredAuthority {
        vouches_for: VouchesFor::New,
        ..acme.registered("acme")
    };
    house.register(&known).await;
    house.enroll("ours").await;
    let context = &house.context;
    let board = id("acme/board-7");
    let first = acme.device("board-7", &key());
    house.admit(&shown(&first, "acme")).await.unwrap();
    let lost = acme.device("lost", &key());
    house.admit(&shown(&lost, "acme")).await.unwrap();
    revoke::revoke(context, &id("acme/lost"), None)
        .await
        .unwrap();
    let [second, of_bolt] = [&acme, &bolt].map(|ca| ca.device("board-7", &key()));
    let private = NewKey::PublicKey(key().serialize_pem().into_bytes());
    let text = |text: &str| NewKey::PublicKey(text.as_bytes().to_vec());
    for (id_text, new, code) in [
        ("ours", public_key(&second), "not-pinned"),
        ("bolt/board-7", public_key(&second), "unknown-authority"),
        ("acme/nobody", public_key(&second), "unknown-device"),
        ("acme/lost", public_key(&second), "already-revoked"),
        ("acme/board-7", public_key(&lost), "already-revoked"),
        ("acme/board-7", certificate(&[of_bolt]), "unknown-issuer"),
        (
            "acme/board-7",
            certificate(&[acme.device("board-8", &key())]),
            "wrong-name",
        ),
        (
            "acme/board-7",
            certificate(std::slice::from_ref(&acme.certificate)),
            "bad-certificate",
        ),
        (
            "acme/board-7",
            certificate(&[second.clone(), first.clone()]),
            "bad-certificate",
        ),
        ("acme/board-7", certificate(&[]), "bad-certificate"),
        ("acme/board-7", private, "bad-public-key"),
        ("acme/board-7", text(""), "bad-public-key"),
        (
            "acme/board-7",
            text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
            "bad-public-key",
        ),
    ] {
        let refused = repin::repin(context, &id(id_text), &new).await.unwrap_err();
        assert_eq!(refused.code(), code, "{id_text}: {refused}");
        house.admit(&shown(&first, "acme")).await.unwrap();
    }
    // With the CA between, what it issued is good.
    let between = acme.sub("Acme line 1");
    let third = between.device("board-7", &key());
    let refused = repin::repin(context, &board, &certificate(std::slice::from_ref(&third))).await;
    assert_eq!(refused.unwrap_err().code(), "unknown-issuer");
    let chain = certificate(&[third.clone(), between.certificate.clone()]);
    repin::repin(context, &board, &chain).await.unwrap();
    house.admit(&shown(&third, "acme")).await.unwrap();
    let taken = repin::repin(context, &id("acme/lost"), &chain).await;
    assert!(matches!(
        taken,
        Err(Error::NotImported(_) | Error::Store(StoreError::DeviceRevoked(_)))
    ));
}
