use std::sync::Arc;

use countersign_fleet::{AuditEntry, CertificateSearch, Store as _};
use countersign_fleet_sqlite::SqliteStore;
use countersign_keys::FileKey;
use countersign_pki::{Authority, Profile, Profiles, Signer, proof, root};
use tempfile::TempDir;

use super::*;

fn key() -> Arc<FileKey> {
    Arc::new(FileKey::generate().unwrap())
}

#[tokio::test]
async fn all_that_we_issue_goes_into_the_store_and_is_found_by_what_it_is() {
    let (rules, now) = (Profiles::default(), UnixTime(1_800_000_000));
    let (root_key, issuing_key, server_key) = (key(), key(), key());
    let valid = rules.root.validity(now);
    let made = root::self_sign("Root", &rules.root, &*root_key, valid, [1; 16]).unwrap();
    let above = Authority::new(made.clone(), vec![], root_key).unwrap();
    let valid = rules.issuing.validity(now);
    let issuing = above
        .issue_ca(
            "Issuing",
            &rules.issuing,
            issuing_key.public_key(),
            valid,
            [2; 16],
        )
        .unwrap();
    let authority = Authority::new(issuing.clone(), vec![made.clone()], issuing_key).unwrap();
    let names = Profile::Server {
        names: vec!["updates.example".to_owned()],
    };
    let valid = rules.server.validity(now);
    let server = authority
        .issue(
            &names,
            &rules.server,
            server_key.public_key(),
            valid,
            [3; 16],
        )
        .unwrap();
    let proof = proof::prove(&authority, "c0de", key().public_key(), now, [4; 16]).unwrap();

    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("fleet.sqlite")).await;
    let store = store.unwrap();
    let audit = AuditEntry {
        at: now,
        actor: "test".to_owned(),
        action: "test".to_owned(),
        subject: String::new(),
        detail: String::new(),
    };
    for (certificate, profile, issuer) in [
        (&made, CertificateProfile::Authority, &made),
        (&issuing, CertificateProfile::Authority, &made),
        (&server, CertificateProfile::Server, &issuing),
        (&proof, CertificateProfile::Proof, &issuing),
    ] {
        let record = of(certificate, profile, None, issuer);
        assert_eq!(record.issuer, Some(key_of(issuer)));
        store.add_certificate(&record, &audit).await.unwrap();
        let search = CertificateSearch {
            serial: Some(certificate.serial_hex()),
            profile: Some(profile),
            ..CertificateSearch::default()
        };
        let found = store.find_certificates(&search, 9).await.unwrap();
        assert_eq!(found, [record]);
    }
}
