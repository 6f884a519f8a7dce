//! What becomes of a bundle.

use std::fs;

use serde_json::Value;

use super::ground::{Ca, Identity, openssl, write};
use crate::harness::{House, need, run};

/// Runs the check: its exit code, and what it said.
fn check(house: &House, args: &[&str]) -> (i32, Value) {
    let mut all = vec!["--json", "trust", "check"];
    let lock = house.text("trust/trust.lock");
    all.push(&lock);
    all.extend(args);
    let output = run(&mut house.command(&all));
    let said = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), said)
}

/// The check with a server that sends this.
fn check_with(house: &House, identity: &Identity, more: &[&str]) -> (i32, Value) {
    let server = openssl(house, "now", identity);
    let connect = format!("api.example={}", server.address);
    let mut args = vec!["--connect", &connect];
    args.extend(more);
    check(house, &args)
}

fn bundle(house: &House, root: &Ca, identity: &Identity) {
    let server = openssl(house, "then", identity);
    let pem = write(house, "root.pem", &root.root);
    let connect = format!("api.example={}", server.address);
    let out = house.text("trust");
    house.ok(&[
        "trust",
        "bundle",
        "--pem",
        &pem,
        "--host",
        "api.example",
        "--connect",
        &connect,
        "--idf",
        "v5.3",
        "v5.5",
        "--out",
        &out,
    ]);
}

#[test]
fn each_exit_code_says_what_became_of_a_server() {
    if !need("trust_check", "openssl", "apt-get install openssl") {
        return;
    }
    let house = House::empty();
    let [root, first, second, stranger] = ["Root", "First", "Second", "Stranger"].map(Ca::new);
    let [by_first, by_second] = [first.by(&root), second.by(&root)];
    bundle(&house, &root, &first.server("api.example", &[&by_first]));

    // Nothing but the server's own certificate is new: it was renewed.
    let (code, said) = check_with(&house, &first.server("api.example", &[&by_first]), &[]);
    assert_eq!((code, &said["level"]), (0, &Value::from("fine")), "{said}");
    // Another intermediate under the same root.
    let (code, said) = check_with(&house, &second.server("api.example", &[&by_second]), &[]);
    assert_eq!(
        (code, &said["level"]),
        (3, &Value::from("change")),
        "{said}"
    );
    assert!(
        said["findings"][0]["what"]
            .as_str()
            .unwrap()
            .contains("CN=Second"),
        "{said}"
    );
    // The root ends within the days that are asked about.
    let (code, said) = check_with(
        &house,
        &first.server("api.example", &[&by_first]),
        &["--days", "20000"],
    );
    assert_eq!(
        (code, &said["level"]),
        (4, &Value::from("warning")),
        "{said}"
    );
    // Another root, the intermediate forgotten, another name: no device would go on.
    for identity in [
        stranger.server("api.example", &[]),
        first.server("api.example", &[]),
        first.server("other.example", &[&by_first]),
    ] {
        let (code, said) = check_with(&house, &identity, &[]);
        assert_eq!((code, &said["level"]), (5, &Value::from("alarm")), "{said}");
        let what = said["findings"][0]["what"].as_str().unwrap();
        assert!(
            what.contains("ESP-IDF v5.3 v5.5 would refuse api.example"),
            "{what}"
        );
    }
    // Nobody there: it is not known. A warning does not hide that.
    let (code, said) = check(
        &house,
        &["--connect", "api.example=127.0.0.1:1", "--days", "20000"],
    );
    assert_eq!(
        (code, &said["level"]),
        (1, &Value::from("unknown")),
        "{said}"
    );
    // Without a network, what was seen then.
    let (code, _) = check(&house, &["--offline"]);
    assert_eq!(code, 0);
    // A word that is no option.
    let output = run(&mut house.command(&["trust", "check", "--dais", "3"]));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_missing_successor_and_a_date_of_distrust_are_warnings() {
    let house = House::empty();
    let out = house.text("trust");
    house.ok(&[
        "trust",
        "bundle",
        "--only",
        "DigiCert Global Root CA",
        "--idf",
        "v5.5",
        "--out",
        &out,
    ]);
    // A bundle without hosts is checked for those that are named.
    let stranger = Ca::new("Stranger").server("api.example", &[]);
    let chain = write(&house, "chain.pem", &stranger.chain);
    let (code, said) = check(&house, &["--chain", &chain]);
    assert_eq!(code, 5, "{said}");
    let findings = said["findings"].as_array().unwrap();
    let warnings: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["level"] == "warning")
        .map(|finding| finding["what"].as_str().unwrap())
        .collect();
    assert!(
        warnings
            .iter()
            .any(|what| what.contains("succeeded by DigiCert Global Root G2")),
        "{said}"
    );
    let stderr = house.fails(&["trust", "check", &format!("{out}/trust.lock")]);
    assert!(stderr.contains("knows no hosts"), "{stderr}");
}

