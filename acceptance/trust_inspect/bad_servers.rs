//! Servers that answer badly: each has a clear error, and nothing is made of what they say.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
};

use super::{
    servers::{raw, shows},
    trust,
};
use crate::harness::{
    House,
    ca::{Ca, pems},
};

#[test]
fn a_server_that_gives_no_chain_is_told_from_the_next() {
    let house = House::empty();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let http = raw(|mut tcp| {
        let _ = tcp.read(&mut [0; 512]);
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let reset = raw(|tcp| {
        // What lies unread when it is closed makes the system say so by a reset.
        let _ = tcp.peek(&mut [0]);
    });
    let silent = raw(|mut tcp| while tcp.read(&mut [0; 512]).is_ok_and(|read| read > 0) {});
    let other = raw(|mut tcp| {
        let _ = tcp.write_all(b"220 \x1b[2Jmail ready\r\n");
        let _ = tcp.read(&mut [0; 4096]);
    });
    let old = raw(|mut tcp| {
        // A fatal alert: protocol_version.
        let _ = tcp.read(&mut [0; 512]);
        let _ = tcp.write_all(&[21, 3, 1, 0, 2, 2, 70]);
        while tcp.read(&mut [0; 512]).is_ok_and(|read| read > 0) {}
    });
    let endless = raw(|mut tcp| {
        // A certificate message that says it has 16 MB, and goes on and on.
        let _ = tcp.write_all(&[22, 3, 3, 64, 0, 11, 255, 255, 255]);
        let record = [[22, 3, 3, 64, 0].to_vec(), vec![0x30; 16384]].concat();
        while tcp.write_all(&record).is_ok() {}
    });
    for (address, part) in [
        (closed, "refused the connection"),
        (http, "plain HTTP"),
        (reset, "reset the connection"),
        (silent, "sent nothing within 0.5 s"),
        (other, "220 \\x1b[2Jmail"),
        (old, "alert protocol_version (70)"),
        (endless, "64 KiB"),
    ] {
        let address = address.to_string();
        let said = trust(&house, &["inspect", "--timeout", "0.5", &address]);
        assert!(!said.verified);
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
        assert!(said.stderr.contains(&address), "{}", said.stderr);
        assert!(!said.stdout.contains('\u{1b}'), "{}", said.stdout);
    }
    let said = trust(
        &house,
        &["inspect", "--timeout", "5", "no.such.host.invalid"],
    );
    assert!(
        said.stderr.contains("no.such.host.invalid"),
        "{}",
        said.stderr
    );
    assert!(!said.verified);
}

#[test]
fn a_chain_without_end_is_cut_and_no_device_takes_it() {
    let house = House::empty();
    let root = Ca::root("a root");
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let (roots, chain) = (house.text("root.pem"), house.text("chain.pem"));
    let leaf = root.leaf(&["127.0.0.1"]);
    let surplus = vec![Ca::root("a stranger").der; 400];
    let all = [&[leaf.der.clone()][..], &surplus].concat();
    fs::write(&chain, pems(&all)).unwrap();
    let args = ["inspect", "--roots", &roots, "--idf", "v5.5"];
    let said = trust(
        &house,
        &[&args[..], &[&chain, "--host", "127.0.0.1"]].concat(),
    );
    let part = "369 more certificates were sent and are not looked at";
    assert!(said.stdout.contains(part), "{}", said.stdout);
    assert!(!said.verified && said.stderr.contains("a device takes 16384 at most"));
    let server = shows(&leaf, all);
    let said = trust(&house, &[&args[..], &[&server]].concat());
    assert!(
        !said.verified && said.stderr.contains("64 KiB"),
        "{}",
        said.stderr
    );

    // One certificate, with more names than a device has room for: it would be good otherwise.
    let names: Vec<String> = (0..900).map(|n| format!("bucket-{n}.store.test")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (count, good) in [(900, false), (300, true)] {
        names.truncate(count);
        let leaf = root.leaf(&names);
        fs::write(&chain, &leaf.pem).unwrap();
        let host = ["--host", "bucket-7.store.test"];
        let said = trust(&house, &[&args[..], &[&chain], &host].concat());
        assert_eq!(said.verified, good, "{}{}", said.stdout, said.stderr);
        let part = "the device has room for 16384";
        assert_eq!(said.stdout.contains(part), !good, "{}", said.stdout);
    }
}

#[test]
fn no_bundle_is_made_of_what_bad_servers_say() {
    let house = House::empty();
    let root = Ca::root("a root");
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let root_pem = house.text("root.pem");
    let leaf = root.leaf(&["127.0.0.1"]);
    let good = shows(&leaf, vec![leaf.der.clone()]);
    let lock = house.text("trust/trust.lock");
    let out = house.text("trust");
    let args = [
        "bundle", "--pem", &root_pem, "--host", &good, "--idf", "v5.5", "--out",
    ];
    assert!(trust(&house, &[&args[..], &[&out]].concat()).verified);
    let http = raw(|mut tcp| {
        let _ = tcp.read(&mut [0; 512]);
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let silent = raw(|mut tcp| while tcp.read(&mut [0; 512]).is_ok_and(|read| read > 0) {});
    let reset = raw(|tcp| {
        let _ = tcp.peek(&mut [0]);
    });
    for (bad, part) in [
        (http.to_string(), "plain HTTP"),
        (silent.to_string(), "sent nothing within 1 s"),
        (reset.to_string(), "reset the connection"),
        (shows(&leaf, Vec::new()), "no certificate"),
        (shows(&leaf, vec![b"no DER".to_vec()]), "malformed"),
        (
            shows(&leaf, vec![leaf.der.clone(), vec![0x30; 16_000_000]]),
            "more than 64 KiB",
        ),
    ] {
        // Only who says nothing is waited for to the end.
        let patience = if part.starts_with("sent nothing") {
            "1"
        } else {
            "30"
        };
        // Beside a good one, and nothing is written for either.
        let none = house.text("none");
        let hosts = ["--pem", &root_pem, "--timeout", patience];
        let rest = ["--host", &good, &bad, "--idf", "v5.5", "--out", &none];
        let said = trust(&house, &[&["bundle"], &hosts[..], &rest].concat());
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
        assert!(said.stderr.contains(&bad), "{}", said.stderr);
        assert!(!house.path("none").exists());
        let connect = format!("127.0.0.1={bad}");
        let args = ["check", &lock, "--timeout", patience, "--connect", &connect];
        let output = crate::harness::run(&mut house.command(&[&["trust"], &args[..]].concat()));
        let said = String::from_utf8(output.stdout).unwrap();
        // What cannot be had is unknown; what cannot be read, no device accepts.
        let code = if part == "malformed" { 5 } else { 1 };
        assert_eq!(output.status.code(), Some(code), "{part}: {said}");
        assert!(said.contains(part) || code == 5, "{part}: {said}");
    }
}

#[test]
fn a_server_that_does_not_hold_its_key_is_not_believed() {
    let house = House::empty();
    let root = Ca::root("a root");
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let (theirs, ours) = (root.leaf(&["127.0.0.1"]), root.leaf(&["127.0.0.1"]));
    let address = shows(&ours, vec![theirs.der]);
    let root = house.text("root.pem");
    let said = trust(&house, &["inspect", "--roots", &root, &address]);
    assert!(
        said.stderr.contains("does not hold the key"),
        "{}",
        said.stderr
    );
}
