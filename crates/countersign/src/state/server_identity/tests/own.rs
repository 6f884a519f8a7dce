//! From our own authority.

use countersign_fleet::{AuditEntry, RevocationReason};
use countersign_keys::{FileKey, Stored};
use countersign_operations::{
    authorities::Kind, found::server_certificate, replace, server_certificate::issue,
};
use countersign_pki::{Authority, Profiles, Signer as _};
use countersign_protocol::Digest;
use countersign_x509::CertificateRequest;

use super::*;

/// The key in the server's file, and the certificates behind it.
fn pair(ground: &Ground) -> (Arc<FileKey>, Vec<Certificate>) {
    let place = ground.layout().server_key();
    let key = Stored::read(&place).unwrap();
    let key = key.file_key(&ground.passphrases).unwrap();
    let chain = pem::certificates(&fs::read(place).unwrap()).unwrap();
    (key, chain)
}

#[tokio::test]
async fn a_clock_that_jumps_has_another_one_made_and_each_is_in_the_store_first() {
    let ground = Ground::new().await;
    let mut running = ground.begin().await.unwrap();
    let first = running.leaf();
    assert_eq!(ground.copied()[0], first);
    assert_eq!(running.recorded().await.len(), 1);
    for day in [0, 100, 264] {
        ground.set_days(day);
        assert!(!running.look().await, "{day}");
    }
    assert_eq!(running.view().problem, None);
    // Two thirds over; ended; back at a time when the newest has not begun; and far ahead again.
    let mut keys = vec![first.public_key().to_vec()];
    for (n, day) in [266, 5000, 10, 500].into_iter().enumerate() {
        ground.set_days(day);
        assert!(running.look().await, "{day}");
        let leaf = running.leaf();
        let now = ground.clock.now().0;
        assert!(
            (leaf.not_before()..=leaf.not_after()).contains(&now),
            "{day}"
        );
        assert!(!keys.iter().any(|key| key == leaf.public_key()), "{day}");
        keys.push(leaf.public_key().to_vec());
        let (key, chain) = pair(&ground);
        assert_eq!(key.public_key(), leaf.public_key());
        assert_eq!(chain, running.keeper.shown().chain());
        assert_eq!(ground.copied(), chain);
        let recorded = running.recorded().await;
        assert_eq!(recorded.len(), n + 2);
        assert!(recorded.iter().any(|record| record.der == leaf.der()));
        assert!(!running.look().await, "{day}");
    }
    let view = running.view();
    assert_eq!((view.from.as_str(), view.problem), ("own", None));
    assert_eq!(view.names, ["ota.example.com", "127.0.0.1"]);
    assert_eq!(view.serial, running.leaf().serial_hex());
    assert!(view.renewed_at.is_some() && view.renews_at.is_some());
    let log = running.context.store.audit_log(100).await.unwrap();
    let of_servers = log.iter().filter(|line| line.action == "server.certify");
    assert_eq!(of_servers.count(), 5);
    // The next start finds the same.
    let shown = running.leaf();
    drop(running);
    assert_eq!(ground.begin().await.unwrap().leaf(), shown);
}

#[tokio::test]
async fn one_that_cannot_be_made_leaves_the_old_one_and_is_tried_again_more_slowly() {
    let ground = Ground::new().await;
    let mut running = ground.begin().await.unwrap();
    let first = running.leaf();
    let key = fs::read(ground.layout().server_key()).unwrap();
    // The authority's own certificate has ended: nothing is issued.
    ground.set_days(365 * 25);
    for looks in 1..100 {
        assert!(!running.look().await);
        let problem = running.view().problem.unwrap();
        for said in ["it has ended", "Test server issuing", "ca replace"] {
            assert!(problem.contains(said), "{looks}: {problem}");
        }
    }
    assert_eq!(running.recorded().await.len(), 1);
    // No place for it on the disk.
    ground.set_days(300);
    let (folder, away) = (ground.path("state/server"), ground.path("away"));
    fs::rename(&folder, &away).unwrap();
    let mut tries = 0;
    for _ in 0..1000 {
        let recorded = running.recorded().await.len();
        assert!(!running.look().await);
        tries += usize::from(running.recorded().await.len() > recorded);
    }
    // 160 and 320 looks between them, and 640 to the next.
    assert_eq!(tries, 3);
    let problem = running.view().problem.unwrap();
    assert!(
        problem.contains("server.key cannot be written"),
        "{problem}"
    );
    assert!(problem.contains("two thirds"), "{problem}");
    fs::rename(&away, &folder).unwrap();
    assert_eq!(running.leaf(), first);
    assert_eq!(fs::read(ground.layout().server_key()).unwrap(), key);
    let mut looks = 0;
    while !running.look().await {
        looks += 1;
        assert!(looks < 2000, "never tried again");
    }
    assert_eq!(running.view().problem, None);
}

