//! What is refused, with nothing written.

use std::fs;

use super::ground::{Ca, write};
use crate::harness::{House, run};

/// Refused in words that hold all parts, and no folder is left.
fn refused(house: &House, args: &[&str], parts: &[&str]) {
    let out = house.text("out");
    let mut all = vec!["trust", "bundle", "--out", &out];
    all.extend(args);
    let stderr = house.fails(&all);
    for part in parts {
        assert!(stderr.contains(part), "{args:?}: no `{part}` in {stderr}");
    }
    assert!(!house.path("out").exists(), "{args:?}");
    let left = fs::read_dir(house.path("")).unwrap();
    let hidden = |name: &str| name.starts_with('.');
    assert!(
        left.map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .all(|name| !hidden(&name))
    );
}

#[test]
fn leaves_and_intermediates_are_not_pinned_unasked() {
    let house = House::empty();
    let [root, middle] = ["Root", "Middle"].map(Ca::new);
    let by = middle.by(&root);
    let chain = write(
        &house,
        "chain.pem",
        middle.server("a.example", &[&by]).chain,
    );
    let between = write(&house, "middle.pem", &by);
    refused(
        &house,
        &["--pem", &chain, "--idf", "v5.5"],
        &["a.example", "not put in", "next renewal", "--allow-pin"],
    );
    refused(
        &house,
        &["--pem", &between, "--idf", "v5.5"],
        &["Middle", "without notice", "--allow-pin"],
    );
    let out = house.text("pinned");
    house.ok(&[
        "trust",
        "bundle",
        "--pem",
        &between,
        "--allow-pin",
        "--idf",
        "v5.5",
        "--out",
        &out,
    ]);
}

#[test]
fn a_host_that_a_device_would_refuse_is_named_with_release_reason_and_advice() {
    let house = House::empty();
    let root = Ca::new("Private Root");
    let chain = write(&house, "chain.pem", root.server("a.example", &[]).chain);
    let args = ["--chain", &chain, "--idf", "v5.3", "v5.5"];
    refused(
        &house,
        &args,
        &["v5.3", "a.example", "Private Root", "--pem"],
    );
    let pem = write(&house, "root.pem", &root.root);
    let other = format!("b.example={chain}");
    let args = ["--chain", &other, "--pem", &pem, "--idf", "v5.3..v5.3.2"];
    refused(
        &house,
        &args,
        &["v5.3", "b.example", "a.example, not for b.example"],
    );
    // Named roots alone, which do not do it: each release is in the proof.
    let args = [
        "--chain",
        &chain,
        "--only",
        "ISRG Root X1",
        "--idf",
        "v5.3",
        "v5.5",
    ];
    refused(&house, &args, &["ESP-IDF v5.3 v5.5 would refuse a.example"]);
}

#[test]
fn a_host_that_does_not_answer_is_named() {
    let house = House::empty();
    // Nothing listens on port 1 of loopback.
    refused(
        &house,
        &["--host", "127.0.0.1:1", "--idf", "v5.5"],
        &["127.0.0.1:1", "nothing listens"],
    );
    refused(
        &house,
        &["--host", "http://a.example/x?secret=1", "--idf", "v5.5"],
        &["plain http"],
    );
    let stderr = house.fails(&[
        "trust",
        "bundle",
        "--host",
        "https://a b/?secret=1",
        "--idf",
        "v5.5",
        "--out",
        "x",
    ]);
    assert!(!stderr.contains("secret"), "{stderr}");
}

