//! That a search goes by an index.

use countersign_fleet::{CertificateProfile, CertificateSearch};
use sqlx::Row as _;

use super::*;

/// What `SQLite` plans to do, in words.
async fn plan(store: &SqliteStore, search: &CertificateSearch) -> String {
    let found = certificates::statement(search, 50).unwrap().unwrap();
    let explained = format!("EXPLAIN QUERY PLAN {}", found.sql().as_str());
    let rows = sqlx::query(AssertSqlSafe(explained));
    let rows = rows.fetch_all(&store.readers).await.unwrap();
    let steps = rows.iter().map(|row| row.get::<String, _>("detail"));
    steps.collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn certificates_are_found_by_an_index_whatever_is_asked() {
    let folder = Folder::new();
    let store = folder.store().await;
    let by_fingerprint = CertificateSearch {
        serial: Some("ab".to_owned()),
        fingerprint: Some("abc".to_owned()),
        device: Some("d1".parse().unwrap()),
        profile: Some(CertificateProfile::Device),
        ends_before: Some(UnixTime(9)),
        not_ended_at: Some(UnixTime(1)),
    };
    let by_serial = CertificateSearch {
        fingerprint: None,
        ..by_fingerprint.clone()
    };
    let by_device = CertificateSearch {
        serial: None,
        ..by_serial.clone()
    };
    let by_profile = CertificateSearch {
        device: None,
        ..by_device.clone()
    };
    let by_end = CertificateSearch {
        profile: None,
        ..by_profile.clone()
    };
    let sorted = "; USE TEMP B-TREE FOR ORDER BY";
    for (search, by) in [
        (
            by_fingerprint,
            format!("sqlite_autoindex_certificates_1 (fingerprint>? AND fingerprint<?){sorted}"),
        ),
        (
            by_serial,
            format!("certificates_by_serial (serial>? AND serial<?){sorted}"),
        ),
        (
            by_device,
            format!("certificates_of_device (device_id=?){sorted}"),
        ),
        (
            by_profile,
            "certificates_by_profile (profile=? AND not_after>? AND not_after<?)".to_owned(),
        ),
        (
            by_end,
            "certificates_by_end (not_after>? AND not_after<?)".to_owned(),
        ),
    ] {
        let wanted = format!("SEARCH certificates USING INDEX {by}");
        assert_eq!(plan(&store, &search).await, wanted);
    }
    let any = CertificateSearch::default();
    assert_eq!(
        plan(&store, &any).await,
        "SCAN certificates USING INDEX certificates_by_end"
    );
}
