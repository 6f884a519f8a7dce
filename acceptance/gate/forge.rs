//! Certificates that are what they are told to be, by whoever holds all keys of an installation.

use std::{fs, path::PathBuf};

use countersign_x509::{Certificate, pem};

use super::{
    der::{
        ALTERNATIVE, CLIENT_AUTH, DIGITAL_SIGNATURE, KEY_CERT_SIGN, URI, alternative, bits, ca,
        general, key_usage, name, purposes, sequence, tlv, utc,
    },
    key::{ECDSA_SHA256, How, Key},
};
use crate::harness::House;

/// All keys of an installation.
pub(super) struct Forge {
    folder: PathBuf,
    pub(super) root: Ca,
    pub(super) issuing: Ca,
    /// The one that certifies our servers.
    pub(super) servers: Ca,
}

/// A CA with its key.
#[derive(Clone)]
pub(super) struct Ca {
    pub(super) der: Vec<u8>,
    /// Its subject, DER.
    pub(super) name: Vec<u8>,
    pub(super) key: Key,
    /// How it signs.
    pub(super) how: How,
}

/// What a client shows, and with whose key.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) key: Key,
}

/// What a certificate shall say: each field as DER, wrong or not.
pub(super) struct Spec {
    /// `[0]` with the version in it, or nothing.
    pub(super) version: Vec<u8>,
    /// The content of the serial number.
    pub(super) serial: Vec<u8>,
    /// How it is signed.
    pub(super) how: How,
    pub(super) issuer: Vec<u8>,
    pub(super) not_before: Vec<u8>,
    pub(super) not_after: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) spki: Vec<u8>,
    pub(super) extensions: Vec<Vec<u8>>,
    /// Changes what is signed, before it is.
    pub(super) change: fn(Vec<u8>) -> Vec<u8>,
    /// Changes the signature's BIT STRING.
    pub(super) change_signature: fn(Vec<u8>) -> Vec<u8>,
    /// Changes the whole, when all is done.
    pub(super) change_whole: fn(Vec<u8>) -> Vec<u8>,
    /// The algorithm as it stands outside, where that is another.
    pub(super) outside: Option<How>,
}

impl Forge {
    /// Takes all keys of a house.
    pub(super) fn new(house: &House) -> Self {
        let folder = house.path("forge");
        fs::create_dir(&folder).unwrap();
        let authority = |name: &str| {
            let file = |end: &str| house.state().join(format!("authorities/{name}.{end}"));
            let chain = pem::certificates(&fs::read(file("pem")).unwrap()).unwrap();
            let key = fs::read_to_string(file("key")).unwrap();
            Ca {
                der: chain[0].der().to_vec(),
                name: chain[0].subject().to_vec(),
                key: Key::of_pem(&folder, &key),
                how: ECDSA_SHA256,
            }
        };
        Self {
            root: authority("device-root"),
            issuing: authority("device-issuing"),
            servers: authority("server-issuing"),
            folder,
        }
    }

    /// A new key on P-256.
    pub(super) fn key(&self) -> Key {
        Key::new(&self.folder)
    }

    /// A new key of another kind.
    pub(super) fn odd_key(&self, algorithm: &str, options: &[&str]) -> Key {
        Key::odd(&self.folder, algorithm, options)
    }

    /// A device's certificate by our issuing CA, right in everything but what `change` does.
    pub(super) fn device(&self, change: impl FnOnce(&mut Spec)) -> Shown {
        self.device_of(&[&self.issuing], change)
    }

    /// The same by the first of these CAs; all of them are shown with it.
    pub(super) fn device_of(&self, above: &[&Ca], change: impl FnOnce(&mut Spec)) -> Shown {
        Shown::certified(self.key(), above, change)
    }

    /// A CA below another.
    pub(super) fn below(&self, issuer: &Ca, name: &str, change: impl FnOnce(&mut Spec)) -> Ca {
        Ca::certified(self.key(), ECDSA_SHA256, issuer, name, change)
    }

    /// A CA of which nobody here knows anything, under any name.
    pub(super) fn stranger(&self, name: &[u8]) -> Ca {
        let key = self.key();
        let own = Ca {
            der: Vec::new(),
            name: name.to_vec(),
            key,
            how: ECDSA_SHA256,
        };
        let mut spec = Spec::authority(&own, "", &own.key.spki);
        spec.subject = name.to_vec();
        Ca {
            der: spec.sign(&own),
            ..own
        }
    }
}

impl Ca {
    /// A CA of a certain key, with which it signs in a certain way, certified by another.
    pub(super) fn certified(
        key: Key,
        how: How,
        issuer: &Self,
        common: &str,
        change: impl FnOnce(&mut Spec),
    ) -> Self {
        let mut spec = Spec::authority(issuer, common, &key.spki);
        change(&mut spec);
        Self {
            der: spec.sign(issuer),
            name: spec.subject,
            key,
            how,
        }
    }
}

