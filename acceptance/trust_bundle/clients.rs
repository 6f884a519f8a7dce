//! Servers that ask who comes, and names that are not the host's.

use std::fs;

use serde_json::Value;

use super::ground::{Ca, openssl_with, write};
use crate::harness::{House, need, run};

/// What the program did: its exit code, stdout and stderr.
fn did(house: &House, args: &[&str]) -> (i32, String, String) {
    let output = run(&mut house.command(args));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn servers_that_want_a_client_certificate_are_shown_one_by_every_command() {
    if !need("trust_clients", "openssl", "apt-get install openssl") {
        return;
    }
    let house = House::empty();
    let [root, machines] = ["Root", "Machines"].map(Ca::new);
    let pem = write(&house, "root.pem", &root.root);
    let cas = write(&house, "machines.pem", &machines.root);
    let machine = machines.server("build-machine", &[]);
    let cert = write(&house, "machine.pem", &machine.chain);
    let key = write(&house, "machine.key", &machine.key);
    // It ends the handshake with whoever it does not know; openssl looks at the purpose too, which is for servers here.
    let strict = [
        "-Verify",
        "1",
        "-verify_return_error",
        "-tls1_2",
        "-purpose",
        "any",
        "-CAfile",
        &cas,
    ];
    let server = openssl_with(&house, "api", &root.server("api.example", &[]), &strict);
    let connect = format!("api.example={}", server.address);
    let out = house.text("out");
    let bundle = [
        "trust",
        "bundle",
        "--pem",
        &pem,
        "--host",
        "api.example",
        "--connect",
        &connect,
        "--idf",
        "v5.5",
        "--out",
        &out,
    ];
    let identity = ["--cert", &cert, "--key", &key];

    let (code, _, stderr) = did(&house, &[&bundle[..], &identity].concat());
    assert_eq!((code, stderr.as_str()), (0, ""));
    let check = [
        "trust",
        "check",
        &house.text("out/trust.lock"),
        "--connect",
        &connect,
    ];
    let (code, _, stderr) = did(&house, &[&check[..], &identity].concat());
    assert_eq!((code, stderr.as_str()), (0, ""));
    let file = house.text("out/x509_crt_bundle");
    let verify = [
        "--json",
        "trust",
        "verify",
        &file,
        "api.example",
        "--connect",
        &connect,
        "--idf",
        "v5.5",
    ];
    let (code, stdout, _) = did(&house, &[&verify[..], &identity].concat());
    assert_eq!(code, 0);
    let said: Value = serde_json::from_str(&stdout).unwrap();
    let client = &said["targets"][0]["addresses"][0]["client_certificate"];
    assert_eq!(
        (&client["shown"], &client["refused"]),
        (&true.into(), &Value::Null)
    );

    // Somebody else's is turned away, which is said; the chain came before that.
    let other = root.server("build-machine", &[]);
    let wrong = [
        "--cert",
        &write(&house, "other.pem", &other.chain),
        "--key",
        &write(&house, "other.key", &other.key),
    ];
    let (code, _, stderr) = did(&house, &[&check[..], &wrong].concat());
    assert!(
        code == 0 && stderr.contains("refused the client certificate: "),
        "{stderr}"
    );
    let (code, _, stderr) = did(&house, &[&verify[..], &wrong].concat());
    assert!(
        code == 1 && stderr.contains("refused the client certificate: "),
        "{stderr}"
    );

    // In the file, seen from its folder.
    let text = format!(
        "idf = [\"v5.5\"]\nhosts = [\"api.example\"]\npem = [\"root.pem\"]\n[client]\ncert = \"machine.pem\"\nkey = \"{}\"\n",
        "machine.key"
    );
    let config = write(&house, "trust.toml", text);
    let again = [
        "trust",
        "bundle",
        "--config",
        &config,
        "--connect",
        &connect,
        "--out",
        &out,
    ];
    let (code, stdout, stderr) = did(&house, &again);
    assert!(code == 0 && stderr.is_empty(), "{stderr}");
    assert!(
        stdout.contains("as it was") && !stdout.contains("written"),
        "{stdout}"
    );
    fs::remove_file(&key).unwrap();
    assert!(house.fails(&again).contains("machine.key"));
    // Half a pair is a slip.
    let (code, _, stderr) = did(&house, &[&bundle[..], &["--cert", &cert]].concat());
    assert!(code == 2 && stderr.contains("--key"), "{stderr}");
}

#[test]
fn a_server_that_is_called_otherwise_is_asked_so_and_the_lock_file_remembers() {
    if !need("trust_names", "openssl", "apt-get install openssl") {
        return;
    }
    let house = House::empty();
    let root = Ca::new("Root");
    let pem = write(&house, "root.pem", &root.root);
    let [named, other] = ["ota.example", "other.example"].map(|name| root.server(name, &[]));
    // Whoever says ota.example is shown its certificate; all others the other one.
    let [cert2, key2] = [
        write(&house, "2.pem", &named.chain),
        write(&house, "2.key", &named.key),
    ];
    let more = [
        "-servername",
        "ota.example",
        "-cert2",
        &cert2,
        "-key2",
        &key2,
    ];
    let server = openssl_with(&house, "sni", &other, &more);
    let out = house.text("out");
    let bundle = [
        "trust",
        "bundle",
        "--pem",
        &pem,
        "--host",
        &server.address,
        "--idf",
        "v5.5",
        "--out",
        &out,
    ];
    assert!(
        house
            .fails(&bundle)
            .contains("other.example, not for 127.0.0.1")
    );
    let sni = format!("{}=ota.example", server.address);
    house.ok(&[&bundle[..], &["--sni", &sni]].concat());
    let lock = house.text("out/trust.lock");
    let text = fs::read_to_string(&lock).unwrap();
    assert!(text.contains("name = \"ota.example\""), "{text}");
    house.ok(&["trust", "check", &lock]);
    let (code, stdout, _) = did(&house, &["trust", "check", &lock, "--sni", "other.example"]);
    assert_eq!(code, 0, "{stdout}");
    // A slip of the pen.
    let slip = [&bundle[..], &["--sni", "ota.exmaple=x"]].concat();
    assert!(
        house
            .fails(&slip)
            .contains("--sni is about ota.exmaple, which is not asked")
    );
}
