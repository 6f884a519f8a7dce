//! Keys that are encrypted, or lie on a token: asked for where something is signed, judged by openssl.

#[cfg(feature = "pkcs11")]
mod token;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::harness::{DEVICE, House, Server, image, need, run};

const INSTALL: &str = "apt-get install openssl";
const PASSPHRASE: &str = "correct horse";
const AUTHORITIES: [&str; 4] = [
    "device-root",
    "device-issuing",
    "server-root",
    "server-issuing",
];

/// `init`, with more flags and with this passphrase in the environment.
fn init(house: &House, more: &[&str], passphrase: &str) -> Output {
    let author = house.text("author.key");
    let mut args = vec!["init", "--product", "demo", "--unsigned-images"];
    args.extend(["--author-key", &author]);
    args.extend(more);
    let mut command = house.command(&args);
    run(command.env("COUNTERSIGN_PASSPHRASE", passphrase))
}

/// Demands that a command did well, or that it said all of this and did not.
fn check(output: &Output, said: Option<&[&str]>) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), said.is_none(), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    for word in said.unwrap_or_default() {
        assert!(errors.contains(word), "`{word}` is not in: {errors}");
    }
}

fn enroll(house: &House, id: &str) -> Command {
    house.command(&["device", "enroll", id, "--out", &house.text(id)])
}

/// Whether openssl takes a device's chain under the house's own root.
fn verifies(house: &House, id: &str) -> bool {
    let chain = house.path(id).join("device.pem");
    let root = house.state().join("authorities/device-root.pem");
    let mut openssl = Command::new("openssl");
    openssl.args(["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile"]);
    openssl.arg(root).arg("-untrusted").arg(&chain).arg(&chain);
    run(&mut openssl).status.success()
}

fn openssl(args: &[&str]) -> Output {
    run(Command::new("openssl").args(args))
}

fn secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn encrypted_keys_want_their_passphrase_where_something_is_signed() {
    if !need("keys", "openssl", INSTALL) {
        return;
    }
    let house = House::empty();
    check(&init(&house, &["--encrypt-keys"], PASSPHRASE), None);
    for name in AUTHORITIES {
        let key = house.state().join(format!("authorities/{name}.key"));
        let text = fs::read_to_string(&key).unwrap();
        assert!(
            text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"),
            "{name}"
        );
        let read = |passphrase: &str| {
            let pass = format!("pass:{passphrase}");
            openssl(&[
                "pkey",
                "-noout",
                "-in",
                key.to_str().unwrap(),
                "-passin",
                &pass,
            ])
        };
        assert!(read(PASSPHRASE).status.success(), "{name}");
        assert!(!read("another").status.success(), "{name}");
    }
    // Who looks needs none.
    house.ok(&["device", "list"]);

    let ways = [
        "device-issuing",
        "--passphrase-file",
        "COUNTERSIGN_PASSPHRASE_DEVICE_ISSUING",
    ];
    check(&run(&mut enroll(&house, DEVICE)), Some(&ways));
    let mut wrong = enroll(&house, DEVICE);
    wrong.env("COUNTERSIGN_PASSPHRASE", "another");
    check(
        &run(&mut wrong),
        Some(&["device-issuing", "COUNTERSIGN_PASSPHRASE is wrong"]),
    );
    assert!(!house.path(DEVICE).exists(), "nothing half done");
    assert_eq!(house.json(&["device", "list"]), serde_json::json!([]));

    let file = house.path("passphrase");
    secret(&file, &format!("{PASSPHRASE}\n"));
    let mut right = enroll(&house, DEVICE);
    check(&run(right.arg("--passphrase-file").arg(&file)), None);
    assert!(verifies(&house, DEVICE));
    // What is for one key goes before what is for all.
    let mut own = enroll(&house, "own");
    own.env("COUNTERSIGN_PASSPHRASE", "another");
    own.env("COUNTERSIGN_PASSPHRASE_DEVICE_ISSUING", PASSPHRASE);
    check(&run(&mut own), None);

    let refused = run(&mut house.command(&["serve", "--device-listen", "127.0.0.1:0"]));
    check(&refused, Some(&["-issuing.key", "--passphrase-file"]));
    let mut command = house.command(&[]);
    command.env("COUNTERSIGN_PASSPHRASE_FILE", &file);
    let server = Server::start_by(&house, command, &[]);
    // The server has the key: who asks it needs none.
    check(&run(&mut enroll(&house, "by-the-server")), None);
    assert!(verifies(&house, "by-the-server"));
    server.stop();
}

