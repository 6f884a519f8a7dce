//! A fleet comes with certificates of its own.

use std::time::Instant;

use countersign_fleet::{Importing, NameMapping, RegisteredAuthority, StoreError, VouchesFor};
use countersign_operations::{
    Error, Refusal,
    import::{self, Entry, list},
    revoke,
    view::ImportView,
};
use countersign_protocol::Digest;
use countersign_x509::{Certificate, pem, sha256};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};

use super::{
    house::{House, id},
    mint::{Ca, key, named, shown, uris},
};

/// An authority that may vouch for known devices alone.
async fn registered(house: &House, ca: &Ca) {
    let authority = RegisteredAuthority {
        vouches_for: VouchesFor::Known,
        ..ca.registered("acme")
    };
    house.register(&authority).await;
}

fn request(entries: Vec<Entry>, how: Importing) -> import::Request {
    import::Request {
        authority: "acme".parse().unwrap(),
        product: None,
        entries,
        intermediates: String::new(),
        how,
    }
}

async fn import(house: &House, entries: Vec<Entry>, how: Importing) -> ImportView {
    let request = request(entries, how);
    import::import(&house.context, request).await.unwrap()
}

fn by_certificate(certificate: &Certificate) -> Entry {
    Entry {
        from: certificate.subject_text().to_owned(),
        certificate: Some(pem::to_pem(std::slice::from_ref(certificate))),
        ..Entry::default()
    }
}

fn by_fingerprint(name: &str, certificate: &Certificate) -> Entry {
    Entry {
        from: name.to_owned(),
        id: Some(name.to_owned()),
        fingerprint: Some(Digest(certificate.fingerprint()).to_string()),
        ..Entry::default()
    }
}

fn by_pin(name: &str, certificate: &Certificate) -> Entry {
    Entry {
        from: name.to_owned(),
        id: Some(name.to_owned()),
        pin: Some(Digest(sha256(certificate.public_key())).to_string()),
        ..Entry::default()
    }
}

#[tokio::test]
async fn imported_devices_come_in_by_what_was_told_of_them_and_by_nothing_else() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    registered(&house, &ca).await;
    let names = ["by-certificate", "by-fingerprint", "by-pin"];
    let [first, second, third] = names.map(|name| ca.device(name, &key()));
    let entries = vec![
        by_certificate(&first),
        by_fingerprint("by-fingerprint", &second),
        by_pin("acme/by-pin", &third),
    ];
    // Tried, nothing is there.
    let tried = import(&house, entries.clone(), Importing::Try).await;
    assert_eq!((tried.new, tried.written, tried.dry_run), (3, false, true));
    assert_eq!(house.counts("acme/by-pin").await.0, 0);
    for name in names {
        let other = shown(&ca.device(name, &key()), "acme");
        let refused = house.admit(&other).await;
        assert!(matches!(refused, Err(Refusal::NotYetKnown(_))));
    }
    for (new, known) in [(3, 0), (0, 3)] {
        let done = import(&house, entries.clone(), Importing::AllOrNothing).await;
        assert!(done.written && done.refused.is_empty());
        assert_eq!((done.new, done.known), (new, known));
    }
    for (name, certificate) in names.into_iter().zip([&first, &second, &third]) {
        let whole = format!("acme/{name}");
        // Somebody else in its name, before it came and after.
        let other = shown(&ca.device(name, &key()), "acme");
        assert_eq!(house.admit(&other).await, Err(Refusal::OtherKey));
        for _ in 0..2 {
            let came = house.admit(&shown(certificate, "acme")).await;
            assert_eq!(came, Ok(id(&whole)));
        }
        assert_eq!(house.admit(&other).await, Err(Refusal::OtherKey));
        let device = house.context.store.device(&id(&whole)).await.unwrap();
        let pin = Digest(sha256(certificate.public_key()));
        assert_eq!(device.unwrap().pin, Some(pin));
        let kept = house.context.store.certificates(&id(&whole)).await;
        assert_eq!(kept.unwrap()[0].der, certificate.der());
    }
}

