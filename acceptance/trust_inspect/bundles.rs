//! Bundle files: what is in them, in what they differ, who passes with them.

use std::fs;

use countersign_trust::bundle;
use countersign_x509::Certificate;
use esp_formats::bundle::Format;

use super::{servers::shows, trust};
use crate::harness::{House, ca::Ca};

fn bundle(roots: &[&Ca], format: Format) -> Vec<u8> {
    let read = |root: &&Ca| Certificate::from_der(&root.der).unwrap();
    let read: Vec<Certificate> = roots.iter().map(read).collect();
    bundle::pack(&read, format).unwrap().bytes
}

#[test]
fn bundles_of_both_formats_and_pem_say_the_same() {
    let house = House::empty();
    let (a, b) = (Ca::root("root a"), Ca::root("root b"));
    let (legacy, offsets, pem, other) = (
        house.text("legacy"),
        house.text("offsets"),
        house.text("c.pem"),
        house.text("other"),
    );
    fs::write(&legacy, bundle(&[&a, &b], Format::Legacy)).unwrap();
    fs::write(&offsets, bundle(&[&b, &a], Format::Offsets)).unwrap();
    fs::write(&pem, format!("{}{}", b.pem, a.pem)).unwrap();
    fs::write(&other, bundle(&[&a, &Ca::root("root b")], Format::Offsets)).unwrap();
    for (file, format) in [
        (&legacy, "legacy"),
        (&offsets, "offsets"),
        (&pem, "certificates"),
    ] {
        let shown = trust(&house, &["show", "--json", file]).json();
        assert_eq!(shown["format"], format);
        assert_eq!(shown["entries"].as_array().unwrap().len(), 2);
        assert!(trust(&house, &["show", file]).stdout.contains("CN=root b"));
        // Against each other they are the same, whatever the format.
        for same in [&legacy, &offsets, &pem] {
            let said = trust_diff(&house, file, same);
            assert!(said.0, "{}", said.1);
        }
        let (same, words) = trust_diff(&house, file, &other);
        assert!(!same);
        assert!(
            words.contains("- CN=root b") && words.contains("+ CN=root b"),
            "{words}"
        );
        assert!(words.contains("with another key"), "{words}");
    }
    let diff = run_json(&house, &["diff", "--json", &pem, &other]);
    assert_eq!(diff["removed"][0]["subject"], "CN=root b");
    assert_eq!(diff["added"].as_array().unwrap().len(), 1);
}

#[test]
fn two_roots_of_one_name_in_another_order_are_another_bundle() {
    let house = House::empty();
    let (right, wrong) = (Ca::root("a root"), Ca::root("a root"));
    let leaf = right.leaf(&["a.test"]);
    let chain = house.text("chain.pem");
    fs::write(&chain, &leaf.pem).unwrap();
    let file = |name: &str, bytes: Vec<u8>| {
        fs::write(house.path(name), bytes).unwrap();
        house.text(name)
    };
    for (format, idf) in [
        (Format::Legacy, "v4.2..v5.3.x"),
        (Format::Offsets, "v5.4..master"),
    ] {
        let one = file("one", bundle(&[&right, &wrong], format));
        let other = file("other", bundle(&[&wrong, &right], format));
        for (bundle, good) in [(&one, true), (&other, false)] {
            let args = ["verify", bundle, &chain, "--host", "a.test", "--idf", idf];
            let said = trust(&house, &args);
            // The root is nobody's but ours, so that the chain itself is not sound for everybody.
            assert_eq!(said.stdout.contains("accept, by"), good, "{}", said.stdout);
            assert_eq!(said.stdout.contains("refuse:"), !good, "{}", said.stdout);
            let advice = "a device tries only one root of that name and meets another";
            assert_eq!(said.stdout.contains(advice), !good, "{}", said.stdout);
            assert!(!said.stdout.contains("send the issuer"), "{}", said.stdout);
        }
        let pem = file("one.pem", [&*right.pem, &wrong.pem].concat().into_bytes());
        assert!(trust_diff(&house, &one, &pem).0);
        for one in [&one, &pem] {
            let (same, words) = trust_diff(&house, one, &other);
            assert!(!same, "{words}");
            assert_eq!(words.matches("~ CN=a root").count(), 2, "{words}");
        }
        let diff = run_json(&house, &["diff", "--json", &one, &other]);
        for (what, count) in [("hidden", 1), ("uncovered", 1), ("added", 0)] {
            assert_eq!(diff[what].as_array().unwrap().len(), count, "{diff}");
        }
    }
}