impl Shown {
    /// A device's certificate for a certain key, by the first of these CAs, all of which are shown with it.
    pub(super) fn certified(key: Key, above: &[&Ca], change: impl FnOnce(&mut Spec)) -> Self {
        let issuer = above[0];
        let mut spec = Spec::device(issuer, &key.spki);
        change(&mut spec);
        let leaf = spec.sign(issuer);
        let above = above.iter().map(|ca| ca.der.clone());
        Self {
            chain: [leaf].into_iter().chain(above).collect(),
            key,
        }
    }

    /// What a folder of `device enroll` holds, or one like it.
    pub(super) fn of_folder(forge: &Forge, folder: &std::path::Path, name: &str) -> Self {
        let file = |end: &str| fs::read_to_string(folder.join(format!("{name}.{end}"))).unwrap();
        let chain = pem::certificates(file("pem").as_bytes()).unwrap();
        Self {
            chain: chain.iter().map(|one| one.der().to_vec()).collect(),
            key: Key::of_pem(&forge.folder, &file("key")),
        }
    }

    /// The same key with other certificates.
    pub(super) fn showing(&self, chain: Vec<Vec<u8>>) -> Self {
        Self {
            chain,
            key: self.key.clone(),
        }
    }

    /// The same as a CA, which it is not.
    pub(super) fn as_ca(&self) -> Ca {
        let leaf = Certificate::from_der(&self.chain[0]).unwrap();
        Ca {
            der: self.chain[0].clone(),
            name: leaf.subject().to_vec(),
            key: self.key.clone(),
            how: ECDSA_SHA256,
        }
    }
}

impl Spec {
    /// A device, as ours are.
    fn device(issuer: &Ca, spki: &[u8]) -> Self {
        Self {
            subject: name(&[ID.as_bytes()]),
            extensions: vec![
                key_usage(DIGITAL_SIGNATURE),
                purposes(&[CLIENT_AUTH]),
                alternative(&[(URI, URN.as_bytes())]),
            ],
            ..Self::bare(issuer, spki)
        }
    }

    /// A CA.
    fn authority(issuer: &Ca, common: &str, spki: &[u8]) -> Self {
        Self {
            subject: name(&[common.as_bytes()]),
            extensions: vec![ca(None), key_usage(KEY_CERT_SIGN)],
            ..Self::bare(issuer, spki)
        }
    }

    fn bare(issuer: &Ca, spki: &[u8]) -> Self {
        Self {
            version: version(2),
            serial: vec![0x5a; 16],
            how: issuer.how,
            issuer: issuer.name.clone(),
            not_before: utc("250101000000Z"),
            not_after: general("99991231235959Z"),
            subject: Vec::new(),
            spki: spki.to_vec(),
            extensions: Vec::new(),
            change: |tbs| tbs,
            change_signature: |bits| bits,
            change_whole: |whole| whole,
            outside: None,
        }
    }

    /// Leaves an extension out.
    pub(super) fn without(&mut self, number: u8) {
        let id = [0x06, 3, 0x55, 0x1d, number];
        self.extensions
            .retain(|one| !one.windows(5).any(|five| five == id));
    }

    /// Puts another in place of an extension.
    pub(super) fn with(&mut self, number: u8, extension: Vec<u8>) {
        self.without(number);
        self.extensions.push(extension);
    }

    /// Puts other alternative names in place of its own.
    pub(super) fn named(&mut self, names: &[(u8, &[u8])]) {
        self.with(ALTERNATIVE, alternative(names));
    }

    fn sign(&self, issuer: &Ca) -> Vec<u8> {
        let algorithm = self.how.der();
        let extensions = match &self.extensions[..] {
            [] => Vec::new(),
            all => tlv(0xa3, &tlv(0x30, &all.concat())),
        };
        let tbs = (self.change)(sequence(&[
            &self.version,
            &tlv(0x02, &self.serial),
            &algorithm,
            &self.issuer,
            &sequence(&[&self.not_before, &self.not_after]),
            &self.subject,
            &self.spki,
            &extensions,
        ]));
        let signature = (self.change_signature)(bits(&issuer.key.sign(&tbs, self.how)));
        let outside = self.outside.map_or(algorithm, How::der);
        (self.change_whole)(sequence(&[&tbs, &outside, &signature]))
    }
}

/// The field of a version: 2 stands for version 3 (RFC 5280 §4.1.2.1).
pub(super) fn version(number: u8) -> Vec<u8> {
    tlv(0xa0, &tlv(0x02, &[number]))
}

/// The device that certificates are forged for. Nobody enrolled it.
pub(super) const ID: &str = "7cdfa1000009";
/// Its URN.
const URN: &str = "urn:dev:mac:7cdfa1ffff000009";
