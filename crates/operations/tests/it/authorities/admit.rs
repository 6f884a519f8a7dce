//! Who comes in under a registered authority, and as whom.

use std::sync::Arc;

use countersign_fleet::{DeviceState, NameMapping, RegisteredAuthority, VouchesFor};
use countersign_operations::{
    Refusal,
    admit::{CERTIFICATES_AN_HOUR, Shown},
    naming, revoke, suspend,
};
use countersign_protocol::UnixTime;
use rcgen::{CertificateParams, DnType, date_time_ymd};

use super::{
    house::{House, id},
    mint::{Ca, dns, key, named, product, shown, uris},
};
use crate::world::NOW;

#[tokio::test]
async fn the_first_certificate_brings_a_device_in_and_its_key_is_what_it_is_known_by() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    house.register(&ca.registered("acme")).await;
    let its = key();
    let first = shown(&ca.device("board-7", &its), "acme");
    assert_eq!(house.admit(&first).await, Ok(id("acme/board-7")));
    let device = house.context.store.device(&id("acme/board-7")).await;
    let device = device.unwrap().unwrap();
    assert_eq!(device.product, product());
    assert!(device.pin.is_some());
    // Renewed for the same key: the same device, and one certificate more.
    let renewed = shown(&ca.device("board-7", &its), "acme");
    for _ in 0..2 {
        assert_eq!(house.admit(&renewed).await, Ok(id("acme/board-7")));
    }
    assert_eq!(house.counts("acme/board-7").await, (1, 2));
    // By another key nobody is that device.
    let other = shown(&ca.device("board-7", &key()), "acme");
    assert_eq!(house.admit(&other).await, Err(Refusal::OtherKey));
    assert_eq!(house.counts("acme/board-7").await, (1, 2));
    assert_eq!(house.admit(&first).await, Ok(id("acme/board-7")));
    let log = house.context.store.audit_log(99).await.unwrap();
    let mut lines = log.iter().map(|line| (&*line.action, &*line.actor));
    assert_eq!(lines.next(), Some(("certificate.record", "acme/board-7")));
    assert_eq!(lines.next(), Some(("device.bring-in", "acme")));
}

#[tokio::test]
async fn another_s_authority_speaks_of_its_own_devices_alone() {
    let (house, acme, bolt) = (House::new().await, Ca::root("Acme"), Ca::root("Bolt"));
    let ours = house.enroll("board-7").await;
    house.register(&acme.registered("acme")).await;
    house.register(&bolt.registered("bolt")).await;
    // In the name of ours, and of each other's: three devices, and none is another.
    for (ca, name) in [(&acme, "acme"), (&bolt, "bolt")] {
        let certificate = shown(&ca.device("board-7", &key()), name);
        let whose = id(&format!("{name}/board-7"));
        assert_eq!(house.admit(&certificate).await, Ok(whose));
    }
    let own = Shown::new(ours.clone(), None);
    assert_eq!(house.admit(&own).await, Ok(id("board-7")));
    // A certificate that is known counts under its own authority and under no other, ours included.
    assert_eq!(
        house.admit(&shown(&ours, "acme")).await,
        Err(Refusal::OtherAuthority)
    );
    let theirs = acme.device("board-8", &key());
    house.admit(&shown(&theirs, "acme")).await.unwrap();
    for under in [None, Some("bolt".parse().unwrap())] {
        let elsewhere = Shown::new(theirs.clone(), under);
        let refused = house.admit(&elsewhere).await;
        assert_eq!(refused, Err(Refusal::OtherAuthority));
    }
    // And one that we did not issue, under our own root, is nobody's.
    let unknown = Shown::new(acme.device("board-9", &key()), None);
    assert_eq!(
        house.admit(&unknown).await,
        Err(Refusal::UnknownCertificate)
    );
}

