//! What the node's link takes of a device's memory, against our server and against a store.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use countersign_x509::Certificate;
use esp_formats::bundle::{Entry, Format, encode, encoded_len};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::Value;

use super::device::Build;
use crate::harness::{House, OpenSsl, Table, run};

/// The builds of `link-heap`: profile, and record buffers.
const BUILDS: [(&str, &str, &str); 4] = [
    ("COUNTERSIGN_HEAP_SMALL_4K", "small", "4096, 2048"),
    ("COUNTERSIGN_HEAP_SMALL_16K", "small, RSA", "16384, 2048"),
    ("COUNTERSIGN_HEAP_FULL_4K", "full", "4096, 4096"),
    ("COUNTERSIGN_HEAP_FULL_16K", "full", "16384, 4096"),
];

#[test]
fn a_connection_takes_so_much_of_the_heap_table() {
    let mut table = Table::new(&[
        "profile",
        "records in, out",
        "peer",
        "TLS",
        "handshake",
        "most, handshake",
        "held",
        "most, after it",
        "kept",
        "beside the heap",
    ]);
    let house = House::new();
    let server = house.serve();
    house.enroll();
    let device = Files::of_device(&house);
    let store = Store::start(&house);
    for (variable, profile, records) in BUILDS {
        let build = Build {
            variable,
            idf: "",
            library: "link-heap",
            in_content_len: 0,
        };
        let Some(program) = build.program("mbedtls_heap") else {
            return;
        };
        // A store sends the largest records; a device that has no room for these has none for it.
        let store = records.starts_with("16384").then_some(&store);
        for tls13 in [false, true] {
            let mut add = |peer: &str, seen: Vec<Value>| {
                for one in seen {
                    let number = |name: &str| one[name].as_i64().unwrap().to_string();
                    table.row([
                        profile,
                        records,
                        peer,
                        one["tls"].as_str().unwrap(),
                        if one["resumed"] == true {
                            "resumed"
                        } else {
                            "full"
                        },
                        &number("handshake"),
                        &number("held"),
                        &number("download"),
                        &number("kept"),
                        &number("fixed"),
                    ]);
                }
            };
            let path = "/ota?v=1.0.0";
            let address = server.device_address().replace("localhost", "127.0.0.1");
            add(
                "ours",
                device.measured(&program, &address, path, tls13, &[]),
            );
            if let Some(store) = store {
                let device = Files {
                    bundle: store.bundle.clone(),
                    ..device.clone()
                };
                let address = &store.server.address;
                add(
                    "a store, RSA 2048",
                    device.measured(&program, address, "/image", tls13, &["--store"]),
                );
            }
        }
    }
    table.print("Bytes of the heap that one connection takes, on this computer");
}

/// What a device has in its flash, in files.
#[derive(Clone)]
struct Files {
    bundle: PathBuf,
    chain: PathBuf,
    key: PathBuf,
}

impl Files {
    /// The enrolled device's, in DER, as they lie in flash.
    fn of_device(house: &House) -> Self {
        let folder = house.path("device");
        let (chain, key) = (folder.join("chain.der"), folder.join("key.der"));
        let pem = fs::read(folder.join("device.pem")).unwrap();
        let certificates: Vec<u8> = CertificateDer::pem_slice_iter(&pem)
            .flat_map(|one| one.unwrap().to_vec())
            .collect();
        fs::write(&chain, certificates).unwrap();
        let pem = fs::read(folder.join("device.key")).unwrap();
        let secret = PrivateKeyDer::from_pem_slice(&pem).unwrap();
        fs::write(&key, secret.secret_der()).unwrap();
        Self {
            bundle: folder.join("x509_crt_bundle"),
            chain,
            key,
        }
    }

    /// Makes two connections; gives what each took.
    fn measured(
        &self,
        program: &Path,
        address: &str,
        path: &str,
        tls13: bool,
        more: &[&str],
    ) -> Vec<Value> {
        let mut command = Command::new(program);
        command.args(["--connect", address, "--name", "localhost", "--get", path]);
        command.arg("--bundle").arg(&self.bundle);
        command.arg("--cert").arg(&self.chain);
        command.arg("--key").arg(&self.key).args(more);
        if tls13 {
            command.arg("--tls13");
        }
        let output = run(&mut command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{address}: {said}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let seen: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let resumed: Vec<bool> = seen.iter().map(|one| one["resumed"] == true).collect();
        assert_eq!(resumed, [false, true], "{address}");
        seen
    }
}

/// A server whose chain is as a public authority's: two CAs between it and its root. It sends the largest records.
struct Store {
    server: OpenSsl,
    bundle: PathBuf,
}

impl Store {
    fn start(house: &House) -> Self {
        let folder = house.path("store");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("image"), vec![0; 100_000]).unwrap();
        fs::write(folder.join("openssl.cnf"), CONFIGURATION).unwrap();
        let make = |name: &str, extensions: &str, issuer: Option<&str>| {
            let mut command = Command::new("openssl");
            command.current_dir(&folder);
            command.args([
                "req",
                "-x509",
                "-config",
                "openssl.cnf",
                "-nodes",
                "-sha256",
            ]);
            command.args(["-days", "365", "-extensions", extensions]);
            command.args([
                "-subj",
                &format!("/C=US/O=Example Trust Services/CN={name}"),
            ]);
            command.args(["-newkey", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"]);
            if let Some(issuer) = issuer {
                command.args(["-CA", &format!("{issuer}.pem")]);
                command.args(["-CAkey", &format!("{issuer}.key")]);
            }
            command.args(["-out", &format!("{name}.pem")]);
            command.args(["-keyout", &format!("{name}.key")]);
            let output = run(&mut command);
            assert!(output.status.success(), "{name}");
        };
        make("root", "authority", None);
        make("upper", "authority", Some("root"));
        make("lower", "authority", Some("upper"));
        make("leaf", "leaf", Some("lower"));
        let read = |name: &str| fs::read(folder.join(name)).unwrap();
        fs::write(
            folder.join("issuers.pem"),
            [read("lower.pem"), read("upper.pem")].concat(),
        )
        .unwrap();
        let root = CertificateDer::from_pem_slice(&read("root.pem")).unwrap();
        let root = Certificate::from_der(&root).unwrap();
        let mut entries = [Entry {
            name: root.subject(),
            key: root.public_key(),
        }];
        let mut bytes = vec![0; encoded_len(Format::Offsets, &entries)];
        encode(Format::Offsets, &mut entries, &mut bytes).unwrap();
        let bundle = folder.join("bundle");
        fs::write(&bundle, bytes).unwrap();
        let server = OpenSsl::serve(
            &folder,
            &[
                "-cert",
                "leaf.pem",
                "-key",
                "leaf.key",
                "-cert_chain",
                "issuers.pem",
                "-no-CAfile",
                "-no-CApath",
            ],
        );
        Self { server, bundle }
    }
}

const CONFIGURATION: &str = "
[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, DNS:*.store.example, DNS:store.example
";
