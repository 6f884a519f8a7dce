//! Backups: what they bring back, and what they must not.

use std::fs;

use crate::harness::{DEVICE, House, REVOKED, SUSPENDED, Server, barred, need, run};

/// The database and its log: what a backup has of it.
const DATABASE: [&str; 2] = ["countersign.db", "countersign.db-wal"];

/// Copies the database of a house whose server is down, or brings the copy back.
fn copy(house: &House, from: &str, to: &str) {
    fs::create_dir_all(house.path(to)).unwrap();
    // An index of the log that was there is not that of the log that comes.
    let _ = fs::remove_file(house.path(to).join("countersign.db-shm"));
    for name in DATABASE {
        let _ = fs::remove_file(house.path(to).join(name));
        if house.path(from).join(name).exists() {
            fs::copy(house.path(from).join(name), house.path(to).join(name)).unwrap();
        }
    }
}

#[test]
fn a_device_that_was_revoked_since_the_backup_stays_out_when_it_is_restored() {
    if !need("backup", "curl", "apt-get install curl") {
        return;
    }
    let house = House::new();
    house.enroll();
    copy(&house, "state", "yesterday");
    {
        let _server = house.serve();
        house.enroll_as("7cdfa1000003", "new");
        house.ok(&["device", "revoke", DEVICE, "--reason", "stolen"]);
        house.ok(&["device", "revoke", "7cdfa1000003"]);
    }
    copy(&house, "yesterday", "state");
    let server = house.serve();
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    for folder in ["device", "new"] {
        barred(&house, folder, &url, REVOKED);
    }
    let device = house.device();
    assert_eq!(device["state"], "revoked");
    assert_eq!(device["state_reason"], "stolen");
    let audit = house.operator("/v1/audit");
    let by_journal = audit.as_array().unwrap().iter();
    let by_journal = by_journal.filter(|line| line["actor"] == "journal");
    assert_eq!(by_journal.count(), 2);
    // Of the device that came and went since, the id is used up.
    let out = house.text("again");
    let said = house.fails(&["device", "enroll", "7cdfa1000003", "--out", &out]);
    assert!(said.contains("is revoked"), "{said}");
}

#[test]
fn without_a_journal_that_can_be_relied_on_nothing_is_done_until_told() {
    let house = House::new();
    house.enroll();
    house.ok(&["device", "revoke", DEVICE]);
    let journal = house.state().join("countersign.journal");
    let whole = fs::read_to_string(&journal).unwrap();
    assert!(whole.contains(" revoked 7cdfa1000001 "), "{whole}");
    for wrong in [None, Some(whole.replace("revoked", "retired"))] {
        match &wrong {
            None => fs::remove_file(&journal).unwrap(),
            Some(wrong) => fs::write(&journal, wrong).unwrap(),
        }
        for args in [
            &["serve", "--device-listen", "127.0.0.1:0"][..],
            &["device", "list"],
            &["device", "resume", DEVICE],
        ] {
            let ended = run(&mut house.command(args));
            assert!(!ended.status.success());
            let said = String::from_utf8(ended.stderr).unwrap();
            // `serve` may warn of something before.
            let said = said.lines().last().unwrap();
            assert!(said.starts_with("error: "), "{said}");
            for words in ["countersign.journal", "--accept-journal"] {
                assert!(said.contains(words), "{said}");
            }
        }
        drop(Server::start(&house, &["--accept-journal"]));
        assert_eq!(house.device()["state"], "revoked");
        assert!(
            fs::read_to_string(&journal)
                .unwrap()
                .contains(" revoked 7cdfa1000001 ")
        );
    }

    // On another disk, say. It is moved by hand, and until it is nothing is done.
    let settings = house.state().join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let elsewhere = house.path("elsewhere.journal");
    let set = format!("[state]\njournal = {:?}\n", elsewhere.to_str().unwrap());
    fs::write(&settings, text.replace("[state]", &set)).unwrap();
    let said = house.fails(&["device", "list"]);
    assert!(said.contains("elsewhere.journal"), "{said}");
    fs::rename(&journal, &elsewhere).unwrap();
    house.enroll_as("7cdfa1000002", "second");
    house.ok(&["device", "retire", "7cdfa1000002", "--reason", "worn out"]);
    assert!(!journal.exists());
    let lines = fs::read_to_string(&elsewhere).unwrap();
    assert!(lines.contains(" retired 7cdfa1000002 "), "{lines}");
}

#[test]
fn device_show_says_why_a_device_was_turned_away_and_what_to_do() {
    if !need("device_show", "curl", "apt-get install curl") {
        return;
    }
    let house = House::new();
    house.enroll();
    let server = house.serve();
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    assert!(house.device()["refusals"].is_null());
    house.ok(&["device", "suspend", DEVICE]);
    barred(&house, "device", &url, SUSPENDED);
    let said = house.ok(&["device", "show", DEVICE]);
    for words in [
        "turned away just now at the device plane",
        "suspended; `countersign device resume`",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let refusal = &house.device()["refusals"][0];
    assert_eq!(refusal["reason"], "device-suspended");
    assert_eq!(refusal["proved"], true);

    let told = house.json(&["device", "retire", DEVICE, "--reason", "worn out"]);
    assert_eq!(told["state"], "retired");
    assert!(told["certificates"][0]["revoked_at"].is_string());
    let said = house.fails(&["device", "resume", DEVICE]);
    assert!(said.contains("already-retired"), "{said}");
}