#[test]
fn a_lock_file_that_was_changed_is_not_believed() {
    let house = House::empty();
    let root = Ca::new("Root");
    let chain = write(&house, "chain.pem", root.server("api.example", &[]).chain);
    let pem = write(&house, "root.pem", &root.root);
    let out = house.text("trust");
    house.ok(&[
        "trust", "bundle", "--pem", &pem, "--chain", &chain, "--idf", "v5.5", "--out", &out,
    ]);
    let path = house.path("trust/trust.lock");
    let text = fs::read_to_string(&path).unwrap();
    let other = Ca::new("Root").root;
    let body = |pem: &str| pem.lines().nth(3).unwrap().to_owned();
    for (bad, part) in [
        (
            text.replace(&body(&root.root), &body(&other)),
            "another SHA-256",
        ),
        (text.replace("version = 1", "version = 2"), "version 2"),
        (text.replace("[[seen]]", "[[sehn]]"), "unknown field"),
        (text.replace("idf = \"v5.5\"", "idf = \"v9.9\""), "v9.9"),
        (text[..text.len() / 2].to_owned(), "trust.lock"),
        (String::new(), "trust.lock"),
    ] {
        fs::write(&path, bad).unwrap();
        let stderr = house.fails(&["trust", "check", path.to_str().unwrap(), "--offline"]);
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

#[test]
fn the_metrics_are_such_as_prometheus_reads() {
    let house = House::empty();
    let [root, stranger] = ["Ro\"ot\\", "Stranger"].map(Ca::new);
    let good = write(&house, "good.pem", root.server("api.example", &[]).chain);
    let pem = write(&house, "root.pem", &root.root);
    let out = house.text("trust");
    house.ok(&[
        "trust", "bundle", "--pem", &pem, "--chain", &good, "--idf", "v5.3", "v5.5", "--out", &out,
    ]);
    let bad = write(&house, "bad.pem", stranger.server("b.example", &[]).chain);
    let file = house.text("countersign.prom");
    let lock = format!("{out}/trust.lock");
    let args = [
        "trust",
        "check",
        &lock,
        "--chain",
        &good,
        &bad,
        "--prometheus",
        &file,
    ];
    let output = run(&mut house.command(&args));
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let text = fs::read_to_string(&file).unwrap();
    for line in [
        "countersign_trust_check_exit_code 5",
        "countersign_trust_host_answered{host=\"api.example\"} 1",
        "countersign_trust_host_verifies{host=\"api.example\",idf=\"v5.3\"} 1",
        "countersign_trust_host_verifies{host=\"b.example\",idf=\"v5.5\"} 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
    assert!(text.contains("root=\"Ro\\\"ot\\\\\""), "{text}");
    assert!(text.ends_with('\n'));
    // HELP and TYPE stand once before each metric, and its samples together.
    let mut known = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(help) = lines.next() {
        let name = help
            .strip_prefix("# HELP ")
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        assert!(
            name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'),
            "{name}"
        );
        assert_eq!(lines.next().unwrap(), format!("# TYPE {name} gauge"));
        assert!(!known.contains(&name), "{name}");
        known.push(name);
        let mut samples = 0;
        while let Some(sample) = lines.next_if(|line| !line.starts_with('#')) {
            let (labelled, value) = sample.rsplit_once(' ').unwrap();
            assert_eq!(labelled.split('{').next(), Some(name));
            value.parse::<u64>().unwrap();
            samples += 1;
        }
        assert!(samples > 0, "{name}");
    }
    // To stdout, nothing else is there.
    let output =
        run(&mut house.command(&["trust", "check", &lock, "--offline", "--prometheus", "-"]));
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.starts_with(b"# HELP"));
}
