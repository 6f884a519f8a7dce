//! What may be registered, and what follows where that is changed.

use countersign_fleet::{NameMapping, StoreError, VouchesFor};
use countersign_operations::{
    Error, Refusal,
    authorities::Kind,
    authority_list, authority_register,
    authority_set::{self, NewUntil},
    unfit::Unfit,
    view::RegisteredView,
};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, pem};
use rcgen::{CertificateParams, IsCa, KeyUsagePurpose, date_time_ymd};

use super::{
    house::{House, id},
    mint::{Ca, key, shown},
};
use crate::world::NOW;

fn request(certificate: &Certificate) -> authority_register::Request {
    authority_register::Request {
        name: "acme".parse().unwrap(),
        certificate: pem::to_pem(std::slice::from_ref(certificate)).into_bytes(),
        names: NameMapping::CommonName,
        product: Some("theirs".parse().unwrap()),
        vouches_for: VouchesFor::New,
        new_until: None,
        known_after_end: false,
    }
}

async fn register(house: &House, certificate: &Certificate) -> Result<RegisteredView, Error> {
    authority_register::register(&house.context, &request(certificate)).await
}

fn unfit(outcome: Result<RegisteredView, Error>) -> Unfit {
    match outcome {
        Err(Error::UnfitAuthority(unfit)) => unfit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_registered_authority_s_devices_come_in_at_once_and_no_more_when_it_is_withdrawn() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    let view = register(&house, &ca.certificate).await.unwrap();
    assert_eq!((&*view.name, &*view.vouches_for), ("acme", "new"));
    let board = shown(&ca.device("board-7", &key()), "acme");
    assert_eq!(house.admit(&board).await, Ok(id("acme/board-7")));
    let name = "acme".parse().unwrap();
    let set = |vouches_for| authority_set::Changes {
        vouches_for: Some(vouches_for),
        ..authority_set::Changes::default()
    };
    let context = &house.context;
    let withdrawn = set(VouchesFor::Nobody);
    authority_set::set(context, &name, &withdrawn)
        .await
        .unwrap();
    let refused = house.admit(&board).await;
    assert_eq!(refused, Err(Refusal::AuthorityWithdrawn(name.clone())));
    let back = set(VouchesFor::Known);
    authority_set::set(context, &name, &back).await.unwrap();
    house.admit(&board).await.unwrap();
    let log = context.store.audit_log(99).await.unwrap();
    let of_it = log.iter().filter(|line| line.subject == "acme");
    let actions: Vec<_> = of_it.map(|line| &*line.action).collect();
    assert_eq!(
        actions,
        ["authority.set", "authority.set", "authority.register"]
    );
}

#[tokio::test]
async fn what_is_not_said_stays_and_what_makes_no_sense_is_refused() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    let mut asked = request(&ca.certificate);
    asked.new_until = Some(UnixTime(NOW + 100));
    let context = &house.context;
    authority_register::register(context, &asked).await.unwrap();
    let name = "acme".parse().unwrap();
    let none = authority_set::Changes::default();
    let set =
        async |changes: authority_set::Changes| authority_set::set(context, &name, &changes).await;
    let until = |until| authority_set::Changes {
        new_until: Some(until),
        ..none.clone()
    };
    let as_it_is = set(none.clone()).await.unwrap();
    assert!(as_it_is.new_until.is_some());
    let for_ever = set(until(NewUntil::ItsEnd)).await.unwrap();
    assert_eq!(for_ever.new_until, None);
    assert_eq!(for_ever.product.as_deref(), Some("theirs"));
    set(until(NewUntil::At(UnixTime(NOW)))).await.unwrap();
    // Who brings in nobody has no last time for it, neither kept nor given.
    let known = authority_set::Changes {
        vouches_for: Some(VouchesFor::Known),
        ..none.clone()
    };
    assert_eq!(set(known).await.unwrap().new_until, None);
    let outcome = set(until(NewUntil::At(UnixTime(NOW)))).await;
    assert_eq!(unfit(outcome), Unfit::NoNewDevices);
    let unknown = authority_set::Changes {
        product: Some("nothing".parse().unwrap()),
        ..none.clone()
    };
    let refused = set(unknown).await;
    assert!(matches!(refused, Err(Error::UnknownProduct { .. })));
    let nobody = "bolt".parse().unwrap();
    let refused = authority_set::set(context, &nobody, &none).await;
    let Err(Error::Store(StoreError::UnknownAuthority(_))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(authority_list::list(context).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_authority_of_somebody_else_is_not_registered() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    let with = |change: fn(&mut CertificateParams)| Ca::with("Acme", change).certificate;
    for (certificate, wanted) in [
        (ca.device("board-7", &key()), "is no CA"),
        (with(|params| params.is_ca = IsCa::ExplicitNoCa), "is no CA"),
        (
            with(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]),
            "may not sign certificates",
        ),
        (
            with(|params| params.not_before = date_time_ymd(2030, 1, 1)),
            "begins at 2030-01-01T00:00:00Z only",
        ),
        (
            with(|params| params.not_after = date_time_ymd(2025, 1, 1)),
            "ended at 2025-01-01T00:00:00Z",
        ),
        (house.device_root.clone(), "of this installation"),
        (house.context.server_root.clone(), "of this installation"),
        (
            house
                .context
                .authorities
                .issuing(Kind::Device)
                .certificate()
                .clone(),
            "of this installation",
        ),
        (house.server_issuing.clone(), "of this installation"),
    ] {
        let told = unfit(register(&house, &certificate).await).to_string();
        assert!(told.contains(wanted), "{told}");
    }
    // A CA that somebody else made in the name and with the key of ours is ours all the same.
    let issuing = house.context.authorities.issuing(Kind::Device);
    let theirs = ca.certify(issuing.certificate());
    let told = unfit(register(&house, &theirs).await);
    assert!(matches!(told, Unfit::Ours(_)), "{told}");
    let nothing = house.context.store.authorities().await.unwrap();
    assert_eq!(nothing, []);
}

#[tokio::test]
async fn weak_keys_and_signatures_that_are_none_are_refused() {
    let house = House::new().await;
    for (file, wanted) in [
        ("err_weak_key.pem", "a key of kind RSA 1024"),
        ("err_sha1.pem", "is signed with 1.2.840.113549.1.1.5"),
    ] {
        let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
        let read = pem::certificates(&std::fs::read(path).unwrap()).unwrap();
        let told = unfit(register(&house, &read[0]).await).to_string();
        assert!(told.contains(wanted), "{told}");
    }
    // One bit of what it says is changed; it still reads as a certificate.
    let ca = Ca::root("Acme of old");
    let mut der = ca.certificate.der().to_vec();
    let of_name = der.windows(4).rposition(|four| four == b"Acme").unwrap();
    der[of_name] ^= 0x20;
    let first = der.windows(4).position(|four| four == b"Acme").unwrap();
    der[first] ^= 0x20;
    let changed = Certificate::from_der(&der).unwrap();
    assert_eq!(unfit(register(&house, &changed).await), Unfit::Signature);
}

#[tokio::test]
async fn a_file_holds_one_certificate_and_all_of_it() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    let whole = request(&ca.certificate);
    let register = async |certificate: &[u8]| {
        let asked = authority_register::Request {
            certificate: certificate.to_vec(),
            ..whole.clone()
        };
        authority_register::register(&house.context, &asked).await
    };
    let two = [&*whole.certificate, &*whole.certificate].concat();
    assert_eq!(unfit(register(&two).await), Unfit::Several(2));
    for bytes in (0..whole.certificate.len() - 1).step_by(7) {
        let cut = unfit(register(&whole.certificate[..bytes]).await);
        assert!(matches!(cut, Unfit::Unreadable(_)), "{cut}");
    }
    register(&whole.certificate).await.unwrap();
}

