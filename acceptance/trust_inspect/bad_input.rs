//! Chains and files that are none: each has a clear error.

use std::fs;

use rcgen::{CustomExtension, DnType, SerialNumber};

use super::{servers::shows, trust};
use crate::harness::{
    House,
    ca::{Ca, Pair, named, pem, pems},
};

#[test]
fn chains_of_odd_shapes_are_shown_for_what_they_are() {
    let house = House::empty();
    let (root, stranger) = (Ca::root("a root"), Ca::root("a stranger"));
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let leaf = root.leaf(&["127.0.0.1"]);
    let own = || leaf.der.clone();
    let (a, b) = (Ca::root("a"), Ca::root("b"));
    let of_circle = a.leaf(&["127.0.0.1"]);
    let circle = vec![of_circle.der.clone(), a.under(&b), b.under(&a)];
    let cases: [(&Pair, Vec<Vec<u8>>, bool, &str); 8] = [
        (
            &leaf,
            Vec::new(),
            false,
            "no certificate: its list is empty",
        ),
        (
            &leaf,
            vec![own(), root.leaf(&["b.test"]).der],
            true,
            "another leaf",
        ),
        (
            &leaf,
            vec![own(), stranger.der.clone()],
            true,
            "certificate 1 is sent needlessly",
        ),
        (
            &leaf,
            vec![own(), own(), own()],
            true,
            "was sent before, as certificate 0",
        ),
        (
            &leaf,
            vec![own(), b"0\x82\x01\x00cut".to_vec()],
            false,
            "cannot be read",
        ),
        (
            &leaf,
            vec![b"no DER".to_vec()],
            false,
            "certificate 0 cannot be read",
        ),
        (&of_circle, circle, false, "leads back"),
        (
            &leaf,
            vec![own(), vec![0x30; 16_000_000]],
            false,
            "more than 64 KiB",
        ),
    ];
    for (leaf, chain, good, part) in cases {
        let address = shows(leaf, chain);
        let root = house.text("root.pem");
        let said = trust(
            &house,
            &["inspect", "--roots", &root, "--idf", "v5.5", &address],
        );
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(all.contains(part), "{part}: {all}");
        // What a device cannot read ends its handshake, be it needed or not.
        assert_eq!(said.verified, good, "{part}: {all}");
    }
}

#[test]
fn keys_that_no_device_reads_are_named() {
    let house = House::empty();
    let root = Ca::root("a root");
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let (roots, chain) = (house.text("root.pem"), house.text("chain.pem"));
    for (algorithm, kind) in [
        (&rcgen::PKCS_ED25519, Some("Ed25519")),
        (&rcgen::PKCS_ECDSA_P521_SHA512, None),
    ] {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        fs::write(&chain, pem(&root.certify(&["a.test"], &key))).unwrap();
        let args = ["inspect", "--roots", &roots, "--host", "a.test", &chain];
        let said = trust(&house, &args);
        assert_eq!(said.verified, kind.is_none(), "{}", said.stdout);
        if let Some(kind) = kind {
            let part = format!("certificate 0 has a key of kind {kind}: use P-256");
            assert!(said.stdout.contains(&part), "{}", said.stdout);
        }
    }
}

#[test]
fn names_of_strangers_cannot_move_the_cursor() {
    let house = House::empty();
    let root = Ca::root("a \u{1b}[31mred\u{1b}[0m root\0\u{202e}");
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let leaf = root.leaf_with(&["a.test", "*.com", "f*.test", "*"], |params| {
        params.distinguished_name = named("evil\r\n\u{9b}2J.test\0.example.com");
        params
            .distinguished_name
            .push(DnType::OrganizationName, "\u{7}");
    });
    let chain = house.text("chain.pem");
    fs::write(&chain, &leaf.pem).unwrap();
    let root = house.text("root.pem");
    let args = ["inspect", "--roots", &root, "--host", "a.test", &chain];
    let said = trust(&house, &args);
    let ugly = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!said.stdout.contains(ugly), "{:?}", said.stdout);
    for part in [
        "\\u{1b}[31mred",
        "\\u{0}",
        "\\u{202e}",
        "`*.com` stands for every name of a whole top-level domain",
        "`f*.test` stands for nothing",
        "`*` stands for nothing",
    ] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    let json = trust(&house, &[&args[..], &["--json"]].concat());
    assert!(!json.stdout.contains(ugly));
    for host in ["other.com", "foo.test", "test"] {
        let said = trust(
            &house,
            &["inspect", "--roots", &root, "--host", host, &chain],
        );
        // A device takes `*.com`; the others stand for nothing.
        assert_eq!(
            said.stdout.contains("by the wildcard *.com"),
            host == "other.com"
        );
    }
    // A name with a NUL in it is read differently by different readers, and so not at all.
    let mut split = leaf.der;
    let at = split.windows(6).position(|six| six == b"a.test").unwrap();
    split[at + 1] = 0;
    fs::write(&chain, pem(&split)).unwrap();
    let said = trust(&house, &["inspect", "--roots", &root, &chain]);
    assert!(
        said.stderr.contains("malformed subject alternative name"),
        "{}",
        said.stderr
    );
    // So it is for nobody, until somebody says for whom it should be.
    assert!(!said.verified && said.stdout.contains("say --host"));
    assert!(!said.stdout.contains("refuse:"), "{}", said.stdout);
}