#[tokio::test]
async fn a_fingerprint_is_that_of_the_certificate_which_names_the_device() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    registered(&house, &ca).await;
    let swapped = ca.device("board-1", &key());
    let lost = ca.device("lost", &key());
    let entries = vec![
        by_fingerprint("board-2", &swapped),
        by_fingerprint("lost", &lost),
    ];
    import(&house, entries, Importing::AllOrNothing).await;
    let refused = house.admit(&shown(&swapped, "acme")).await;
    let Err(Refusal::WrongName { what, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        what.contains("`acme/board-1`") && what.contains("`acme/board-2`"),
        "{what}"
    );
    // Revoked before it ever came, it does not come.
    let context = &house.context;
    revoke::revoke(context, &id("acme/lost"), None)
        .await
        .unwrap();
    assert!(context.gate.bars(&Digest(lost.fingerprint())).is_some());
    let refused = house.admit(&shown(&lost, "acme")).await;
    assert_eq!(refused, Err(Refusal::Revoked));
}

#[tokio::test]
async fn what_is_refused_is_told_line_by_line_and_keeps_the_rest_out_unless_it_is_passed_over() {
    let (house, acme, bolt) = (House::new().await, Ca::root("Acme"), Ca::root("Bolt"));
    registered(&house, &acme).await;
    let between = acme.sub("Acme factory 7");
    let good = acme.device("good", &key());
    let with = |change: fn(&mut rcgen::CertificateParams)| {
        by_certificate(&acme.device_with("bad", &key(), change))
    };
    let of = |id: &str| Entry {
        from: id.to_owned(),
        id: Some(id.to_owned()),
        ..Entry::default()
    };
    let cases = [
        (
            by_certificate(&bolt.device("bad", &key())),
            "unknown-issuer",
        ),
        (
            by_certificate(&between.device("bad", &key())),
            "unknown-issuer",
        ),
        (by_certificate(&acme.certificate), "wrong-purpose"),
        (
            with(|bad| bad.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            "wrong-purpose",
        ),
        (
            with(|bad| bad.not_after = date_time_ymd(2026, 11, 1)),
            "certificate-ended",
        ),
        (
            with(|bad| bad.distinguished_name = named("a/b")),
            "wrong-name",
        ),
        (
            Entry {
                id: Some("other".to_owned()),
                ..by_certificate(&good)
            },
            "wrong-name",
        ),
        (
            Entry {
                certificate: Some("AAAA".to_owned()),
                ..of("bad")
            },
            "bad-certificate",
        ),
        (
            Entry {
                certificate: Some("no base64".to_owned()),
                ..of("bad")
            },
            "bad-certificate",
        ),
        (
            Entry {
                certificate: Some(pem::to_pem(&[good.clone(), good.clone()])),
                ..of("bad")
            },
            "bad-certificate",
        ),
        (
            Entry {
                pin: Some("ab".repeat(31)),
                ..of("bad")
            },
            "bad-entry",
        ),
        (
            Entry {
                fingerprint: Some("ab".repeat(20)),
                ..of("bad")
            },
            "bad-entry",
        ),
        (
            Entry {
                id: None,
                ..by_pin("bad", &good)
            },
            "bad-entry",
        ),
        (
            Entry {
                fingerprint: Some("ab".repeat(32)),
                ..by_pin("bad", &good)
            },
            "bad-entry",
        ),
        (of("bad"), "bad-entry"),
        (by_pin("bolt/bad", &good), "bad-name"),
        (by_pin("\u{1b}[2J", &good), "bad-name"),
        (
            Entry {
                product: Some("nothing".to_owned()),
                ..by_pin("bad", &good)
            },
            "unknown-product",
        ),
        // Behind the good one, in its name.
        (by_pin("good", &acme.certificate), "known-by-another-key"),
    ];
    let mut entries = vec![by_certificate(&good)];
    entries.extend(cases.iter().map(|(entry, _)| entry.clone()));
    let wanted: Vec<_> = cases.iter().map(|(_, code)| *code).collect();
    for how in [
        Importing::AllOrNothing,
        Importing::Try,
        Importing::SkipRefused,
    ] {
        assert_eq!(house.counts("acme/good").await, (0, 0));
        let done = import(&house, entries.clone(), how).await;
        let told: Vec<_> = done.refused.iter().map(|one| &*one.reason).collect();
        assert_eq!(told, wanted);
        for one in &done.refused {
            let text = format!("{:?} {}", one.device, one.reason_text);
            assert!(!text.contains('\u{1b}') && text.len() < 400, "{text}");
        }
        assert_eq!(done.new, 1);
        assert_eq!(done.written, how == Importing::SkipRefused);
    }
    assert_eq!(house.counts("acme/good").await, (1, 1));
    house.admit(&shown(&good, "acme")).await.unwrap();

    // With the CA between, what it issued is good.
    let between_2 = between.sub("Acme line 2");
    let entry = by_certificate(&between_2.device("line-2", &key()));
    let request = import::Request {
        intermediates: pem::to_pem(&[
            between_2.certificate.clone(),
            bolt.certificate.clone(),
            between.certificate.clone(),
        ]),
        ..request(vec![entry.clone()], Importing::AllOrNothing)
    };
    let done = import::import(&house.context, request).await.unwrap();
    assert_eq!((done.new, done.refused.len()), (1, 0));
}

#[tokio::test]
async fn names_products_and_second_certificates_follow_the_authority() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    let authority = RegisteredAuthority {
        mapping: NameMapping::Uri,
        product: None,
        ..ca.registered("acme")
    };
    house.register(&authority).await;
    let its = key();
    let uri = |params: &mut rcgen::CertificateParams| {
        params.subject_alt_names = uris(&["urn:example:board-7"]);
    };
    let both = [(), ()].map(|()| by_certificate(&ca.device_with("cn", &its, uri)));
    // There are two products, and none is said.
    let refused = import(&house, both.to_vec(), Importing::AllOrNothing).await;
    assert_eq!(refused.refused[0].reason, "unknown-product");
    assert!(!refused.written);
    let named = import::Request {
        product: Some("ours".parse().unwrap()),
        ..request(both.to_vec(), Importing::AllOrNothing)
    };
    let done = import::import(&house.context, named).await.unwrap();
    assert_eq!((done.new, done.known), (1, 1));
    let whole = "acme/urn:example:board-7";
    assert_eq!(house.counts(whole).await, (1, 2));
    let device = house.context.store.device(&id(whole)).await.unwrap();
    assert_eq!(device.unwrap().product.as_str(), "ours");

    let unknown = import::Request {
        authority: "bolt".parse().unwrap(),
        ..request(Vec::new(), Importing::AllOrNothing)
    };
    let refused = import::import(&house.context, unknown).await;
    let Err(Error::Store(StoreError::UnknownAuthority(_))) = refused else {
        panic!("{refused:?}");
    };
    let many = request(vec![Entry::default(); import::ENTRIES + 1], Importing::Try);
    let refused = import::import(&house.context, many).await;
    assert!(matches!(refused, Err(Error::TooManyEntries { .. })));
}

