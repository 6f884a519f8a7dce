//! Servers of openssl, good and otherwise, and what is said of them.

use std::fs;

use rcgen::date_time_ymd;
use serde_json::Value;

use super::{
    servers::{openssl, shows},
    trust,
};
use crate::harness::{House, ca::Ca, need, run};

const INSTALL: &str = "apt-get install openssl";

/// A root, an issuing CA under it, and a folder with the root as `root.pem`.
struct Scene {
    house: House,
    root: Ca,
    issuing: Ca,
}

impl Scene {
    fn new() -> Self {
        let (house, root) = (House::empty(), Ca::root("a root"));
        fs::write(house.path("root.pem"), &root.pem).unwrap();
        Self {
            house,
            root,
            issuing: Ca::root("an issuing CA"),
        }
    }

    /// Asks the program as `localhost` with the root; gives whether it verifies, and the target's report.
    fn inspect(&self, address: &str, more: &[&str]) -> (bool, Value) {
        let root = self.house.text("root.pem");
        let mut args = vec!["inspect", "--json", "--roots", &root, "--connect", address];
        args.extend(more);
        if !more.iter().any(|one| one.contains("test")) {
            args.push("localhost");
        }
        let said = trust(&self.house, &args);
        let report = said.json();
        assert_eq!(report["verified"], said.verified);
        (said.verified, report["targets"][0].clone())
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect()
}

/// The rows of the user's own roots.
fn own(target: &Value) -> Vec<&Value> {
    let rows = target["chains"][0]["devices"]["rows"].as_array().unwrap();
    rows.iter().filter(|row| row["bundle"] == "own").collect()
}

#[test]
fn a_good_chain_verifies_and_every_device_with_its_root_accepts() {
    if !need("trust_inspect_good", "openssl", INSTALL) {
        return;
    }
    let scene = Scene::new();
    let leaf = scene
        .issuing
        .leaf(&["localhost", "*.localhost", "127.0.0.1"]);
    let behind = [scene.issuing.under(&scene.root)];
    let server = openssl(&scene.house, &leaf, &behind, &[]);
    let (verified, target) = scene.inspect(&server.address, &[]);
    assert!(verified, "{target:#}");
    let address = &target["addresses"][0];
    assert_eq!(address["address"], server.address);
    assert_eq!(
        (&address["tls"], &address["key_proved"]),
        (&"1.2".into(), &true.into())
    );
    let chain = &target["chains"][0];
    assert_eq!(chain["paths"][0]["over"], serde_json::json!([0, 1]));
    assert_eq!(chain["paths"][0]["name"], "a root");
    assert_eq!(chain["certificates"][0]["matches"]["rule"], "exact");
    assert_eq!(chain["certificates"][1]["place"], "needed");
    assert_eq!(texts(&chain["notes"]), [""; 0]);
    let own = own(&target);
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["why"], "a root");

    // By its address it is another name, and older devices do not read those.
    let (_, target) = scene.inspect(&server.address, &["--sni", "127.0.0.1"]);
    assert_eq!(
        target["chains"][0]["certificates"][0]["matches"]["rule"],
        "address"
    );
    let (verified, target) = scene.inspect(&server.address, &["a.localhost.test"]);
    assert!(!verified, "{target:#}");

    // In text, and in a file for others.
    let out = scene.house.text("out.pem");
    let root = scene.house.text("root.pem");
    let args = ["inspect", "--roots", &root, "--showcerts", "--pem", &out];
    let said = trust(
        &scene.house,
        &[&args[..], &[&server.address, "--sni", "localhost"]].concat(),
    );
    for part in [
        "0 a server, by an issuing CA",
        "└─ 1 an issuing CA, by a root",
        "root a root: trusted",
        "localhost, exactly",
        "accept, by a root",
        "-----BEGIN CERTIFICATE-----",
    ] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    let written = fs::read_to_string(&out).unwrap();
    assert_eq!(written.matches("BEGIN CERTIFICATE").count(), 3);
    assert!(written.contains("# root: a root\n"), "{written}");
    let read = countersign_x509::pem::blocks(written.as_bytes(), "CERTIFICATE").unwrap();
    assert_eq!(read, [leaf.der, behind[0].clone(), scene.root.der.clone()]);
}