#[test]
fn odd_certificates_are_read_or_refused_with_the_reason() {
    let house = House::empty();
    let root = Ca::root("a root");
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let inspect = |der: &[u8]| {
        let chain = house.text("chain.pem");
        fs::write(&chain, pem(der)).unwrap();
        let root = house.text("root.pem");
        let said = trust(
            &house,
            &["inspect", "--idf", "v5.5", "--roots", &root, &chain],
        );
        format!("{}{}", said.stdout, said.stderr)
    };
    let negative = root.leaf_with(&["a.test"], |params| {
        // rcgen writes what it is given, with a sign byte; that one is taken out again.
        params.serial_number = Some(SerialNumber::from(vec![0x71, 2, 3, 4]));
    });
    let mut negative = negative.der;
    let at = negative
        .windows(4)
        .position(|four| four == [0x71, 2, 3, 4])
        .unwrap();
    negative[at] = 0x81;
    assert!(inspect(&negative).contains("serial number is negative"));

    // The OID of the signature, made one that nobody knows, at both of its places.
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let mut unknown = root.leaf(&["a.test"]).der;
    for at in 0..unknown.len() - oid.len() {
        if unknown[at..].starts_with(&oid) {
            unknown[at + 7] = 0x63;
        }
    }
    let said = inspect(&unknown);
    assert!(said.contains("OID 1.2.840.10045.4.3.99"), "{said}");
    assert!(said.contains("error: "), "{said}");

    // A critical extension that nobody knows.
    let critical = root.leaf_with(&["a.test"], |params| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    });
    let said = inspect(&critical.der);
    assert!(
        said.contains("1.2.3.4") && said.contains("error: "),
        "{said}"
    );

    // Every truncation, and every tenth byte changed, is read or refused, and nothing else.
    let good = root.leaf(&["a.test"]).der;
    for cut in (0..good.len()).step_by(97) {
        assert!(inspect(&good[..cut]).contains("error: "), "{cut}");
    }
    for at in (0..good.len()).step_by(61) {
        let mut changed = good.clone();
        changed[at] ^= 0x55;
        assert!(inspect(&changed).contains("error: "), "{at}");
    }
}

#[test]
fn files_are_read_as_people_keep_them_and_keys_stay_in_them() {
    let house = House::empty();
    let (root, issuing) = (Ca::root("a root"), Ca::root("an issuing CA"));
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    let leaf = issuing.leaf(&["a.test"]);
    let chain = pems(&[leaf.der.clone(), issuing.under(&root)]);
    let key = leaf.key.serialize_pem();
    let (file, out, root) = (
        house.text("chain"),
        house.text("out"),
        house.text("root.pem"),
    );
    for text in [
        chain.clone(),
        chain.trim_end().to_owned(),
        chain.replace('\n', "\r\n"),
        format!("\u{feff}{chain}"),
        format!("Bag Attributes\n  friendlyName: x\n{chain}and so on"),
        format!("{key}{chain}"),
        format!("{chain}{key}"),
    ] {
        fs::write(&file, &text).unwrap();
        let args = [
            "--roots",
            &root,
            "--host",
            "a.test",
            "--showcerts",
            "--pem",
            &out,
        ];
        let said = trust(&house, &[&["inspect", &file][..], &args].concat());
        assert!(said.verified, "{text}: {}", said.stderr);
        let written = fs::read_to_string(&out).unwrap();
        assert_eq!(written.matches("BEGIN CERTIFICATE").count(), 3, "{written}");
        let all = format!("{written}{}{}", said.stdout, said.stderr);
        assert!(!all.contains("PRIVATE KEY-----"), "{all}");
        let lines: Vec<&str> = key.lines().collect();
        assert!(!all.contains(lines[1]), "{all}");
        let noted = said
            .stdout
            .contains("there is a private key in it, which is left where it is");
        assert_eq!(noted, text.contains("PRIVATE KEY"));
    }
    let der = house.text("leaf.der");
    fs::write(&der, &leaf.der).unwrap();
    let said = trust(&house, &["inspect", &der, "--roots", &root]);
    assert!(
        said.stdout.contains("MISSING: an issuing CA"),
        "{}",
        said.stdout
    );

    for (bytes, part) in [
        (Vec::new(), "it is empty"),
        (b"hello\n".to_vec(), "neither PEM"),
        (key.into_bytes(), "a private key in it, and no certificate"),
        (
            chain.as_bytes()[..chain.len() - 40].to_vec(),
            "PEM block 2 is cut short",
        ),
        (vec![0x30; 16_000_000], "more than 4194304 bytes"),
    ] {
        fs::write(&file, bytes).unwrap();
        let said = trust(&house, &["inspect", &file]);
        assert!(
            said.stderr.contains(part) && said.stderr.contains("chain"),
            "{}",
            said.stderr
        );
    }
    for (args, part) in [
        (
            vec!["inspect", "nowhere.pem"],
            "there is no file nowhere.pem",
        ),
        (vec!["inspect", "b\u{fc}cher.example"], "beyond ASCII"),
        (
            vec!["inspect", "localhost", "--timeout", "0"],
            "between 0.1 and 600",
        ),
        (
            vec!["inspect", "localhost", "--clock", "noon"],
            "no time such as",
        ),
        (vec!["inspect", "localhost", "--idf", "v3.3"], "v4.2 to"),
        (
            vec!["inspect", "localhost", "--roots", "nowhere"],
            "nowhere",
        ),
        (
            vec!["inspect", "localhost", "--connect", "a b"],
            "--connect",
        ),
    ] {
        let said = trust(&house, &args);
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }
}