#[tokio::test]
async fn an_ended_authority_is_for_known_devices_alone_and_neither_name_nor_key_comes_twice() {
    let house = House::new().await;
    let ca = Ca::with("Acme", |params| {
        params.not_after = date_time_ymd(2025, 1, 1);
    });
    let context = &house.context;
    for (vouches_for, known_after_end, may) in [
        (VouchesFor::Known, false, false),
        (VouchesFor::New, true, false),
        (VouchesFor::Nobody, true, false),
        (VouchesFor::Known, true, true),
    ] {
        let asked = authority_register::Request {
            vouches_for,
            known_after_end,
            ..request(&ca.certificate)
        };
        let outcome = authority_register::register(context, &asked).await;
        assert_eq!(outcome.is_ok(), may, "{outcome:?}");
    }
    // And it does not come to bring in new ones later.
    let name = "acme".parse().unwrap();
    let changes = authority_set::Changes {
        vouches_for: Some(VouchesFor::New),
        ..authority_set::Changes::default()
    };
    let outcome = authority_set::set(context, &name, &changes).await;
    assert!(matches!(unfit(outcome), Unfit::Ended(_)));

    let refused = register(&house, &Ca::root("Other").certificate).await;
    let Err(Error::Store(StoreError::AuthorityExists(_))) = refused else {
        panic!("{refused:?}");
    };
    let other_name = authority_register::Request {
        name: "bolt".parse().unwrap(),
        vouches_for: VouchesFor::Known,
        known_after_end: true,
        ..request(&ca.certificate)
    };
    let refused = authority_register::register(context, &other_name).await;
    let Err(Error::Store(StoreError::AuthorityExists(_))) = refused else {
        panic!("{refused:?}");
    };
}

#[tokio::test]
async fn a_renewed_certificate_of_the_same_key_is_taken_and_no_other() {
    let house = House::new().await;
    let ca = Ca::with("Acme", |params| {
        params.not_after = date_time_ymd(2027, 1, 1);
    });
    register(&house, &ca.certificate).await.unwrap();
    let board = shown(&ca.device("board-7", &key()), "acme");
    house.admit(&board).await.unwrap();
    house.wait_until(ca.certificate.not_after() + 1);
    let name = "acme".parse().unwrap();
    let ended = Err(Refusal::AuthorityEnded(name));
    assert_eq!(house.admit(&board).await, ended);
    let renew = async |certificate: &Certificate| {
        let changes = authority_set::Changes {
            certificate: Some(request(certificate).certificate),
            ..authority_set::Changes::default()
        };
        let name = "acme".parse().unwrap();
        authority_set::set(&house.context, &name, &changes).await
    };
    let other = Ca::root("Acme").certificate;
    assert!(matches!(unfit(renew(&other).await), Unfit::OtherKey(_)));
    assert_eq!(house.admit(&board).await, ended);
    let renewed = Ca::root("Root").certify(&ca.certificate);
    renew(&renewed).await.unwrap();
    assert_eq!(house.admit(&board).await, Ok(id("acme/board-7")));
}
