//! Keys of every kind, and those who hold them: what rustls does not make, openssl does.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use rustls::{
    Error, SignatureAlgorithm, SignatureScheme,
    crypto::aws_lc_rs,
    sign::{Signer, SigningKey},
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::der::{oid, tlv};
use crate::harness::run;

/// A key with what it takes to sign certificates and handshakes.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Where it lies, PKCS#8 PEM.
    file: PathBuf,
    /// Its `SubjectPublicKeyInfo`.
    pub(super) spki: Vec<u8>,
    /// rustls's own, where it has one for such keys.
    own: Option<Arc<dyn SigningKey>>,
    rsa: bool,
}

/// How a certificate is signed: the content of its `AlgorithmIdentifier`, and openssl's name of the digest.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    id: &'static [u8],
    has_null: bool,
    digest: &'static str,
}

impl Key {
    /// A new one on P-256.
    pub(super) fn new(folder: &Path) -> Self {
        Self::of_pem(folder, &KeyPair::generate().unwrap().serialize_pem())
    }

    /// One on P-256 that is there, as PEM.
    pub(super) fn of_pem(folder: &Path, pem: &str) -> Self {
        let file = new_file(folder);
        fs::write(&file, pem).unwrap();
        let pair = KeyPair::from_pem(pem).unwrap();
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        let provider = aws_lc_rs::default_provider();
        Self {
            file,
            spki: pair.subject_public_key_info(),
            own: Some(provider.key_provider.load_private_key(der).unwrap()),
            rsa: false,
        }
    }

    /// One of another kind, by `openssl genpkey`.
    pub(super) fn odd(folder: &Path, algorithm: &str, options: &[&str]) -> Self {
        let file = new_file(folder);
        let mut openssl = Command::new("openssl");
        openssl.args(["genpkey", "-quiet", "-algorithm", algorithm]);
        for option in options {
            openssl.args(["-pkeyopt", option]);
        }
        openssl.arg("-out").arg(&file);
        let made = run(&mut openssl);
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{algorithm} {options:?}: {said}");
        let mut openssl = Command::new("openssl");
        openssl.args(["pkey", "-pubout", "-outform", "DER", "-in"]);
        Self {
            spki: run(openssl.arg(&file)).stdout,
            file,
            own: None,
            rsa: algorithm == "RSA",
        }
    }

    /// The same, said to be another one's: whoever has no key shows somebody else's certificate.
    pub(super) fn pretending(&self, spki: &[u8]) -> Self {
        Self {
            spki: spki.to_vec(),
            ..self.clone()
        }
    }

    /// Signs as a CA.
    pub(super) fn sign(&self, message: &[u8], how: How) -> Vec<u8> {
        if self.own.is_some() && how.digest == "-sha256" {
            let pem = fs::read_to_string(&self.file).unwrap();
            return KeyPair::from_pem(&pem).unwrap().sign(message).unwrap();
        }
        self.by_openssl(message, how.digest, &[])
    }

    /// As who proves in a handshake that he holds it.
    pub(super) fn holder(&self) -> Arc<dyn SigningKey> {
        self.own
            .clone()
            .unwrap_or_else(|| Arc::new(Holder(self.clone())))
    }

    fn by_openssl(&self, message: &[u8], digest: &str, options: &[&str]) -> Vec<u8> {
        let mut openssl = Command::new("openssl");
        openssl.args(["dgst", digest, "-sign"]).arg(&self.file);
        for option in options {
            openssl.args(["-sigopt", option]);
        }
        let mut child = openssl
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(message).unwrap();
        let signed = child.wait_with_output().unwrap();
        assert!(signed.status.success(), "{openssl:?}");
        signed.stdout
    }
}

impl How {
    /// The whole `AlgorithmIdentifier`.
    pub(super) fn der(self) -> Vec<u8> {
        let null: &[u8] = if self.has_null { &[5, 0] } else { &[] };
        tlv(0x30, &[&oid(self.id), null].concat())
    }
}

/// ECDSA with SHA-256.
pub(super) const ECDSA_SHA256: How = How {
    id: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
    has_null: false,
    digest: "-sha256",
};
/// ECDSA with SHA-1.
pub(super) const ECDSA_SHA1: How = How {
    id: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
    has_null: false,
    digest: "-sha1",
};
/// RSA with MD5.
pub(super) const RSA_MD5: How = How {
    id: &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4],
    has_null: true,
    digest: "-md5",
};
/// RSA with SHA-1.
pub(super) const RSA_SHA1: How = How {
    id: &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5],
    has_null: true,
    digest: "-sha1",
};
/// RSA with SHA-256.
pub(super) const RSA_SHA256: How = How {
    id: &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11],
    has_null: true,
    digest: "-sha256",
};

/// A key that openssl signs with, honestly, under the name of a scheme that servers take.
#[derive(Debug)]
struct Holder(Key);

impl SigningKey for Holder {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(Self(self.0.clone())))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        if self.0.rsa {
            SignatureAlgorithm::RSA
        } else {
            SignatureAlgorithm::ECDSA
        }
    }
}

impl Signer for Holder {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let pss = ["rsa_padding_mode:pss", "rsa_pss_saltlen:32"];
        let options: &[&str] = if self.0.rsa { &pss } else { &[] };
        Ok(self.0.by_openssl(message, "-sha256", options))
    }

    fn scheme(&self) -> SignatureScheme {
        if self.0.rsa {
            SignatureScheme::RSA_PSS_SHA256
        } else {
            SignatureScheme::ECDSA_NISTP256_SHA256
        }
    }
}

fn new_file(folder: &Path) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    folder.join(format!("{}.key", COUNT.fetch_add(1, Ordering::Relaxed)))
}