#[tokio::test]
async fn an_authority_does_what_it_may_and_no_more_and_at_once() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    let authority = ca.registered("acme");
    let with = |change: fn(&mut RegisteredAuthority)| {
        let mut changed = authority.clone();
        change(&mut changed);
        changed
    };
    house.register(&authority).await;
    let acme = || authority.name.clone();
    let known = shown(&ca.device("known", &key()), "acme");
    house.admit(&known).await.unwrap();
    let new = |n: u32| shown(&ca.device(&format!("new-{n}"), &key()), "acme");

    let only_known = with(|acme| acme.vouches_for = VouchesFor::Known);
    house.register(&only_known).await;
    assert_eq!(house.admit(&known).await, Ok(id("acme/known")));
    let refused = house.admit(&new(1)).await;
    assert_eq!(refused, Err(Refusal::NotYetKnown(acme())));

    house
        .register(&with(|acme| acme.vouches_for = VouchesFor::Nobody))
        .await;
    for shown in [&known, &new(2)] {
        let refused = house.admit(shown).await;
        assert_eq!(refused, Err(Refusal::AuthorityWithdrawn(acme())));
    }
    // One that is not registered vouches for nobody either, whatever a handshake found.
    let gone = Shown::new(known.certificate.clone(), Some("gone".parse().unwrap()));
    let refused = house.admit(&gone).await;
    assert_eq!(refused, Err(Refusal::OtherAuthority));
    let gone = Shown::new(new(3).certificate, Some("gone".parse().unwrap()));
    let refused = house.admit(&gone).await;
    let name = "gone".parse().unwrap();
    assert_eq!(refused, Err(Refusal::AuthorityWithdrawn(name)));

    house
        .register(&with(|acme| acme.new_until = Some(UnixTime(NOW + 100))))
        .await;
    house.wait_until(NOW + 100);
    house.admit(&new(4)).await.unwrap();
    house.wait_until(NOW + 101);
    let refused = house.admit(&new(5)).await;
    assert_eq!(refused, Err(Refusal::NotYetKnown(acme())));
    house.admit(&known).await.unwrap();

    // Without a product it brings in nobody.
    house.register(&with(|acme| acme.product = None)).await;
    let refused = house.admit(&new(6)).await;
    assert_eq!(refused, Err(Refusal::NotYetKnown(acme())));
    assert_eq!(house.counts("acme/known").await, (2, 1));
}

#[tokio::test]
async fn an_authority_that_has_ended_vouches_for_known_devices_where_it_may_and_never_for_new_ones()
{
    let house = House::new().await;
    let ca = Ca::with("Acme", |params| {
        params.not_after = date_time_ymd(2027, 1, 1);
    });
    let authority = ca.registered("acme");
    house.register(&authority).await;
    let (its, last) = (key(), ca.certificate.not_after());
    let known = shown(&ca.device("known", &its), "acme");
    house.wait_until(last);
    house.admit(&known).await.unwrap();

    house.wait_until(last + 1);
    let ended = Err(Refusal::AuthorityEnded(authority.name.clone()));
    let new = shown(&ca.device("new", &key()), "acme");
    for shown in [&known, &new] {
        assert_eq!(house.admit(shown).await, ended);
    }
    let lasting = RegisteredAuthority {
        known_after_end: true,
        ..authority
    };
    house.register(&lasting).await;
    house.admit(&known).await.unwrap();
    let renewed = shown(&ca.device("known", &its), "acme");
    house.admit(&renewed).await.unwrap();
    assert_eq!(house.admit(&new).await, ended);
    let other = shown(&ca.device("known", &key()), "acme");
    assert_eq!(house.admit(&other).await, Err(Refusal::OtherKey));
}

