//! Journals that cannot be relied on.

use super::*;

#[tokio::test]
async fn a_torn_last_line_is_cut_off() {
    for tail in [&b"1700000000 revoked d1 -"[..], &[0; 300], b" "] {
        let folder = Folder::new();
        two(&folder).await;
        let whole = fs::read(folder.journal()).unwrap();
        fs::write(folder.journal(), [&whole, tail].concat()).unwrap();
        let store = folder.store().await;
        assert_eq!(fs::read(folder.journal()).unwrap(), whole);
        set(&store, "d1", DeviceState::Revoked).await.unwrap();
        store.close().await;
        let store = folder.store().await;
        assert_eq!(state(&store, "d1").await, DeviceState::Revoked);
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_relied_on_is_refused_until_told() {
    let other = Folder::new();
    two(&other).await;
    let other = fs::read(other.journal()).unwrap();
    for kind in [
        "missing",
        "empty",
        "no journal",
        "another database's",
        "its last line taken out",
        "all lines taken out",
        "cut in its last line",
        "a line in the middle taken out",
        "a digit changed",
        "torn in the middle",
        "bytes that are no text",
    ] {
        let folder = Folder::new();
        two(&folder).await;
        let store = folder.store().await;
        set(&store, "d1", DeviceState::Suspended).await.unwrap();
        store.close().await;
        let whole = fs::read_to_string(folder.journal()).unwrap();
        let wrong = damaged(kind, &whole, &other);
        match &wrong {
            Some(wrong) => fs::write(folder.journal(), wrong).unwrap(),
            None => fs::remove_file(folder.journal()).unwrap(),
        }
        let before = contents_of(&folder).await;
        for _ in 0..2 {
            let opened = SqliteStore::open(&folder.file()).await;
            let refused = matches!(opened, Err(StoreError::Journal(_)));
            assert!(refused, "{kind}: {opened:?}");
        }
        // Nothing was changed, and who only reads may.
        assert_eq!(contents_of(&folder).await, before, "{kind}");
        assert_eq!(fs::read(folder.journal()).ok(), wrong, "{kind}");

        let store = folder.accept().await;
        assert_eq!(bars(&store, "d2").await, Some(true), "{kind}");
        assert_eq!(bars(&store, "d1").await, Some(false), "{kind}");
        let newest = store.audit_log(1).await.unwrap();
        assert_eq!(newest[0].action, "journal.accept", "{kind}");
        store.close().await;
        let kept = folder.0.path().join("fleet.journal.1");
        assert_eq!(fs::read(kept).ok(), wrong, "{kind}");
        let store = folder.store().await;
        assert_eq!(folder.lines().0.len(), 2, "{kind}");
        set(&store, "d1", DeviceState::Active).await.unwrap();
        store.close().await;
        // Told once more, there is nothing to begin anew.
        folder.accept().await.close().await;
        assert_eq!(folder.lines().0.len(), 3, "{kind}");
    }
}

#[tokio::test]
async fn of_a_damaged_journal_what_can_be_read_is_done_on_the_operator_s_word() {
    let folder = Folder::new();
    two(&folder).await;
    folder.copy("fleet.sqlite", "yesterday");
    let store = folder.store().await;
    set(&store, "d1", DeviceState::Revoked).await.unwrap();
    store.close().await;
    folder.copy("yesterday", "fleet.sqlite");
    let mut journal = fs::read(folder.journal()).unwrap();
    journal.extend(b"1 revoked damaged - - - 00\n");
    fs::write(folder.journal(), &journal).unwrap();
    let opened = SqliteStore::open(&folder.file()).await;
    assert!(matches!(opened, Err(StoreError::Journal(_))), "{opened:?}");
    let store = folder.accept().await;
    assert_eq!(state(&store, "d1").await, DeviceState::Revoked);
}

#[tokio::test]
async fn nothing_is_barred_while_the_journal_cannot_be_written() {
    let taken_away: fn(&Path) = |path| fs::remove_file(path).unwrap();
    let replaced: fn(&Path) = |path| {
        let whole = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        // A file system may give a number again at once.
        fs::write(path.with_extension("between"), "").unwrap();
        fs::write(path, whole).unwrap();
    };
    let written_to: fn(&Path) = |path| {
        let whole = fs::read(path).unwrap();
        fs::write(path, [&whole[..], b"x"].concat()).unwrap();
    };
    for damage in [taken_away, replaced, written_to] {
        let folder = Folder::new();
        two(&folder).await;
        let store = folder.store().await;
        damage(&folder.journal());
        let refused = set(&store, "d1", DeviceState::Revoked).await;
        assert!(
            matches!(refused, Err(StoreError::Journal(_))),
            "{refused:?}"
        );
        assert_eq!(state(&store, "d1").await, DeviceState::Active);
        // What needs no journal goes on.
        create(&store, &device("d3")).await.unwrap();
    }
}

/// All that the database holds of devices and audit, read beside its journal.
async fn contents_of(folder: &Folder) -> String {
    let store = SqliteStore::open_read_only(&folder.file()).await.unwrap();
    let devices = store.devices().await.unwrap();
    let audit = store.audit_log(99).await.unwrap();
    store.close().await;
    format!("{devices:?} {audit:?}")
}

/// A journal of two lines, damaged; none: taken away.
fn damaged(kind: &str, whole: &str, other: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let damaged = match kind {
        "missing" => return None,
        "empty" => String::new(),
        "no journal" => "PRAGMA\nfoo\n".to_owned(),
        "another database's" => return Some(other.to_vec()),
        "its last line taken out" => lines[..2].concat(),
        "all lines taken out" => lines[0].to_owned(),
        "cut in its last line" => whole[..whole.len() - 20].to_owned(),
        "a line in the middle taken out" => [lines[0], lines[2]].concat(),
        "a digit changed" => whole.replace(" d2 ", " d3 "),
        "torn in the middle" => [lines[0], lines[1], &lines[2][..30], "\n"].concat(),
        _ => return Some([whole.as_bytes(), b"\xff\xfe \n"].concat()),
    };
    Some(damaged.into_bytes())
}
