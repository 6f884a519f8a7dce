//! Registered authorities, and who was turned away.

use countersign_protocol::{Digest, UnixTime};

use super::{audited, certificate, device, entry};
use crate::{NameMapping, RefusalRecord, RegisteredAuthority, Store, StoreError, VouchesFor};

pub(super) async fn registers_authorities(store: &impl Store) {
    assert_eq!(store.authorities().await.unwrap(), []);
    let add = async |authority: &RegisteredAuthority| {
        let audit = entry("authority.add", authority.name.as_str(), 100);
        store.add_authority(authority, &audit).await
    };
    let (acme, bolt) = (authority("acme", 1), authority("bolt", 2));
    add(&bolt).await.unwrap();
    add(&acme).await.unwrap();
    let both = [acme.clone(), bolt.clone()];
    assert_eq!(store.authorities().await.unwrap(), both);
    // Neither the name nor the key comes twice.
    for again in [authority("acme", 3), authority("crow", 2)] {
        let refused = add(&again).await;
        assert!(matches!(refused, Err(StoreError::AuthorityExists(name)) if name == again.name));
    }
    assert_eq!(store.authorities().await.unwrap(), both);
    assert_eq!(audited(store, "authority.add").await, ["bolt", "acme"]);

    let set = async |authority: &RegisteredAuthority| {
        let audit = entry("authority.set", authority.name.as_str(), 200);
        store.set_authority(authority, &audit).await
    };
    let changed = RegisteredAuthority {
        mapping: NameMapping::Uri,
        product: None,
        vouches_for: VouchesFor::Nobody,
        new_until: None,
        known_after_end: true,
        ..acme.clone()
    };
    // What it is stays what it is.
    let another = RegisteredAuthority {
        der: vec![9],
        key: Digest([9; 32]),
        registered_at: UnixTime(9),
        ..changed.clone()
    };
    set(&another).await.unwrap();
    assert_eq!(store.authorities().await.unwrap(), [changed, bolt.clone()]);
    // But for a newer certificate of the same key.
    let newer = RegisteredAuthority {
        der: vec![8],
        ..acme
    };
    set(&newer).await.unwrap();
    assert_eq!(store.authorities().await.unwrap()[0], newer);
    let unknown = authority("dove", 4);
    let refused = set(&unknown).await;
    assert!(matches!(refused, Err(StoreError::UnknownAuthority(name)) if name == unknown.name));
    assert_eq!(audited(store, "authority.set").await, ["acme", "acme"]);
}

pub(super) async fn notes_refusals(store: &impl Store) {
    for name in ["d1", "d2"] {
        let device = device(name);
        let audit = entry("device.enroll", name, 1);
        let certificate = certificate(&device.id, 1);
        let created = store.create_device(&device, &certificate, &audit).await;
        created.unwrap();
    }
    let of = async |name: &str| store.refusals(&name.parse().unwrap()).await.unwrap();
    assert_eq!(of("d1").await, []);
    store.note_refusals(&[]).await.unwrap();

    let ended = refusal("d1", "certificate-ended", 100, 2);
    let unknown = refusal("nobody", "certificate-ended", 100, 2);
    let elsewhere = RefusalRecord {
        plane: "download".to_owned(),
        ..refusal("d1", "certificate-ended", 90, 1)
    };
    let other = refusal("d2", "wrong-product", 300, 1);
    let batch = [ended.clone(), unknown, elsewhere.clone(), other.clone()];
    store.note_refusals(&batch).await.unwrap();
    let kept = of("d1").await;
    assert_eq!(kept, [ended.clone(), elsewhere.clone()]);
    assert_eq!(of("d2").await, [other]);
    assert_eq!(of("nobody").await, []);

    // Of one kind, how often adds up, and the last words stay, though they come late.
    let again = RefusalRecord {
        reason: "again".to_owned(),
        from: "192.0.2.9".to_owned(),
        ..refusal("d1", "certificate-ended", 200, 3)
    };
    let late = RefusalRecord {
        reason: "late".to_owned(),
        from: "192.0.2.8".to_owned(),
        first_at: UnixTime(50),
        ..refusal("d1", "certificate-ended", 150, 4)
    };
    store.note_refusals(&[again.clone(), late]).await.unwrap();
    let added_up = RefusalRecord {
        first_at: UnixTime(50),
        times: 9,
        ..again
    };
    assert_eq!(of("d1").await, [added_up.clone(), elsewhere.clone()]);

    // Whoever claims the name only changes nothing of what the device itself met.
    let claimed = RefusalRecord {
        proved: false,
        reason: "claimed".to_owned(),
        ..refusal("d1", "certificate-ended", 400, 1)
    };
    store
        .note_refusals(std::slice::from_ref(&claimed))
        .await
        .unwrap();
    assert_eq!(of("d1").await, [claimed, added_up, elsewhere]);
}

fn authority(name: &str, n: u8) -> RegisteredAuthority {
    RegisteredAuthority {
        name: name.parse().unwrap(),
        der: vec![0x30, n],
        key: Digest([n; 32]),
        mapping: NameMapping::CommonName,
        product: Some("demo".parse().unwrap()),
        vouches_for: VouchesFor::New,
        new_until: Some(UnixTime(1_900_000_000)),
        known_after_end: false,
        registered_at: UnixTime(100),
    }
}

fn refusal(device: &str, code: &str, last_at: u64, times: u64) -> RefusalRecord {
    RefusalRecord {
        device: device.parse().unwrap(),
        plane: "device".to_owned(),
        code: code.to_owned(),
        reason: "the certificate has ended".to_owned(),
        from: "192.0.2.7".to_owned(),
        proved: true,
        first_at: UnixTime(80),
        last_at: UnixTime(last_at),
        times,
    }
}