#[tokio::test]
async fn a_device_s_own_certificate_has_dates_too() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    house.register(&ca.registered("acme")).await;
    let until =
        |year| move |params: &mut CertificateParams| params.not_after = date_time_ymd(year, 1, 1);
    let its = key();
    let short = shown(&ca.device_with("d1", &its, until(2027)), "acme");
    house.admit(&short).await.unwrap();
    let other = shown(&ca.device_with("d2", &key(), until(2027)), "acme");
    house.wait_until(short.certificate.not_after() + 1);
    for shown in [&short, &other] {
        assert_eq!(house.admit(shown).await, Err(Refusal::Ended));
    }
    let long = shown(&ca.device_with("d1", &its, until(2030)), "acme");
    house.admit(&long).await.unwrap();
    assert_eq!(house.counts("acme/d1").await, (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_connections_at_once_make_one_device_and_no_error() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    house.register(&ca.registered("acme")).await;
    let house = Arc::new(house);
    for round in 0..10 {
        let name = format!("d{round}");
        // Four by one certificate, four more by another for the same key.
        let its = key();
        let both = [ca.device(&name, &its), ca.device(&name, &its)];
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let (house, shown) = (Arc::clone(&house), shown(&both[n % 2], "acme"));
                tokio::spawn(async move { house.admit(&shown).await })
            })
            .collect();
        let whole = format!("acme/{name}");
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(id(&whole)));
        }
        assert_eq!(house.counts(&whole).await, (round + 1, 2));
    }
}

#[tokio::test]
async fn no_new_certificate_brings_back_who_may_not_come() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    house.register(&ca.registered("acme")).await;
    let (of_lost, of_lent) = (key(), key());
    let lost = shown(&ca.device("lost", &of_lost), "acme");
    let lent = shown(&ca.device("lent", &of_lent), "acme");
    for shown in [&lost, &lent] {
        house.admit(shown).await.unwrap();
    }
    let context = &house.context;
    let reason = Some("stolen");
    revoke::revoke(context, &id("acme/lost"), reason)
        .await
        .unwrap();
    suspend::suspend(context, &id("acme/lent"), None)
        .await
        .unwrap();
    // By its own key and by another; and its key in another name.
    for (name, key, refusal) in [
        ("lost", &of_lost, Refusal::Revoked),
        ("lost", &key(), Refusal::Revoked),
        ("found", &of_lost, Refusal::Revoked),
        ("lent", &of_lent, Refusal::Suspended),
    ] {
        let again = shown(&ca.device(name, key), "acme");
        assert_eq!(house.admit(&again).await, Err(refusal), "{name}");
    }
    assert_eq!(house.counts("acme/lost").await, (2, 1));
    assert_eq!(house.counts("acme/lent").await, (2, 1));
    let lost = context.store.device(&id("acme/lost")).await.unwrap();
    assert_eq!(lost.unwrap().state, DeviceState::Revoked);
}

#[tokio::test]
async fn a_thousand_certificates_of_one_key_leave_a_few_and_nobody_else_suffers() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    house.register(&ca.registered("acme")).await;
    let its = key();
    let mut came_in = 0;
    let mut last = None;
    for n in 0..1000 {
        // In its own name, and in ever new ones.
        let name = if n % 2 == 0 { "d0" } else { &format!("d{n}") };
        let one = shown(&ca.device(name, &its), "acme");
        match house.admit(&one).await {
            Ok(_) => (came_in, last) = (came_in + 1, Some(one)),
            refused => assert_eq!(refused, Err(Refusal::TooManyCertificates)),
        }
    }
    assert_eq!(came_in, CERTIFICATES_AN_HOUR);
    let search = countersign_fleet::CertificateSearch::default();
    let kept = house.context.store.find_certificates(&search, 9999).await;
    assert_eq!(kept.unwrap().len(), CERTIFICATES_AN_HOUR as usize);
    // By what is known it comes on, others come in, and in the next hour it may have another.
    house.admit(&last.unwrap()).await.unwrap();
    let other = shown(&ca.device("other", &key()), "acme");
    house.admit(&other).await.unwrap();
    house.wait_until(NOW + 3600);
    let next = shown(&ca.device("d0", &its), "acme");
    house.admit(&next).await.unwrap();
}