/// Whether both are the same, and the words. That two differ is no error.
fn trust_diff(house: &House, before: &str, after: &str) -> (bool, String) {
    let output = crate::harness::run(&mut house.command(&["trust", "diff", before, after]));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

fn run_json(house: &House, args: &[&str]) -> serde_json::Value {
    let output = crate::harness::run(&mut house.command(&[&["trust"], args].concat()));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn servers_and_files_are_tried_with_a_bundle() {
    let house = House::empty();
    let (root, other) = (Ca::root("a root"), Ca::root("another root"));
    let leaf = root.leaf(&["127.0.0.1", "a.test"]);
    let address = shows(&leaf, vec![leaf.der.clone()]);
    let chain = house.text("chain.pem");
    fs::write(&chain, &leaf.pem).unwrap();
    let file = |name: &str, bytes: Vec<u8>| {
        fs::write(house.path(name), bytes).unwrap();
        house.text(name)
    };
    let legacy = file("legacy", bundle(&[&root], Format::Legacy));
    let offsets = file("offsets", bundle(&[&root], Format::Offsets));
    let wrong = file("wrong", bundle(&[&other], Format::Offsets));
    let pem = file("root.pem", root.pem.clone().into_bytes());
    for (bundle, good) in [(&offsets, true), (&pem, true), (&wrong, false)] {
        let said = trust(
            &house,
            &[
                "verify",
                bundle,
                &address,
                &chain,
                "--host",
                "a.test",
                "--idf",
                "v5.4..v5.5",
            ],
        );
        assert_eq!(said.verified, good, "{}{}", said.stdout, said.stderr);
    }
    // Releases that read the other format are not asked, unless they are named.
    let said = trust(&house, &["verify", &legacy, &chain, "--host", "a.test"]);
    assert!(said.verified, "{}{}", said.stdout, said.stderr);
    assert!(
        said.stdout.contains("format that other releases read"),
        "{}",
        said.stdout
    );
    let said = trust(
        &house,
        &[
            "verify", &legacy, &chain, "--host", "a.test", "--idf", "v5.5",
        ],
    );
    assert!(!said.verified);
    let said = trust(&house, &["verify", &pem, &chain, "--host", "b.test"]);
    assert!(
        !said.verified && said.stdout.contains("a.test"),
        "{}",
        said.stdout
    );
}

#[test]
fn a_bundle_is_refused_for_what_it_lacks_and_not_for_a_date() {
    let house = House::empty();
    let (root, other) = (Ca::root("a root"), Ca::root("another root"));
    let ended = root.leaf_with(&["a.test"], |params| {
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let (chain, pem) = (house.text("chain.pem"), house.text("root.pem"));
    fs::write(&chain, &ended.pem).unwrap();
    let verify = ["verify", &pem, &chain, "--host", "a.test", "--idf", "v5.5"];
    fs::write(&pem, &root.pem).unwrap();
    // Devices do not look at dates, and they alone are asked here.
    assert!(trust(&house, &verify).verified);
    fs::write(&pem, &other.pem).unwrap();
    let said = trust(&house, &verify);
    assert!(!said.verified);
    assert!(
        said.stderr.contains("was issued by `CN=a root`"),
        "{}",
        said.stderr
    );
}

#[test]
fn bundles_that_lie_are_refused_with_the_place() {
    let house = House::empty();
    let (a, b) = (Ca::root("root a"), Ca::root("root b"));
    let path = house.text("bundle");
    for format in [Format::Legacy, Format::Offsets] {
        let good = bundle(&[&a, &b], format);
        let lies = |change: fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            bytes
        };
        for (bytes, part) in [
            (lies(|bytes| bytes.truncate(bytes.len() - 1)), "at byte "),
            (lies(|bytes| bytes.truncate(3)), "at byte "),
            (lies(|bytes| bytes[1] ^= 0x7f), "at byte "),
            (lies(|bytes| bytes[0] ^= 0x40), "at byte "),
            (Vec::new(), "empty"),
            (vec![0xff; 1000], "at byte "),
        ] {
            fs::write(&path, bytes).unwrap();
            for args in [
                vec!["show", &path],
                vec!["diff", &path, &path],
                vec!["verify", &path, "localhost"],
                vec!["inspect", "localhost", "--bundle", &path],
            ] {
                let said = trust(&house, &args);
                assert!(
                    said.stderr.contains(part) && said.stderr.contains(&path),
                    "{}",
                    said.stderr
                );
            }
        }
        let long = [&good[..], &[0xff; 7]].concat();
        fs::write(&path, long).unwrap();
        let said = trust(&house, &["show", &path]);
        assert!(
            said.stdout.contains("7 bytes follow the last entry"),
            "{}",
            said.stdout
        );
    }
    // Two entries in the wrong order: the legacy format has no offsets that would say so.
    let good = bundle(&[&a, &b], Format::Legacy);
    let half = 2 + (good.len() - 2) / 2;
    let turned = [&good[..2], &good[half..], &good[2..half]].concat();
    fs::write(&path, turned).unwrap();
    let said = trust(&house, &["show", &path]);
    assert!(said.stdout.contains("not sorted"), "{}", said.stdout);
}