#[tokio::test]
async fn a_start_is_not_kept_from_by_one_that_is_due_and_cannot_be_made() {
    let ground = Ground::new().await;
    ground.set_days(365 * 25);
    let mut running = ground.begin().await.unwrap();
    let problem = running.view().problem.unwrap();
    assert!(problem.contains("ca replace"), "{problem}");
    ground.set_days(300);
    let mut looks = 0;
    while !running.look().await {
        looks += 1;
        assert!(looks < 10);
    }
    drop(running);
    // But where there is none at all, it is said to be so.
    ground.set_days(365 * 25);
    let other = FileKey::generate().unwrap();
    let text = other.to_pkcs8_pem().unwrap();
    files_write_secret(&ground.layout().server_key(), &text);
    let refused = ground.begin().await.map(|_| ()).unwrap_err();
    let refused = format!("{refused:#}");
    assert!(refused.contains("no certificate"), "{refused}");
    assert!(refused.contains("ended"), "{refused}");
}

#[tokio::test]
async fn a_power_cut_between_key_and_certificate_is_seen_at_the_start() {
    let ground = Ground::new().await;
    let mut running = ground.begin().await.unwrap();
    let old = fs::read(ground.layout().server_chain()).unwrap();
    ground.set_days(300);
    assert!(running.look().await);
    let renewed = running.leaf();
    drop(running);
    // Cut behind the first rename, and in the midst of the copy.
    for copy in [&old[..], &old[..400], b""] {
        fs::write(ground.layout().server_chain(), copy).unwrap();
        let running = ground.begin().await.unwrap();
        assert_eq!(running.leaf(), renewed);
        assert_eq!(ground.copied()[0], renewed);
    }
    // The same key, certified once more: the newer one counts.
    let (key, _) = pair(&ground);
    let (layout, rules) = (ground.layout(), Profiles::default().server);
    let running = ground.begin().await.unwrap();
    let issuing = running.context.authorities.issuing(Kind::Server);
    drop(running);
    let names = ["ota.example.com".to_owned(), "127.0.0.1".to_owned()];
    ground.set_days(310);
    let (clock, entropy) = (&*ground.clock, &crate::system::SystemEntropy);
    let spki = key.public_key();
    let newer = server_certificate(&issuing, &names, &rules, spki, clock, entropy).unwrap();
    let text = pem::to_pem(&issuing.chain_of(newer.clone()));
    fs::write(layout.server_chain(), text).unwrap();
    assert_eq!(ground.begin().await.unwrap().leaf(), newer);
    // A key that was put there by hand, with nothing that goes with it.
    let stranger = FileKey::generate().unwrap();
    let text = stranger.to_pkcs8_pem().unwrap();
    files_write_secret(&ground.layout().server_key(), &text);
    let running = ground.begin().await.unwrap();
    assert_ne!(running.leaf(), renewed);
    assert_eq!(pair(&ground).1[0], running.leaf());
    assert_eq!(ground.copied()[0], running.leaf());
}

