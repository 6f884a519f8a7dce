//! The objects on a token: a private key, and its public half.

use aws_lc_rs::rand;
use countersign_x509::{KeyKind, PublicKey};
use cryptoki::{
    error::Error as Failure,
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
};

use super::{failed, module::Open};
use crate::{Error, Uri};

impl Open {
    /// Finds the private key of a URI, takes it for signing, and gives its public half as a `SubjectPublicKeyInfo`.
    pub(super) fn private_key(&mut self, uri: &Uri) -> Result<Vec<u8>, Error> {
        let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
        template.extend(named(uri));
        let key = match *self.find(&template, uri)? {
            [] => {
                let uri = uri.to_string();
                return Err(Error::NoObject { uri });
            }
            [key] => key,
            _ => {
                let uri = uri.to_string();
                let what = "private key";
                return Err(Error::Ambiguous { uri, what });
            }
        };
        let public_key = self.public_half(key, uri)?;
        self.key = Some(key);
        Ok(public_key)
    }

    /// Makes a key pair under the name of a URI, where nothing has that name.
    pub(super) fn generate(&mut self, uri: &Uri) -> Result<(), Error> {
        // By each alone: one that only shares the id would later be found in place of the new one.
        for name in named(uri) {
            if !self.find(&[name], uri)?.is_empty() {
                let uri = uri.to_string();
                return Err(Error::ObjectThere { uri });
            }
        }
        let mut names = named(uri);
        if uri.id().is_none() {
            let mut id = [0; 16];
            rand::fill(&mut id).map_err(|_| Error::Library)?;
            // By it the public half is found.
            names.push(Attribute::Id(id.to_vec()));
        }
        let mut public = vec![
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Verify(true),
            Attribute::EcParams(PRIME256V1.to_vec()),
        ];
        let mut private = vec![
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ];
        public.extend(names.clone());
        private.extend(names);
        self.session
            .generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)
            .map_err(failed(uri, "making the key"))?;
        Ok(())
    }

    /// Signs a SHA-256: `r || s`.
    pub(super) fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        let key = self.key.ok_or(Failure::InvalidValue)?;
        self.session.sign(&Mechanism::Ecdsa, key, digest)
    }

    fn public_half(&self, key: ObjectHandle, uri: &Uri) -> Result<Vec<u8>, Error> {
        let unfit = |what| Error::UnfitKey {
            uri: uri.to_string(),
            what,
        };
        let asked = [
            AttributeType::KeyType,
            AttributeType::EcParams,
            AttributeType::Id,
            AttributeType::Label,
            AttributeType::PublicKeyInfo,
        ];
        let mut public = vec![
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::KeyType(KeyType::EC),
        ];
        let (mut id, mut label, mut info) = (None, None, None);
        for attribute in self.attributes(key, &asked, uri)? {
            match attribute {
                Attribute::KeyType(kind) if kind != KeyType::EC => {
                    return Err(unfit("the key is not one of an elliptic curve"));
                }
                Attribute::EcParams(curve) if curve != PRIME256V1 => {
                    return Err(unfit("the key is on another curve than P-256"));
                }
                Attribute::Id(bytes) if !bytes.is_empty() => id = Some(Attribute::Id(bytes)),
                Attribute::Label(bytes) => label = Some(Attribute::Label(bytes)),
                Attribute::PublicKeyInfo(der) if !der.is_empty() => info = Some(der),
                _ => {}
            }
        }
        // A pair has one id (PKCS#11 §4.7); where it has none, one name.
        public.extend(id.or(label));
        let mut found = Vec::new();
        for object in self.find(&public, uri)? {
            for attribute in self.attributes(object, &[AttributeType::EcPoint], uri)? {
                if let Attribute::EcPoint(bytes) = attribute {
                    found.extend(spki(&bytes));
                }
            }
        }
        found.dedup();
        found.extend(info.filter(|_| found.is_empty()));
        match <[Vec<u8>; 1]>::try_from(found) {
            Ok([spki]) => match PublicKey::from_der(&spki).and_then(PublicKey::certifiable) {
                Ok(key) if key.kind == KeyKind::EcP256 => Ok(spki),
                _ => Err(unfit("the key's public half is not a point on P-256")),
            },
            Err(none) if none.is_empty() => Err(unfit(
                "the key's public half is not on the token: put it there, with the same id",
            )),
            Err(_) => Err(unfit("several public keys have this key's id")),
        }
    }

    fn find(&self, template: &[Attribute], uri: &Uri) -> Result<Vec<ObjectHandle>, Error> {
        let found = self.session.find_objects(template);
        found.map_err(failed(uri, "looking for the key"))
    }

    fn attributes(
        &self,
        object: ObjectHandle,
        asked: &[AttributeType],
        uri: &Uri,
    ) -> Result<Vec<Attribute>, Error> {
        let attributes = self.session.get_attributes(object, asked);
        attributes.map_err(failed(uri, "reading what the key is"))
    }
}

/// What an object's name is by a URI.
fn named(uri: &Uri) -> Vec<Attribute> {
    let label = uri.object().map(|label| Attribute::Label(label.into()));
    let id = uri.id().map(|id| Attribute::Id(id.to_vec()));
    label.into_iter().chain(id).collect()
}

/// The `SubjectPublicKeyInfo` of a `CKA_EC_POINT`: a DER OCTET STRING with the point in it (PKCS#11 2.40 §2.3.3), or, from
/// modules that read an older text, the point itself.
fn spki(point: &[u8]) -> Option<Vec<u8>> {
    let point = match point {
        [0x04, 0x41, inside @ ..] if inside.len() == 65 => inside,
        bare => bare,
    };
    (point.len() == 65).then(|| [SPKI, point].concat())
}

/// What stands before the point in a P-256 key's `SubjectPublicKeyInfo` (RFC 5480 §2).
pub(super) const SPKI: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// `CKA_EC_PARAMS` of P-256: the object identifier of `prime256v1` in DER (RFC 5480 §2.1.1.1).
const PRIME256V1: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
