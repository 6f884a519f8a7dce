//! Issuing authorities are replaced under a running fleet: nobody is lost.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use super::{OPENSSL, authority, openssl, state, verifies};
use crate::harness::{House, image, need, run, wait_until};

const NODES: [&str; 5] = [
    "7cdfa1000001",
    "7cdfa1000002",
    "7cdfa1000003",
    "7cdfa1000004",
    "7cdfa1000005",
];

/// A virtual ESP32 that checks in for ever; it ends with its handle.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(house: &House, folder: &str) -> Node {
    let log = fs::File::create(house.path(&format!("{folder}.log"))).unwrap();
    let factory = house.text("factory.bin");
    let args = [
        "--json",
        "node",
        "run",
        "--every",
        "1",
        "--image",
        &factory,
        &house.text(folder),
    ];
    let mut command = house.command(&args);
    command.stdout(log).stderr(Stdio::null());
    Node(command.spawn().unwrap())
}

/// What every device of the fleet runs.
fn running(house: &House) -> Vec<String> {
    let all = house.json(&["device", "list"]);
    let version =
        |one: &serde_json::Value| one["running"]["version"].as_str().unwrap_or("-").to_owned();
    all.as_array().unwrap().iter().map(version).collect()
}

/// The issuer of the first certificate that a plane shows.
fn shown(house: &House, address: &str) -> String {
    let mut command = Command::new("openssl");
    command.args([
        "s_client",
        "-connect",
        address,
        "-servername",
        "localhost",
        "-CAfile",
    ]);
    command.arg(house.state().join("authorities/server-root.pem"));
    let output = run(command.stdin(Stdio::null()));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = told.lines().find(|line| line.starts_with("issuer="));
    line.unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[test]
fn five_nodes_live_through_the_replacement_of_both_authorities() {
    if !need("ca_replace", "openssl", OPENSSL) {
        return;
    }
    let house = House::new();
    fs::write(house.path("factory.bin"), image("1.0.0").bytes).unwrap();
    let server = house.serve();
    for id in NODES {
        house.enroll_as(id, id);
    }
    let before: Vec<String> = ["device", "server"]
        .map(|kind| {
            fs::read_to_string(state(&house, &format!("authorities/{kind}-issuing.pem"))).unwrap()
        })
        .into();
    let nodes: Vec<Node> = NODES.iter().map(|id| start(&house, id)).collect();
    let all_run =
        |version: &str| wait_until_long(|| running(&house).iter().all(|runs| runs == version));
    assert!(all_run("1.0.0"), "{:?}\n{}", running(&house), server.log());
    let (shown_before, serial_before) = (
        shown(&house, server.device_address()),
        authority(&house, "server-issuing"),
    );

    for kind in ["device", "server"] {
        let told = house.json(&["ca", "replace", kind]);
        assert_eq!(told["superseded"], format!("{kind}-issuing.1"));
    }
    // The server's own certificate follows by itself.
    let shows_another = || shown(&house, server.device_address()).contains("server issuing 2");
    assert!(wait_until_long(shows_another), "{shown_before}");
    assert_eq!(
        authority(&house, "server-issuing.1")["serial"],
        serial_before["serial"]
    );

    // New ones chain to the new one, old ones to the old one, and all verify.
    house.enroll_as("7cdfa1000009", "new");
    verifies(&house, "device-root", &house.text("new/device.pem"));
    verifies(&house, "server-root", &state(&house, "server/server.pem"));
    for id in NODES {
        verifies(
            &house,
            "device-root",
            &house.text(&format!("{id}/device.pem")),
        );
    }
    let issuing = |file: &str| openssl(&["x509", "-noout", "-issuer", "-in", file]).1;
    assert!(issuing(&house.text("new/device.pem")).contains("device issuing 2"));
    assert!(!issuing(&house.text(&format!("{}/device.pem", NODES[0]))).contains("issuing 2"));

    // All of them update afterwards, over new handshakes with the new server's certificate, and so does the new one.
    let (_new, published) = (start(&house, "new"), image("1.1.0"));
    house.publish(&published, 1);
    assert!(all_run("1.1.0"), "{:?}\n{}", running(&house), server.log());
    let refused = house.json(&["device", "list"]);
    for one in refused.as_array().unwrap() {
        assert_eq!(one["state"], "active");
        let shown = house.json(&["device", "show", one["id"].as_str().unwrap()]);
        assert!(shown["refusals"].is_null(), "{shown}");
    }
    drop(nodes);

    // The old one is kept, and signs its CRL; a server that starts again knows them all.
    server.stop();
    for (kind, text) in ["device", "server"].iter().zip(&before) {
        let kept = fs::read_to_string(state(&house, &format!("authorities/{kind}-issuing.1.pem")))
            .unwrap();
        assert_eq!(kept, *text);
    }
    house.ok(&["device", "revoke", NODES[0]]);
    house.ok(&["device", "revoke", "7cdfa1000009"]);
    let server = house.serve();
    house.ok(&["ca", "crl"]);
    for (folder, crl) in [(NODES[0], "device-issuing.1"), ("new", "device-issuing")] {
        let chain = house.text(&format!("{folder}/device.pem"));
        let (good, told) = openssl(&[
            "verify",
            "-crl_check",
            "-CAfile",
            &state(&house, "authorities/device-root.pem"),
            "-CRLfile",
            &state(&house, &format!("crl/{crl}.pem")),
            "-untrusted",
            &chain,
            &chain,
        ]);
        assert!(
            !good && told.contains("certificate revoked"),
            "{crl}: {told}"
        );
    }
    // Once more, so that there are two behind it.
    assert_eq!(
        house.json(&["ca", "replace", "device"])["superseded"],
        "device-issuing.2"
    );
    assert!(
        authority(&house, "device-issuing")["subject"]
            .as_str()
            .unwrap()
            .ends_with("device issuing 3")
    );
    server.stop();
}

/// Five programs on a machine that does other things too.
fn wait_until_long(mut is_so: impl FnMut() -> bool) -> bool {
    (0..12).any(|_| wait_until(&mut is_so))
}

#[test]
fn what_is_brought_for_a_replacement_and_is_wrong_changes_nothing() {
    let house = House::new();
    let names = || {
        let mut names: Vec<_> = fs::read_dir(house.state().join("authorities"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let before = names();
    let root = state(&house, "authorities/server-root.key");
    for (args, said) in [
        (&["--root-key", &*root][..], "is not the key of device-root"),
        (&["--root-key", "/nowhere/root.key"], "/nowhere/root.key"),
        (&["--certificate", "/nowhere/new.pem"], "/nowhere/new.pem"),
    ] {
        let told = house.fails(&[&["ca", "replace", "device"], args].concat());
        assert!(told.contains(said), "{told}");
    }
    let told = house.fails(&["ca", "replace", "device", "--key", "/a/file.key"]);
    assert!(told.contains("is no PKCS#11 URI"), "{told}");
    assert_eq!(names(), before);
    // The request of yesterday is that of today, as long as nothing came of it.
    let (one, two) = (house.text("one.csr"), house.text("two.csr"));
    for file in [&one, &two] {
        house.ok(&["ca", "replace", "device", "--request", file]);
    }
    let key = |file: &str| openssl(&["req", "-noout", "-pubkey", "-in", file]).1;
    assert_eq!(key(&one), key(&two));
    house.ok(&["ca", "replace", "device"]);
    assert!(
        !names().iter().any(|name| name.contains("next")),
        "{:?}",
        names()
    );
}