#[test]
fn a_missing_intermediate_is_named_and_is_the_servers_to_mend() {
    if !need("trust_inspect_missing", "openssl", INSTALL) {
        return;
    }
    let scene = Scene::new();
    let leaf = scene.issuing.leaf(&["localhost"]);
    let server = openssl(&scene.house, &leaf, &[], &[]);
    let (verified, target) = scene.inspect(&server.address, &[]);
    assert!(!verified);
    let chain = &target["chains"][0];
    assert_eq!(chain["paths"][0]["end"], "missing");
    assert_eq!(chain["paths"][0]["name"], "an issuing CA");
    assert!(texts(&chain["faults"])[0].contains("neither sent nor among the roots"));
    assert!(texts(&chain["notes"])[0].contains("should send the issuer of certificate 0"));
    assert_eq!(own(&target)[0]["accepted"], false);
}

#[test]
fn a_surplus_cross_certificate_is_told_and_dropping_it_mends() {
    if !need("trust_inspect_surplus", "openssl", INSTALL) {
        return;
    }
    let scene = Scene::new();
    let older = Ca::root("an older root");
    let leaf = scene.issuing.leaf(&["localhost"]);
    let behind = [scene.issuing.under(&scene.root), scene.root.under(&older)];
    let server = openssl(&scene.house, &leaf, &behind, &[]);
    // A browser is content, so nothing is wrong with it; a device is not.
    let (verified, target) = scene.inspect(&server.address, &["--idf", "v5.5"]);
    assert!(!verified);
    let chain = &target["chains"][0];
    assert_eq!(texts(&chain["faults"]), [""; 0]);
    assert_eq!(chain["paths"].as_array().unwrap().len(), 2);
    assert_eq!(
        chain["certificates"][2]["place"],
        "surplus cross-certificate"
    );
    let row = own(&target)[0];
    assert_eq!(row["accepted"], false);
    assert_eq!(
        texts(&row["mends"]),
        ["on the server: drop certificate 2, the surplus cross-certificate"]
    );
    let server = openssl(&scene.house, &leaf, &behind[..1], &[]);
    assert!(scene.inspect(&server.address, &["--idf", "v5.5"]).0);
}