#[tokio::test]
async fn a_replaced_authority_and_a_revoked_certificate_are_followed_at_once() {
    let ground = Ground::new().await;
    let mut running = ground.begin().await.unwrap();
    let (layout, rules) = (ground.layout(), Profiles::default());
    let root = pem::certificates(&fs::read(layout.authority("server-root")).unwrap());
    let root = root.unwrap().remove(0);
    let key = FileKey::load(&layout.authority_key("server-root")).unwrap();
    let above = Authority::new(root.clone(), vec![], Arc::new(key)).unwrap();
    let requested = replace::request(&running.context, Kind::Server, None);
    let requested = requested.await.unwrap();
    // While it is only asked for, nothing changes.
    assert!(!running.look().await);
    let request = CertificateRequest::from_pem(requested.request.as_bytes()).unwrap();
    let valid = rules.issuing.validity(ground.clock.now());
    let (name, spki) = (&requested.name, request.public_key());
    let made = above
        .issue_ca(name, &rules.issuing, spki, valid, [9; 16])
        .unwrap();
    let text = pem::to_pem(std::slice::from_ref(&made));
    replace::replace(&running.context, Kind::Server, text.as_bytes())
        .await
        .unwrap();
    assert!(running.look().await);
    let leaf = running.leaf();
    assert!(leaf.is_issued_by(&made) && made.is_issued_by(&root));
    assert_eq!(running.view().problem, None);

    let audit = AuditEntry {
        at: ground.clock.now(),
        actor: "test".to_owned(),
        action: "test".to_owned(),
        subject: String::new(),
        detail: String::new(),
    };
    let fingerprint = Digest(leaf.fingerprint());
    let revoked = running.context.store.revoke_certificate(
        &fingerprint,
        RevocationReason::KeyCompromise,
        &audit,
    );
    assert!(revoked.await.unwrap());
    assert!(running.look().await);
    assert!(!running.look().await);
}

#[tokio::test]
async fn an_encrypted_key_is_followed_by_an_encrypted_one() {
    let ground = Ground::new().await;
    let place = ground.layout().server_key();
    let key = FileKey::load(&place).unwrap();
    let text = key.to_encrypted_pem("correct horse").unwrap();
    files_write_secret(&place, &text);
    let mut running = ground.begin().await.unwrap();
    ground.set_days(300);
    assert!(running.look().await);
    let text = fs::read_to_string(&place).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let shown = running.leaf();
    assert_ne!(shown.public_key(), key.public_key());
    drop(running);
    assert_eq!(ground.begin().await.unwrap().leaf(), shown);
}

#[tokio::test]
async fn other_names_in_the_settings_are_in_the_certificate_at_the_next_start() {
    let ground = Ground::new().await;
    drop(ground.begin().await.unwrap());
    let settings = ground.layout().settings();
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("ota.example", "new.example")).unwrap();
    let running = ground.begin().await.unwrap();
    assert_eq!(running.leaf().dns_names(), ["new.example.com"]);
    // So many that no small device could take them: said with the figure, and nothing is written.
    let before = fs::read(ground.layout().server_key()).unwrap();
    let names: Vec<String> = (0..80)
        .map(|n| format!("a-server-with-a-long-name-{n}.new.example.com"))
        .collect();
    let authority = running.context.authorities.issuing(Kind::Server);
    let key = FileKey::generate().unwrap();
    let why = countersign_operations::server_certificate::Due::Names;
    let chain = issue(&running.context, &authority, &names, key.public_key(), why);
    assert!(chain.await.unwrap()[0].der().len() > 3000);
    drop(running);
    let text = fs::read_to_string(&settings).unwrap();
    let (_, rest) = text.split_once("\n\n[device]").unwrap();
    fs::write(&settings, format!("hosts = {names:?}\n\n[device]{rest}")).unwrap();
    let running = ground.begin().await.unwrap();
    let problem = running.view().problem.unwrap();
    assert!(
        problem.contains("devices with small buffers take 4091"),
        "{problem}"
    );
    assert_eq!(fs::read(ground.layout().server_key()).unwrap(), before);
}

#[tokio::test]
async fn an_authority_s_passphrase_is_asked_for_at_the_start_and_not_again() {
    let ground = Ground::made(true).await;
    let (file, away) = (ground.path("passphrase"), ground.path("away"));
    fs::rename(&file, &away).unwrap();
    let refused = ground.begin().await.map(|_| ()).unwrap_err();
    let refused = format!("{refused:#}");
    assert!(refused.contains("-issuing.key"), "{refused}");
    fs::rename(&away, &file).unwrap();
    let mut running = ground.begin().await.unwrap();
    fs::rename(&file, &away).unwrap();
    ground.set_days(300);
    assert!(running.look().await);
    assert_eq!(running.view().problem, None);
}