#[test]
fn passphrases_that_are_none_and_files_that_are_open_are_refused() {
    let house = House::empty();
    check(
        &init(&house, &["--encrypt-keys"], ""),
        Some(&["passphrase", "empty"]),
    );
    let mut none = house.command(&["init", "--encrypt-keys", "--author-key", &house.text("a")]);
    check(
        &run(&mut none),
        Some(&["--passphrase-file", "COUNTERSIGN_PASSPHRASE"]),
    );
    assert!(!house.state().exists(), "nothing half done");
    check(&init(&house, &["--encrypt-keys"], PASSPHRASE), None);
    let file = house.path("passphrase");
    let by_file = || {
        let mut command = enroll(&house, DEVICE);
        run(command.arg("--passphrase-file").arg(&file))
    };
    check(&by_file(), Some(&["passphrase"]));
    fs::write(&file, PASSPHRASE).unwrap();
    check(&by_file(), Some(&["chmod 600"]));
    for (text, said) in [("", "empty"), ("two\nlines\n", "one line")] {
        secret(&file, text);
        check(&by_file(), Some(&[said]));
    }
    // A file whose decryption would cost minutes: 600,000 in three bytes, behind a salt of 16, become more in four behind 15.
    let key = house.state().join("authorities/device-issuing.key");
    let args = ["asn1parse", "-in", key.to_str().unwrap(), "-noout", "-out"];
    let der = house.text("der");
    if need("keys", "openssl", INSTALL) {
        assert!(openssl(&[&args[..], &[&der]].concat()).status.success());
        let mut bytes = fs::read(&der).unwrap();
        let rounds = [2, 3, 9, 0x27, 0xc0];
        let at = bytes.windows(5).position(|five| five == rounds).unwrap();
        bytes[at - 17] = 15;
        bytes[at - 1..at + 2].copy_from_slice(&[2, 4, 0x7f]);
        fs::write(&der, &bytes).unwrap();
        let encoded = run(Command::new("base64").arg(&der)).stdout;
        let body = String::from_utf8(encoded).unwrap();
        let label = "ENCRYPTED PRIVATE KEY-----";
        secret(
            &key,
            &format!("-----BEGIN {label}\n{body}-----END {label}\n"),
        );
        secret(&file, PASSPHRASE);
        check(&by_file(), Some(&["rounds of PBKDF2", "at most 10000000"]));
    }
}

#[test]
fn keys_are_taken_from_files_that_openssl_made() {
    if !need("keys", "openssl", INSTALL) {
        return;
    }
    let house = House::empty();
    let (plain, encrypted) = (house.text("plain.key"), house.text("mine.key"));
    let make = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
    ];
    assert!(openssl(&[&make[..], &[&plain]].concat()).status.success());
    let encrypt = |from: &str, to: &str| {
        let pass = format!("pass:{PASSPHRASE}");
        let args = [
            "pkcs8", "-topk8", "-in", from, "-out", to, "-scrypt", "-passout", &pass,
        ];
        assert!(openssl(&args).status.success());
    };
    encrypt(&plain, &encrypted);

    // What is none is refused, with the file's name, and leaves nothing.
    let (rsa, rsa_encrypted) = (house.text("rsa.key"), house.text("rsa-encrypted.key"));
    let make = [
        "genpkey",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-out",
    ];
    assert!(openssl(&[&make[..], &[&rsa]].concat()).status.success());
    encrypt(&rsa, &rsa_encrypted);
    let certificate = house.text("certificate.pem");
    let args = [
        "req",
        "-x509",
        "-new",
        "-key",
        &plain,
        "-subj",
        "/CN=x",
        "-out",
        &certificate,
    ];
    assert!(openssl(&args).status.success());
    let cut = house.text("cut.key");
    secret(
        Path::new(&cut),
        &fs::read_to_string(&encrypted).unwrap()[..200],
    );
    let empty = house.text("empty.key");
    for file in [&certificate, &empty] {
        secret(
            Path::new(file),
            &fs::read_to_string(file).unwrap_or_default(),
        );
    }
    let none = house.text("none.key");
    for file in [&rsa, &rsa_encrypted, &certificate, &cut, &empty, &none] {
        let refused = init(&house, &["--device-issuing-key", file], PASSPHRASE);
        check(&refused, Some(&[file]));
        assert!(!house.state().exists(), "nothing half done");
    }
    let refused = init(&house, &["--device-issuing-key", &encrypted], "another");
    check(&refused, Some(&["the passphrase of `mine`", "wrong"]));

    let flags = [
        "--device-issuing-key",
        &*encrypted,
        "--server-issuing-key",
        &plain,
    ];
    check(&init(&house, &flags, PASSPHRASE), None);
    let kept = |name: &str| fs::read(house.state().join(name)).unwrap();
    // Encrypted stays as it was; a plain one is encrypted only where that is asked for.
    assert_eq!(
        kept("authorities/device-issuing.key"),
        fs::read(&encrypted).unwrap()
    );
    assert!(kept("authorities/server-issuing.key").starts_with(b"-----BEGIN PRIVATE KEY"));
    let mut right = enroll(&house, DEVICE);
    check(&run(right.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE)), None);
    assert!(verifies(&house, DEVICE));

    // The server's own key, and the author's, may be encrypted as well.
    let own = house.state().join("server/server.key");
    let moved = house.text("server.key");
    fs::rename(&own, &moved).unwrap();
    encrypt(&moved, own.to_str().unwrap());
    let mut command = house.command(&[]);
    command.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE);
    Server::start_by(&house, command, &[]).stop();
    let author = house.text("author-encrypted.key");
    encrypt(&house.text("author.key"), &author);
    let app = house.path("1.1.bin");
    fs::write(&app, image("1.1").bytes).unwrap();
    let mut sign = house.command(&["release", "sign", "--product", "demo", "--key", &author]);
    check(
        &run(sign.arg(&app)),
        Some(&["COUNTERSIGN_PASSPHRASE_AUTHOR_ENCRYPTED"]),
    );
    check(&run(sign.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE)), None);
    house.ok(&["release", "publish", app.to_str().unwrap()]);
}

#[cfg(not(feature = "pkcs11"))]
#[test]
fn a_program_that_knows_no_tokens_says_so() {
    let house = House::empty();
    let uri = "pkcs11:token=a;object=b?module-path=/m.so";
    let refused = init(&house, &["--device-issuing-key", uri], "");
    check(&refused, Some(&["--features pkcs11"]));
    assert!(!house.state().exists(), "nothing half done");
}