#[tokio::test]
async fn ten_thousand_certificates_come_in_at_once() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    registered(&house, &ca).await;
    let its = key();
    let entries: Vec<_> = (0..import::ENTRIES)
        .map(|n| by_certificate(&ca.device(&format!("d{n}"), &its)))
        .collect();
    #[expect(
        clippy::disallowed_methods,
        reason = "how long it took is told, and nothing hangs on it"
    )]
    let began = Instant::now();
    let done = import(&house, entries, Importing::AllOrNothing).await;
    eprintln!("{} devices in {:?}", done.new, began.elapsed());
    assert_eq!((done.new, done.refused.len()), (import::ENTRIES, 0));
    assert_eq!(house.counts("acme/d0").await, (import::ENTRIES, 1));
}

#[tokio::test]
async fn a_list_with_certificates_in_quotes_is_read_as_openssl_writes_them() {
    let (house, ca) = (House::new().await, Ca::root("Acme"));
    registered(&house, &ca).await;
    let [first, second] = ["d1", "d2"].map(|name| ca.device(name, &key()));
    let text = pem::to_pem(std::slice::from_ref(&first));
    let colons = Digest(second.fingerprint()).to_string().to_uppercase();
    let pairs: Vec<_> = colons
        .as_bytes()
        .chunks(2)
        .map(|two| str::from_utf8(two).unwrap())
        .collect();
    let csv = format!(
        "id,certificate,fingerprint,product\n,\"{text}\",,ours\nd2,,{},\n",
        pairs.join(":")
    );
    let entries = list::read(&csv, "fleet.csv").unwrap();
    let done = import(&house, entries, Importing::AllOrNothing).await;
    assert_eq!((done.new, done.refused.len()), (2, 0));
    for certificate in [&first, &second] {
        house.admit(&shown(certificate, "acme")).await.unwrap();
    }
}
