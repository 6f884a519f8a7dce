//! What the journal knows alone, when it is imported.

use countersign_fleet::CertificateRecord;

use super::*;

fn arrival(name: &str, pin: u8) -> Arrival {
    let device = pinned(name, pin);
    Arrival {
        certificates: vec![certificate(&device.id, 1)],
        audit: entry("device.import", name, 600),
        device,
    }
}

#[tokio::test]
async fn an_import_brings_in_nobody_whom_the_journal_keeps_out() {
    let folder = Folder::new();
    folder.store().await.close().await;
    folder.copy("fleet.sqlite", "yesterday");
    let store = folder.store().await;
    let all = [
        arrival("acme/lost", 1),
        arrival("acme/lent", 2),
        arrival("acme/renewed", 3),
        arrival("acme/other", 4),
    ];
    let done = store.import(&all, Importing::AllOrNothing).await.unwrap();
    assert!(done.written);
    let second = CertificateRecord {
        fingerprint: Digest([0x22; 32]),
        ..certificate(&all[2].device.id, 2)
    };
    set(&store, "acme/lost", DeviceState::Revoked)
        .await
        .unwrap();
    set(&store, "acme/lent", DeviceState::Suspended)
        .await
        .unwrap();
    // By its new key it is another's no more: the certificate for the old one is superseded.
    let renewed = &all[2].device.id;
    let audit = entry("device.repin", "acme/renewed", 550);
    let old = print("acme/renewed");
    store
        .repin(renewed, &Digest([5; 32]), Some(&second), &[old], &audit)
        .await
        .unwrap();
    store.close().await;

    folder.copy("yesterday", "fleet.sqlite");
    let store = folder.store().await;
    assert_eq!(store.devices().await.unwrap(), []);
    // The lost one's key, in another name, too.
    let [lost, lent, renewed, other] = all;
    let found = arrival("acme/found", 1);
    let batch = [lost, found, lent, renewed, other];
    let done = store.import(&batch, Importing::SkipRefused).await.unwrap();
    let came: Vec<bool> = done.outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(came, [false, false, true, true, true]);
    for refused in &done.outcomes[..2] {
        assert!(matches!(refused, Err(StoreError::DeviceRevoked(_))));
    }
    assert_eq!(state(&store, "acme/lent").await, DeviceState::Suspended);
    assert_eq!(state(&store, "acme/other").await, DeviceState::Active);
    assert_eq!(bars(&store, "acme/lent").await, Some(false));
    assert_eq!(bars(&store, "acme/renewed").await, Some(true));
    assert_eq!(bars(&store, "acme/other").await, None);
}