#[tokio::test]
async fn a_name_is_where_the_authority_has_it_or_nowhere() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    let authority = ca.registered("acme");
    let mapped = |mapping| RegisteredAuthority {
        mapping,
        ..authority.clone()
    };
    let long = "d".repeat(65);
    let two_names = |params: &mut CertificateParams| {
        params
            .distinguished_name
            .push(DnType::CustomDnType(COMMON_NAME.into()), "second");
    };
    let cases: [(NameMapping, &str, Change<'_>, Result<&str, &str>); 16] = [
        (
            NameMapping::CommonName,
            "A4:CF:12:00:00:01",
            &|_| (),
            Ok("A4:CF:12:00:00:01"),
        ),
        (
            NameMapping::CommonName,
            "board\x007",
            &|_| (),
            Err("has not one common name"),
        ),
        (
            NameMapping::CommonName,
            "board\n7",
            &|_| (),
            Err("has not one common name"),
        ),
        (
            NameMapping::CommonName,
            "board\u{202e}7",
            &|_| (),
            Err("has not one common name"),
        ),
        (
            NameMapping::CommonName,
            "board/7",
            &|_| (),
            Err("`board/7`, of 7 characters"),
        ),
        (NameMapping::CommonName, "../7", &|_| (), Err("`../7`")),
        (
            NameMapping::CommonName,
            "bo\u{e4}rd",
            &|_| (),
            Err("is no name that a device may have"),
        ),
        (
            NameMapping::CommonName,
            &long,
            &|_| (),
            Err("of 65 characters"),
        ),
        (NameMapping::CommonName, "", &|_| (), Err("of 0 characters")),
        (
            NameMapping::CommonName,
            "x",
            &|params| params.distinguished_name = rcgen::DistinguishedName::new(),
            Err("has not one common name"),
        ),
        (
            NameMapping::CommonName,
            "first",
            &two_names,
            Err("has not one common name"),
        ),
        (
            NameMapping::Uri,
            "cn",
            &|params| params.subject_alt_names = uris(&["urn:dev:mac:0024beffff804ff1"]),
            Ok("urn:dev:mac:0024beffff804ff1"),
        ),
        (
            NameMapping::Uri,
            "cn",
            &|params| params.subject_alt_names = uris(&["urn:a", "urn:b"]),
            Err("has 2 URIs"),
        ),
        (
            NameMapping::Uri,
            "cn",
            &|params| params.subject_alt_names = dns(&["d1"]),
            Err("has no URI"),
        ),
        (
            NameMapping::DnsName,
            "cn",
            &|params| params.subject_alt_names = dns(&["D1.Example"]),
            Ok("d1.example"),
        ),
        (
            NameMapping::DnsName,
            "cn",
            &|params| params.subject_alt_names = dns(&["*.example"]),
            Err("`*.example`"),
        ),
    ];
    for (mapping, name, change, wanted) in cases {
        let certificate = ca.device_with(name, &key(), |params| {
            params.distinguished_name = named(name);
            change(params);
        });
        let authority = mapped(mapping);
        house.register(&authority).await;
        let shown = shown(&certificate, "acme");
        let anchors = house.context.gate.anchors();
        let claimed = naming::claimed(&anchors, &certificate, Some(&authority.name));
        let claimed = claimed.unwrap();
        match (house.admit(&shown).await, wanted) {
            (Ok(device), Ok(name)) => {
                assert_eq!(device.as_str(), format!("acme/{name}"));
                assert_eq!(claimed, device.as_str());
            }
            (Err(Refusal::WrongName { what, .. }), Err(words)) => {
                assert!(what.contains(words), "{name:?}: {what}");
                assert!(what.len() < 400, "{what}");
                // It is kept with no device, and with none of ours above all.
                assert!(claimed.starts_with("acme: "), "{claimed}");
                claimed.parse::<countersign_fleet::DeviceId>().unwrap_err();
            }
            (came, _) => panic!("{name:?}: {came:?}"),
        }
    }
}

/// `id-at-commonName` (RFC 5280 appendix A.1).
const COMMON_NAME: &[u64] = &[2, 5, 4, 3];

type Change<'a> = &'a dyn Fn(&mut CertificateParams);
