//! A fleet comes with its certificates, by files.

use std::fs;

use countersign_protocol::Digest;
use countersign_x509::{Certificate, pem, sha256};
use rcgen::KeyPair;

use super::{came_in, devices, house, other::Other, poll, publish, refused};
use crate::harness::{House, Leaf, image, need};

fn certificate(leaf: &Leaf) -> Certificate {
    pem::certificates(leaf.chain.as_bytes()).unwrap().remove(0)
}

/// Writes a file of a folder.
fn put(house: &House, folder: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = house.path(folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

#[test]
fn a_fleet_is_imported_by_files_and_lists_and_comes_in() {
    if !need("authorities_import", "curl", "apt-get install curl") {
        return;
    }
    let (house, b) = (house(), Other::root("B"));
    let line = b.sub("B line 7");
    b.register(&house, "known", &[]);
    let server = house.serve();
    publish(&house, "theirs", &image("2.2.0"));
    let names = ["d1", "d2", "d3", "d4", "d5"];
    let leaves = names.map(|name| line.device(name));
    for (name, leaf) in names.iter().zip(&leaves) {
        leaf.install(&house, name);
    }
    // A folder: DER, two in one PEM, the CA between, and what is none of it.
    let [first, second, third, fourth, fifth] = &leaves;
    put(&house, "fleet", "a.der", certificate(first).der());
    put(
        &house,
        "fleet",
        "b.pem",
        [&*second.chain, &*third.chain].concat(),
    );
    put(&house, "fleet", "notes.txt", "not a certificate");
    let csv = format!(
        "id,fingerprint,pin\nd4,{},\nb/d5,,{}\n",
        Digest(certificate(fourth).fingerprint()),
        Digest(sha256(certificate(fifth).public_key())),
    );
    fs::write(house.path("fleet.csv"), csv).unwrap();
    let (fleet, list) = (house.text("fleet"), house.text("fleet.csv"));
    let import = ["device", "import", &fleet, &list, "--authority", "b"];
    let told = house.json(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(
        (&told["new"], &told["written"]),
        (&5.into(), &false.into()),
        "{told}"
    );
    assert_eq!(devices(&house), [""; 0]);
    let told = house.ok(&import);
    assert_eq!(
        told,
        "imported 5 new devices; 0 are known already, 0 are refused\n"
    );
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    for name in names {
        assert_eq!(poll(&house, name, &url), came_in(), "{name}");
    }
    let told = house.ok(&import);
    assert_eq!(
        told,
        "imported 0 new devices; 5 are known already, 0 are refused\n"
    );
    line.device("d1").install(&house, "other");
    assert_eq!(poll(&house, "other", &url), refused("other-key"));

    // The board was replaced: an operator says so.
    let key = KeyPair::generate().unwrap();
    let new = line.device_with("d1", &key, |_| {});
    fs::write(house.path("new.pem"), &new.chain).unwrap();
    new.install(&house, "new");
    house.ok(&[
        "device",
        "repin",
        "b/d1",
        "--certificate",
        &house.text("new.pem"),
    ]);
    assert_eq!(poll(&house, "new", &url), came_in());
    assert!(crate::harness::ask(&house.path("d1"), &[&url]).is_err());
    let public = pem::encode("PUBLIC KEY", certificate(fifth).public_key());
    fs::write(house.path("public.pem"), public).unwrap();
    house.ok(&[
        "device",
        "repin",
        "b/d2",
        "--key",
        &house.text("public.pem"),
    ]);
    fs::write(house.path("private.pem"), &fifth.key).unwrap();
    let told = house.fails(&[
        "device",
        "repin",
        "b/d2",
        "--key",
        &house.text("private.pem"),
    ]);
    assert!(told.contains("private key"), "{told}");
}

#[test]
fn what_is_wrong_in_an_import_is_told_and_nothing_is_half_done() {
    let (house, b) = (house(), Other::root("B"));
    b.register(&house, "known", &[]);
    let good = b.device("good");
    put(&house, "fleet", "good.pem", &good.chain);
    put(&house, "fleet", "cut.pem", &good.chain[..200]);
    put(
        &house,
        "fleet",
        "stranger.pem",
        &Other::root("C").device("bad").chain,
    );
    put(&house, "fleet", "list.csv", "id,pin\nx,12\n");
    put(&house, "fleet", "odd.csv", "id,pin,prodcut\n");
    let import = |more: &[&str]| {
        let fleet = house.text("fleet");
        let args = ["device", "import", &fleet, "--authority", "b"];
        [&args[..], more]
            .concat()
            .iter()
            .map(|&arg| arg.to_owned())
            .collect::<Vec<_>>()
    };
    let run = |args: Vec<String>| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        crate::harness::run(&mut house.command(&args))
    };
    for more in [&[][..], &["--dry-run"]] {
        let output = run(import(more));
        assert!(!output.status.success());
        let table = String::from_utf8(output.stdout).unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        for (file, reason) in [
            ("cut.pem", "cut short"),
            (
                "stranger.pem",
                "`b` did not issue its certificate, but `CN=C`",
            ),
            ("list.csv line 2", "no SHA-256"),
            ("odd.csv", "column `prodcut`"),
        ] {
            let found = table.lines().find(|line| line.contains(file));
            assert!(
                found.is_some_and(|line| line.contains(reason)),
                "{file}: {table}"
            );
        }
        assert!(table.contains("would import 1 new devices"), "{table}");
        assert!(error.contains("4 of 5"), "{error}");
        assert_eq!(devices(&house), [""; 0]);
    }
    let output = run(import(&["--skip-bad"]));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(devices(&house), ["b/good"]);
    let told = house.fails(&["device", "import", &house.text("fleet"), "--authority", "c"]);
    assert!(told.contains("unknown-authority"), "{told}");
    let told = house.fails(&["device", "import", &house.text("none"), "--authority", "b"]);
    assert!(told.contains("1 of 1"), "{told}");
}
