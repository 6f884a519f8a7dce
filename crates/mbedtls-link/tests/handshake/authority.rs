//! Certificates, made by `openssl` in a temporary folder.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use countersign_skips::skip;
use esp_formats::bundle::{Entry, Format, encode, encoded_len};
use tempfile::TempDir;

/// A folder with everything that `openssl` reads and writes.
pub(crate) struct Place {
    dir: TempDir,
    /// How long what is made is valid.
    days: Cell<u32>,
}

/// A kind of key, and how it signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    P256,
    P384,
    Rsa,
    /// The same key as [`Self::Rsa`]; certificates are signed with PSS.
    RsaPss,
}

/// A CA with its certificate in `NAME.pem` and its key in `NAME.key`.
pub(crate) struct Authority {
    name: String,
    kind: Kind,
    subject: Vec<u8>,
    key: Vec<u8>,
}

/// An end entity's certificate and key, PEM.
pub(crate) struct Leaf {
    pub(crate) chain: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

impl Place {
    /// Nothing where `openssl` is missing, which is then said and counted.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let there = Command::new("openssl").arg("version").output().is_ok();
        if !there {
            skip(test, "openssl", "apt-get install openssl");
            return None;
        }
        let place = Self {
            dir: TempDir::with_prefix("countersign-mbedtls-").unwrap(),
            days: Cell::new(3650),
        };
        fs::write(place.path("openssl.cnf"), CONFIGURATION).unwrap();
        Some(place)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Has what `make` makes end after so many days, not ten years.
    pub(crate) fn ending_after<R>(&self, days: u32, make: impl FnOnce() -> R) -> R {
        let usual = self.days.replace(days);
        let made = make();
        self.days.set(usual);
        made
    }

    /// Writes a file of that many bytes, for a server to give out.
    pub(crate) fn file(&self, name: &str, len: usize) -> Vec<u8> {
        let bytes: Vec<u8> = (0..=250).cycle().take(len).collect();
        fs::write(self.path(name), &bytes).unwrap();
        bytes
    }

    /// Makes an end entity that vouches for itself.
    pub(crate) fn self_signed(&self, name: &str, subject: &str, san: &str) {
        self.make(name, subject, ("leaf", san), Kind::P256, None);
    }

    /// Makes a key and a certificate, signed by `issuer` or by itself.
    fn make(
        &self,
        name: &str,
        subject: &str,
        (extensions, alternative): (&str, &str),
        kind: Kind,
        issuer: Option<&Authority>,
    ) {
        let mut command = Command::new("openssl");
        command.current_dir(self.dir.path()).env("SAN", alternative);
        command.args([
            "req",
            "-x509",
            "-config",
            "openssl.cnf",
            "-nodes",
            "-sha256",
        ]);
        let days = self.days.get().to_string();
        command.args(["-days", &days, "-extensions", extensions]);
        command.args(["-subj", &format!("/CN={subject}")]);
        command.args(match kind {
            Kind::P256 => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Kind::P384 => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
            Kind::Rsa | Kind::RsaPss => ["-newkey", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
        });
        if issuer.map_or(kind, |issuer| issuer.kind) == Kind::RsaPss {
            command.args([
                "-sigopt",
                "rsa_padding_mode:pss",
                "-sigopt",
                "rsa_pss_saltlen:32",
            ]);
        }
        if let Some(Authority { name, .. }) = issuer {
            command.args([
                "-CA",
                &format!("{name}.pem"),
                "-CAkey",
                &format!("{name}.key"),
            ]);
        }
        command.args([
            "-out",
            &format!("{name}.pem"),
            "-keyout",
            &format!("{name}.key"),
        ]);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Authority {
    pub(crate) fn root(place: &Place, name: &str, subject: &str, kind: Kind) -> Self {
        place.make(name, subject, ("authority", NO_NAME), kind, None);
        Self::read(place, name, kind)
    }

    pub(crate) fn intermediate(&self, place: &Place, name: &str, subject: &str) -> Self {
        let extensions = ("authority", NO_NAME);
        place.make(name, subject, extensions, self.kind, Some(self));
        Self::read(place, name, self.kind)
    }

    /// Certifies an end entity under an alternative name.
    pub(crate) fn certify(&self, place: &Place, name: &str, san: &str, kind: Kind) -> Leaf {
        place.make(name, name, ("leaf", san), kind, Some(self));
        let read = |end: &str| fs::read(place.path(&format!("{name}.{end}"))).unwrap();
        Leaf {
            chain: read("pem"),
            key: read("key"),
        }
    }

    fn read(place: &Place, name: &str, kind: Kind) -> Self {
        let (subject, key) = subject_and_key(&der(&place.path(&format!("{name}.pem"))));
        Self {
            name: name.to_owned(),
            kind,
            subject,
            key,
        }
    }
}

/// A certificate bundle.
pub(crate) fn bundle(format: Format, roots: &[&Authority]) -> Vec<u8> {
    let mut entries: Vec<_> = roots
        .iter()
        .map(|root| Entry {
            name: &root.subject,
            key: &root.key,
        })
        .collect();
    let mut bytes = vec![0; encoded_len(format, &entries)];
    encode(format, &mut entries, &mut bytes).unwrap();
    bytes
}

/// A certificate in DER.
pub(crate) fn der(pem: &Path) -> Vec<u8> {
    converted(&["x509", "-outform", "DER", "-in"], pem)
}

/// A private key in DER.
pub(crate) fn key_der(pem: &Path) -> Vec<u8> {
    converted(&["pkey", "-outform", "DER", "-in"], pem)
}

fn converted(args: &[&str], file: &Path) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(args)
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", file.display());
    output.stdout
}

/// RFC 5280 §4.1: what stands sixth and seventh in a certificate of version 3.
fn subject_and_key(certificate: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut rest = element(element(certificate).1).1;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (whole, _) = element(rest);
        parts.push(whole.to_vec());
        rest = &rest[whole.len()..];
    }
    (parts[5].clone(), parts[6].clone())
}

/// The first element of some DER: the whole of it, and its contents.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (start, len) = match der[1] {
        short @ ..=0x7F => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        _ => panic!("no certificate is that long"),
    };
    (&der[..start + len], &der[start..start + len])
}

/// A CA has no alternative name, but the configuration asks for one.
const NO_NAME: &str = "DNS:none";

const CONFIGURATION: &str = "
[req]
distinguished_name = subject
string_mask = utf8only
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = $ENV::SAN
";