#[test]
fn bad_files_and_words_are_named() {
    let house = House::empty();
    let root = Ca::new("Root");
    let good = write(&house, "root.pem", &root.root);
    let [empty, key, cut, noise, huge] = [
        ("empty.pem", Vec::new()),
        (
            "key.pem",
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(),
        ),
        ("cut.pem", root.root.as_bytes()[..200].to_vec()),
        ("noise.der", vec![0x30; 300]),
        ("huge.pem", vec![b'x'; 17 << 20]),
    ]
    .map(|(name, bytes)| write(&house, name, bytes));
    let folder = house.text("none");
    fs::create_dir(&folder).unwrap();
    let pem =
        |file: &str, part: &str| refused(&house, &["--pem", file, "--idf", "v5.5"], &[file, part]);
    pem(&empty, "empty");
    pem(&key, "private key");
    pem(&cut, "block 1");
    pem(&noise, "byte");
    pem(&huge, "more than any list");
    pem(&folder, "no certificates");
    pem("missing.pem", "cannot be read");
    for (idf, part) in [
        ("v5.99", "v5.99"),
        ("5", "no release of ESP-IDF"),
        ("v6.0..v5.0", "no release"),
    ] {
        refused(&house, &["--pem", &good, "--idf", idf], &[part]);
    }
    refused(&house, &["--pem", &good], &["for which ESP-IDF"]);
    refused(&house, &["--idf", "v5.5"], &["nothing to put in"]);
    refused(
        &house,
        &["--only", "ISRG Root X9", "--idf", "v5.5"],
        &["ISRG Root X9", "did you mean ISRG Root X1, ISRG Root X2?"],
    );
    refused(
        &house,
        &["--only", "Nobody", "--idf", "v5.5"],
        &["Nobody", "trust roots --json"],
    );
    refused(
        &house,
        &["--only", "isrg", "--idf", "v5.5"],
        &["did you mean ISRG Root X1"],
    );
    refused(
        &house,
        &[
            "--pem",
            &good,
            "--roots",
            &empty,
            "--host",
            "a.example",
            "--chain",
            &good,
            "--idf",
            "v5.5",
        ],
        &["empty.pem"],
    );
    let config = write(&house, "trust.toml", "idf = [\"v5.5\"]\nhost = [\"a\"]\n");
    refused(
        &house,
        &["--config", &config],
        &["trust.toml", "unknown field `host`"],
    );
}

#[test]
fn a_folder_of_others_is_left_alone() {
    let house = House::empty();
    let pem = write(&house, "root.pem", Ca::new("Root").root);
    let out = house.text("main");
    fs::create_dir(&out).unwrap();
    fs::write(house.path("main/sdkconfig.defaults"), "CONFIG_X=y\n").unwrap();
    let args = [
        "trust", "bundle", "--pem", &pem, "--idf", "v5.5", "--out", &out,
    ];
    assert!(house.fails(&args).contains("not from here"));
    fs::write(house.path("main/trust.lock"), "something else").unwrap();
    assert!(house.fails(&args).contains("was not made here"));
    assert_eq!(
        fs::read(house.path("main/sdkconfig.defaults")).unwrap(),
        b"CONFIG_X=y\n"
    );
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
}

#[test]
fn a_private_key_is_never_copied_out() {
    let house = House::empty();
    let secret = "MIGHAgEAMBMGByqGSM49";
    let both = format!(
        "-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n{}",
        Ca::new("Root").root
    );
    let pem = write(&house, "both.pem", both);
    let out = house.text("out");
    house.ok(&[
        "trust", "bundle", "--pem", &pem, "--idf", "v5.5", "--out", &out,
    ]);
    for entry in fs::read_dir(&out).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("PRIVATE"));
        assert!(!String::from_utf8_lossy(&bytes).contains(secret));
    }
}

#[test]
fn names_of_strangers_cannot_turn_the_text() {
    let house = House::empty();
    let root = Ca::new("ro\u{1b}[2J\u{202e}ot");
    let pem = write(&house, "root.pem", &root.root);
    // Without alternative names the common name counts, and it is anybody's text.
    let strange = write(
        &house,
        "strange.pem",
        root.common_name("e\u{1b}[31mvil\u{202e}.test"),
    );
    let good = write(&house, "good.pem", root.common_name("a.test"));
    let [bad_chain, good_chain] = [&strange, &good].map(|chain| format!("a.test={chain}"));
    let out = house.text("trust");
    let lock = format!("{out}/trust.lock");
    let bundle = ["trust", "bundle", "--pem", &pem, "--idf", "v5.5", "--out"];
    for (args, code) in [
        (
            [&bundle[..], &[&house.text("no"), "--chain", &bad_chain]].concat(),
            1,
        ),
        ([&bundle[..], &[&out, "--chain", &good_chain]].concat(), 0),
        (vec!["trust", "check", &lock, "--chain", &bad_chain], 5),
        (
            vec!["trust", "check", &lock, "--offline", "--prometheus", "-"],
            0,
        ),
    ] {
        let output = run(&mut house.command(&args));
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
        let all = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let ugly = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!all.contains(ugly), "{args:?}: {all:?}");
        assert!(
            code == 0 || all.contains("e\\u{1b}[31mvil\\u{202e}.test"),
            "{all}"
        );
    }
    for entry in fs::read_dir(&out).unwrap() {
        let text = fs::read(entry.unwrap().path()).unwrap();
        assert!(
            !text.contains(&0x1b) || text.starts_with(&[4, 0, 0, 0]),
            "the binary alone has names as they are"
        );
    }
}