#[test]
fn an_expired_leaf_fails_where_dates_are_looked_at() {
    if !need("trust_inspect_expired", "openssl", INSTALL) {
        return;
    }
    let scene = Scene::new();
    let leaf = scene.root.leaf_with(&["localhost"], |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let server = openssl(&scene.house, &leaf, &[], &[]);
    let (verified, target) = scene.inspect(&server.address, &[]);
    assert!(!verified);
    let chain = &target["chains"][0];
    assert!(texts(&chain["faults"])[0].contains("has ended, on 2021-01-01"));
    assert!(chain["certificates"][0]["days_left"].as_i64().unwrap() < -1000);
    // A device does not look, unless its build says so.
    assert_eq!(own(&target)[0]["accepted"], true);
    let clock = ["--clock", "2026-11-23T00:00:00Z"];
    let (_, target) = scene.inspect(&server.address, &clock);
    assert!(own(&target).iter().all(|row| row["accepted"] == false));
    let (verified, _) = scene.inspect(&server.address, &["--clock", "2020-06-01T00:00:00Z"]);
    assert!(verified);
}

#[test]
fn a_wrong_name_is_told_with_those_that_are_there() {
    if !need("trust_inspect_name", "openssl", INSTALL) {
        return;
    }
    let scene = Scene::new();
    let leaf = scene.root.leaf(&["ota.test", "*.ota.test"]);
    let server = openssl(&scene.house, &leaf, &[], &[]);
    let (verified, target) = scene.inspect(&server.address, &[]);
    assert!(!verified);
    let chain = &target["chains"][0];
    assert_eq!(
        texts(&chain["faults"]),
        ["the server's certificate is not for localhost"]
    );
    let why = own(&target)[0]["why"].as_str().unwrap();
    assert!(why.contains("ota.test"), "{why}");
    assert_eq!(
        chain["certificates"][0]["names"][0]["names"][0],
        "[*.]ota.test"
    );
    let (verified, target) = scene.inspect(&server.address, &["a.ota.test"]);
    assert!(verified, "{target:#}");
    assert_eq!(
        target["chains"][0]["certificates"][0]["matches"]["rule"],
        "wildcard"
    );
}

#[test]
fn a_server_that_wants_a_client_certificate_says_of_whom() {
    if !need("trust_inspect_mtls", "openssl", INSTALL) {
        return;
    }
    let scene = Scene::new();
    let leaf = scene.root.leaf(&["localhost"]);
    let devices = Ca::root("a device root");
    let cas = scene.house.path("devices.pem");
    fs::write(&cas, &devices.pem).unwrap();
    let device = devices.leaf_with(&[], |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    let (cert, key) = (scene.house.text("d.pem"), scene.house.text("d.key"));
    fs::write(&cert, &device.pem).unwrap();
    fs::write(&key, device.key.serialize_pem()).unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let options = ["-Verify", "1", "-verify_return_error", version, "-CAfile"];
        let options = [&options[..], &[cas.to_str().unwrap()]].concat();
        let server = openssl(&scene.house, &leaf, &[], &options);
        let (verified, target) = scene.inspect(&server.address, &[]);
        // It was asked for its chain, and that is good, with a certificate or without.
        assert!(verified, "{target:#}");
        let client = &target["addresses"][0]["client_certificate"];
        assert_eq!(texts(&client["authorities"]), ["CN=a device root"]);
        assert_eq!(client["shown"], false);
        assert!(client["refused"].is_string(), "{client}");

        let identity = ["--cert", &cert, "--key", &key];
        let (verified, target) = scene.inspect(&server.address, &identity);
        assert!(verified, "{target:#}");
        let client = &target["addresses"][0]["client_certificate"];
        assert_eq!(
            (&client["shown"], &client["refused"]),
            (&true.into(), &Value::Null)
        );
    }
    // Two halves that do not belong together.
    let said = trust(
        &scene.house,
        &[
            "inspect",
            "--cert",
            &cert,
            "--key",
            &scene.house.text("server.key"),
            "localhost",
        ],
    );
    assert!(
        said.stderr.contains("not that of the first certificate"),
        "{}",
        said.stderr
    );
}

#[test]
fn what_openssl_prints_is_read_from_stdin() {
    if !need("trust_inspect_stdin", "openssl", INSTALL) {
        return;
    }
    let scene = Scene::new();
    let leaf = scene.issuing.leaf(&["localhost"]);
    let behind = [scene.issuing.under(&scene.root)];
    let server = openssl(&scene.house, &leaf, &behind, &[]);
    let program = env!("CARGO_BIN_EXE_countersign");
    let script = "openssl s_client -connect \"$1\" -showcerts </dev/null 2>&1 | \"$0\" --json trust inspect - --roots \"$2\" --host localhost";
    let output = run(std::process::Command::new("sh")
        .args(["-c", script, program, &server.address])
        .arg(scene.house.path("root.pem")));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    // By a name that stands for a pipe it is the same.
    let again = script.replace("inspect -", "inspect /dev/stdin");
    let output = run(std::process::Command::new("sh")
        .args(["-c", &again, program, &server.address])
        .arg(scene.house.path("root.pem")));
    assert!(output.status.success(), "{output:?}");
    let sent = report["targets"][0]["chains"][0]["certificates"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(sent, 2);
}

#[test]
fn several_servers_are_asked_at_once_and_their_addresses_compared() {
    let scene = Scene::new();
    let leaf = scene.root.leaf(&["localhost", "127.0.0.1"]);
    let one = shows(&leaf, vec![leaf.der.clone()]);
    let other = shows(&leaf, vec![leaf.der.clone(), scene.root.der.clone()]);
    let root = scene.house.text("root.pem");
    let said = trust(
        &scene.house,
        &[
            "inspect", "--json", "--roots", &root, "--idf", "v5.5", &one, &other,
        ],
    );
    let report = said.json();
    assert!(said.verified, "{report:#}");
    let places: Vec<&Value> = report["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| &target["target"])
        .collect();
    assert_eq!(places, [&one, &other]);
    let second = &report["targets"][1]["chains"][0]["certificates"][1];
    assert_eq!(second["place"], "root");
    let said = trust(
        &scene.house,
        &["inspect", "--roots", &root, "--idf", "v5.5", &one, &other],
    );
    assert!(said.stdout.contains("SERVER"), "{}", said.stdout);
}

#[test]
fn a_pre_signed_url_is_asked_for_its_host_and_its_query_is_never_shown() {
    let scene = Scene::new();
    let leaf = scene.root.leaf(&["127.0.0.1"]);
    let address = shows(&leaf, vec![leaf.der.clone()]);
    let url =
        format!("https://user:secret1@{address}/bucket/secret2?X-Amz-Signature=secret3#secret4");
    let root = scene.house.text("root.pem");
    let wrong = url.replace("https", "http");
    for args in [
        vec!["inspect", "--roots", &root, "--idf", "v5.5", &url],
        vec!["inspect", "--json", "--roots", &root, "--idf", "v5.5", &url],
        vec!["inspect", &wrong],
    ] {
        let said = trust(&scene.house, &args);
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(!all.contains("secret"), "{all}");
        assert_eq!(said.verified, args.len() > 2, "{all}");
    }
}
