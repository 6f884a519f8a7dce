//! Files of older and newer programs.

use super::*;

#[tokio::test]
async fn a_file_of_the_first_schema_is_brought_up_to_date_and_loses_nothing() {
    let folder = Folder::new();
    folder
        .edit(include_str!("../../../migrations/0001_fleet.sql"))
        .await;
    let release = release(1);
    let wanted = [("d1", None), ("d2", Some(70))].map(|(id, revoked_at)| {
        let mut wanted = certificate(&id.parse().unwrap(), 1);
        wanted.issuer = None;
        wanted.revoked = revoked_at.map(|at| Revoked {
            at: UnixTime(at),
            reason: RevocationReason::Unspecified,
        });
        wanted
    });
    for (wanted, state) in wanted.iter().zip(["active", "revoked"]) {
        let device = wanted.device.as_ref().unwrap();
        let at = wanted
            .revoked
            .map_or("NULL".to_owned(), |of| of.at.0.to_string());
        let der = wanted.der.iter().map(|byte| format!("{byte:02x}"));
        folder
            .edit(&format!(
                "INSERT INTO devices VALUES ('{device}', 'demo', 'urn:dev:ops:32473-{device}', '{state}', NULL, \
                 1700000000, NULL, NULL, NULL, NULL, NULL, NULL); \
                 INSERT INTO certificates (fingerprint, serial, device_id, not_before, not_after, revoked_at, der) \
                 VALUES (x'{}', '5a01', '{device}', {}, {}, {at}, x'{}')",
                wanted.fingerprint,
                wanted.not_before.0,
                wanted.not_after.0,
                der.collect::<String>(),
            ))
            .await;
    }
    folder
        .edit(&format!(
            "INSERT INTO releases (product, version, project, idf_version, chip, counter, secure_version, image, size, \
             manifest, author, published_at) VALUES ('demo', '1.1.0', 'demo-app', 'v5.5.1', 5, 1, 3, x'{}', 1, x'd2', \
             x'0101010101010101', 1); \
             INSERT INTO offers VALUES (1, '{}', 'd1', 1, 'open', NULL, 1700000200, NULL, 2); \
             PRAGMA user_version = 1",
            release.image,
            "01".repeat(16),
        ))
        .await;

    let store = folder.store().await;
    assert_eq!(
        store.device(&device("d1").id).await.unwrap(),
        Some(device("d1"))
    );
    for wanted in &wanted {
        let id = wanted.device.as_ref().unwrap();
        let certificates = store.certificates(id).await.unwrap();
        assert_eq!(certificates, std::slice::from_ref(wanted));
        let standing = store.standing(&wanted.fingerprint).await.unwrap();
        assert_eq!(standing.unwrap().certificate, *wanted);
    }
    let offers = store.offers(&device("d1").id).await.unwrap();
    assert_eq!((offers[0].failures, offers[0].deliveries), (2, 0));
    assert_eq!(store.releases().await.unwrap()[0].image, release.image);
    // What was revoked before there was a journal is in it.
    let barred = store.barred().await.unwrap();
    assert_eq!(barred.len(), 1);
    assert_eq!(barred[0].fingerprint, wanted[1].fingerprint);
    store.close().await;
    let journal = fs::read_to_string(folder.0.path().join("fleet.journal")).unwrap();
    assert!(journal.contains(" revoked d2 "), "{journal}");
    assert_eq!(journal.lines().count(), 2);
}

#[tokio::test]
async fn refuses_a_newer_schema_and_leaves_it_as_it_is() {
    let folder = Folder::new();
    let store = folder.store().await;
    fill(&store).await;
    store.close().await;
    folder.edit("PRAGMA user_version = 8").await;
    let before = fs::read(folder.file()).unwrap();
    for opened in [
        SqliteStore::open(&folder.file()).await,
        SqliteStore::open_read_only(&folder.file()).await,
    ] {
        let newer = matches!(opened, Err(StoreError::NewerSchema { found: 8, known: 7 }));
        assert!(newer, "{opened:?}");
    }
    assert_eq!(fs::read(folder.file()).unwrap(), before);
    folder.edit("PRAGMA user_version = -1").await;
    let opened = SqliteStore::open(&folder.file()).await;
    assert!(matches!(opened, Err(StoreError::Damaged { .. })));
}
