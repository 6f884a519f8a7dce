//! From our own authority.

use std::{
    fs,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use countersign_keys::FileKey;
use countersign_pki::{Authority, Profile, Profiles, Signer as _, Validity};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, pem};

use super::{Node, OPENSSL, VERSIONS, connect, s_client, serial, told, verifies};
use crate::harness::{House, Live, image, need, wait_until};

fn certificates(house: &House, name: &str) -> Vec<Certificate> {
    pem::certificates(&fs::read(house.state().join(name)).unwrap()).unwrap()
}

/// One of the authorities for servers: `level` is `root` or `issuing`.
fn authority(house: &House, level: &str) -> Authority {
    let file = |name: &str, end: &str| format!("authorities/server-{name}.{end}");
    let certificate = certificates(house, &file(level, "pem")).remove(0);
    let above = match level {
        "root" => Vec::new(),
        _ => certificates(house, &file("root", "pem")),
    };
    let key = FileKey::load(&house.state().join(file(level, "key"))).unwrap();
    Authority::new(certificate, above, Arc::new(key)).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "certificates are of this time")]
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// Gives a house's server a certificate of two hours ago, of which two thirds are over in `seconds`; gives its serial number.
fn renewed_in(house: &House, seconds: u64) -> String {
    let begun = now() - 7200;
    let due = 7200 + seconds;
    let own = FileKey::load(&house.state().join("server/server.key")).unwrap();
    let names = Profile::Server {
        names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let validity = Validity {
        not_before: UnixTime(begun),
        not_after: Some(UnixTime(begun + due + due / 2)),
    };
    let rules = Profiles::default().server;
    let issuing = authority(house, "issuing");
    let leaf = issuing.issue(&names, &rules, own.public_key(), validity, [0x51; 16]);
    let chain = pem::to_pem(&issuing.chain_of(leaf.unwrap()));
    fs::write(house.state().join("server/server.pem"), chain).unwrap();
    "51".repeat(16)
}

/// What a poll is answered where there is an update: status and body.
fn redirected() -> (String, String) {
    ("302".to_owned(), String::new())
}

fn tools_are_there() -> bool {
    need("server_certificate", "openssl", OPENSSL)
        && need("server_certificate", "curl", "apt-get install curl")
}

#[test]
fn two_thirds_of_its_life_on_a_certificate_is_renewed_by_the_running_server() {
    if !tools_are_there() {
        return;
    }
    let house = House::new();
    let before = renewed_in(&house, 12);
    let server = house.serve();
    assert_eq!(server.certificate["serial"], *before);
    house.enroll();
    let renewed = || told(&house)["serial"] != *before;
    assert!((0..12).any(|_| wait_until(renewed)), "{}", server.log());
    let told = told(&house);
    let log = server.log();
    for said in ["two thirds of its life are over", "was made anew"] {
        assert_eq!(log.matches(said).count(), 1, "{log}");
    }
    let root = house.state().join("authorities/server-root.pem");
    for version in VERSIONS {
        let words = connect(s_client(
            &server,
            &house.path("device"),
            &root,
            version,
            &[],
        ));
        assert_eq!(told["serial"], *serial(&house, &words), "{version}");
    }
    eprintln!(
        "{before} until {}, then {} until {}",
        server.certificate["not_after"], told["serial"], told["not_after"]
    );
    server.stop();
    assert_eq!(house.serve().certificate["serial"], told["serial"]);
}

#[test]
fn a_replaced_authority_s_certificate_is_taken_up_under_a_running_fleet_and_nobody_is_lost() {
    if !tools_are_there() {
        return;
    }
    let house = House::new();
    let server = house.serve();
    house.enroll();
    for n in 0..5 {
        house.enroll_as(&format!("7cdfa11000{n:02}"), &format!("node-{n}"));
    }
    house.publish(&image("1.1.0"), 1);
    let first = house.path("first.pem");
    fs::copy(house.state().join("server/server.pem"), &first).unwrap();
    let before = serial(&house, &fs::read_to_string(&first).unwrap());
    assert_eq!(server.certificate["serial"], *before);
    assert_eq!(server.certificate["from"], "own");
    let nodes: Vec<Node> = (0..5)
        .map(|n| Node::start(&house, &format!("node-{n}"), n % 2 == 0))
        .collect();
    let root = house.state().join("authorities/server-root.pem");
    let device = house.path("device");
    let client = |version, more: &[&str]| s_client(&server, &device, &root, version, more);
    let session = |version: &str| house.text(&format!("session{version}"));
    let mut live = VERSIONS.map(|version| Live::open(client(version, &[])));
    for (version, live) in VERSIONS.iter().zip(&mut live) {
        let words = connect(client(version, &["-sess_out", &session(version)]));
        assert_eq!(serial(&house, &words), before, "{version}");
        assert_eq!(live.poll(), redirected());
    }
    assert!(wait_until(|| nodes.iter().all(|node| node.check_ins() > 0)));

    house.ok(&["ca", "replace", "server"]);
    let renewed = || told(&house)["serial"] != *before;
    assert!((0..6).any(|_| wait_until(renewed)), "{}", server.log());
    let told = told(&house);
    let after = told["serial"].as_str().unwrap();
    let issuer = told["issuer"].as_str().unwrap();
    assert!(issuer.ends_with("server issuing 2"), "{issuer}");
    assert_eq!(told["problem"], serde_json::Value::Null);
    for (version, mut live) in VERSIONS.iter().zip(live) {
        // Who was there stays, who was there before resumes, and who is new sees the new one.
        assert_eq!(live.poll(), redirected(), "{version}");
        let words = connect(client(version, &["-sess_in", &session(version)]));
        assert!(words.contains("Reused, TLSv1."), "{version}: {words}");
        let words = connect(client(version, &[]));
        assert!(
            words.contains("Verify return code: 0 (ok)"),
            "{version}: {words}"
        );
        assert_eq!(serial(&house, &words), after, "{version}");
    }
    let counts: Vec<usize> = nodes.iter().map(Node::check_ins).collect();
    let went_on = || {
        let now = nodes.iter().map(Node::check_ins);
        now.zip(&counts).all(|(now, before)| now >= before + 3)
    };
    assert!((0..6).any(|_| wait_until(went_on)), "{counts:?}");
    eprintln!(
        "check-ins when it was replaced: {counts:?}, and three more of each since, none lost"
    );

    // Both are good, both are in the store, and the disk has what is shown.
    let second = house.state().join("server/server.pem");
    assert_eq!(serial(&house, &fs::read_to_string(&second).unwrap()), after);
    for chain in [&first, &second] {
        verifies(&root, chain, &["-x509_strict"]);
    }
    let audit = house.operator("/v1/audit");
    let lines = audit.as_array().unwrap().iter();
    let certified = lines.filter(|line| line["action"] == "server.certify");
    let certified: Vec<_> = certified.map(|line| line["subject"].clone()).collect();
    assert_eq!(certified, [after, &before]);
}

#[test]
fn a_root_s_key_within_reach_is_named_at_the_start_with_what_mends_it() {
    let house = House::new();
    let log = |house: &House| {
        let server = house.serve();
        let log = server.log();
        server.stop();
        log
    };
    let said = log(&house);
    for what in ["device", "server"] {
        let mends = format!("countersign ca offline {what} --to FILE");
        assert_eq!(said.matches(&mends).count(), 1, "{said}");
        assert!(said.contains(&format!("{what}-root.key")), "{said}");
    }
    fs::remove_file(house.state().join("authorities/server-root.key")).unwrap();
    let said = log(&house);
    assert!(
        said.contains("offline device") && !said.contains("offline server"),
        "{said}"
    );
}

#[test]
fn what_is_shown_is_said_at_the_start_for_people_and_programs() {
    if !need("server_certificate", "openssl", OPENSSL) {
        return;
    }
    let house = House::new();
    let server = house.serve();
    let said = &server.certificate;
    let file = fs::read_to_string(house.state().join("server/server.pem")).unwrap();
    assert_eq!(said["serial"], *serial(&house, &file));
    assert_eq!(said["names"], serde_json::json!(["localhost", "127.0.0.1"]));
    for name in [
        "not_before",
        "not_after",
        "renewed_at",
        "shown_since",
        "renews_at",
    ] {
        let time = said[name].as_str().unwrap_or_default();
        assert!(time.ends_with('Z'), "{name}: {said}");
    }
    assert_eq!(*said, told(&house));
    server.stop();
    let mut command = house.command(&["serve"]);
    for plane in ["device", "download", "operator"] {
        command.args([format!("--{plane}-listen"), "127.0.0.1:0".to_owned()]);
    }
    let out = house.path("out");
    let mut child = command
        .stdout(fs::File::create(&out).unwrap())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let words = || fs::read_to_string(&out).unwrap();
    let spoken = wait_until(|| words().contains("serial "));
    child.kill().unwrap();
    child.wait().unwrap();
    let words = words();
    assert!(spoken, "{words}");
    let line = words
        .lines()
        .find(|line| line.starts_with("certificate "))
        .unwrap();
    assert!(
        line.contains("server/server.pem, from our own authority, until 20"),
        "{words}"
    );
}
