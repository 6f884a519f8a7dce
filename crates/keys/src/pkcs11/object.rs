//! The objects on a token: a private key, and its public half.

use aws_lc_rs::{
    encoding::AsDer as _,
    rand,
    signature::{RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents},
};
use cryptoki::{
    error::Error as Failure,
    mechanism::{
        Mechanism, MechanismType,
        rsa::{PkcsMgfType, PkcsPssParams},
    },
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
};

use super::{failed, module::Open};
use crate::{Error, Uri, image::Algorithm};

impl Open {
    /// Finds the private key of a URI, takes it for signing where it is of a kind that is wanted, and gives its public half as
    /// a `SubjectPublicKeyInfo`.
    pub(super) fn private_key(
        &mut self,
        uri: &Uri,
        wanted: &[Algorithm],
    ) -> Result<(Algorithm, Vec<u8>), Error> {
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
        let found = self.public_half(key, uri, wanted)?;
        self.key = Some(key);
        Ok(found)
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

    /// Signs a digest: `r || s`, or RSA's number.
    pub(super) fn sign(&self, algorithm: Algorithm, digest: &[u8]) -> Result<Vec<u8>, Failure> {
        let key = self.key.ok_or(Failure::InvalidValue)?;
        let mechanism = match algorithm {
            Algorithm::EcdsaP256 | Algorithm::EcdsaP384 => Mechanism::Ecdsa,
            Algorithm::RsaPss3072 => Mechanism::RsaPkcsPss(PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                s_len: 32.into(),
            }),
        };
        self.session.sign(&mechanism, key, digest)
    }

    fn public_half(
        &self,
        key: ObjectHandle,
        uri: &Uri,
        wanted: &[Algorithm],
    ) -> Result<(Algorithm, Vec<u8>), Error> {
        let unfit = |what| Error::UnfitKey {
            uri: uri.to_string(),
            what,
        };
        let for_images = wanted.contains(&Algorithm::RsaPss3072);
        let asked = [
            AttributeType::KeyType,
            AttributeType::EcParams,
            AttributeType::Id,
            AttributeType::Label,
            AttributeType::PublicKeyInfo,
        ];
        let mut public = vec![Attribute::Class(ObjectClass::PUBLIC_KEY)];
        let (mut id, mut label, mut info) = (None, None, None);
        for attribute in self.attributes(key, &asked, uri)? {
            match attribute {
                Attribute::KeyType(kind)
                    if kind == KeyType::EC || kind == KeyType::RSA && for_images =>
                {
                    public.push(Attribute::KeyType(kind));
                }
                Attribute::KeyType(_) if for_images => {
                    return Err(unfit("the key is neither RSA nor of an elliptic curve"));
                }
                Attribute::KeyType(_) => {
                    return Err(unfit("the key is not one of an elliptic curve"));
                }
                Attribute::EcParams(curve) if curve == PRIME256V1 => {}
                Attribute::EcParams(curve) if curve == SECP384R1 && for_images => {}
                Attribute::EcParams(_) if for_images => {
                    return Err(unfit("the key is on another curve than P-256 and P-384"));
                }
                Attribute::EcParams(_) => {
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
            found.extend(self.spki(object, uri)?);
        }
        found.dedup();
        found.extend(info.filter(|_| found.is_empty()));
        match <[Vec<u8>; 1]>::try_from(found) {
            Ok([spki]) => match Algorithm::of(&spki).filter(|found| wanted.contains(found)) {
                Some(algorithm) => Ok((algorithm, spki)),
                None if for_images => Err(unfit(
                    "the key's public half is neither RSA-3072 nor a point on P-256 or P-384",
                )),
                None => Err(unfit("the key's public half is not a point on P-256")),
            },
            Err(none) if none.is_empty() => Err(unfit(
                "the key's public half is not on the token: put it there, with the same id",
            )),
            Err(_) => Err(unfit("several public keys have this key's id")),
        }
    }

    /// The `SubjectPublicKeyInfo` of a public key on the token; `None` for kinds that are used nowhere here.
    fn spki(&self, object: ObjectHandle, uri: &Uri) -> Result<Option<Vec<u8>>, Error> {
        let asked = [AttributeType::KeyType];
        let kind = self.attributes(object, &asked, uri)?;
        let asked: &[_] = match kind.first() {
            Some(Attribute::KeyType(kind)) if *kind == KeyType::EC => &[AttributeType::EcPoint],
            Some(Attribute::KeyType(kind)) if *kind == KeyType::RSA => {
                &[AttributeType::Modulus, AttributeType::PublicExponent]
            }
            _ => return Ok(None),
        };
        let numbers = self.attributes(object, asked, uri)?;
        Ok(match numbers.as_slice() {
            [Attribute::EcPoint(point)] => point_spki(point),
            [Attribute::Modulus(n), Attribute::PublicExponent(e)] => rsa_spki(n, e),
            _ => None,
        })
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
fn point_spki(point: &[u8]) -> Option<Vec<u8>> {
    for (head, len) in [(P256_SPKI, 65_u8), (P384_SPKI, 97)] {
        let bare = match point {
            [0x04, inside_len, inside @ ..] if *inside_len == len => inside,
            bare => bare,
        };
        if bare.len() == usize::from(len) {
            return Some([head, bare].concat());
        }
    }
    None
}

/// The `SubjectPublicKeyInfo` of `CKA_MODULUS` and `CKA_PUBLIC_EXPONENT`, which may begin with zeros.
fn rsa_spki(n: &[u8], e: &[u8]) -> Option<Vec<u8>> {
    let trimmed = |number: &[u8]| {
        let digits = number.iter().skip_while(|digit| **digit == 0);
        digits.copied().collect::<Vec<_>>()
    };
    let numbers = RsaPublicKeyComponents {
        n: trimmed(n),
        e: trimmed(e),
    };
    let key = numbers.to_parsed_public_key(&RSA_PSS_2048_8192_SHA256);
    Some(key.ok()?.as_der().ok()?.as_ref().to_vec())
}

/// What stands before the point in a P-256 key's `SubjectPublicKeyInfo` (RFC 5480 §2).
const P256_SPKI: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// The same of P-384.
const P384_SPKI: &[u8] = &[
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
];
/// `CKA_EC_PARAMS` of P-256: the object identifier of `prime256v1` in DER (RFC 5480 §2.1.1.1).
const PRIME256V1: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// The same of P-384, `secp384r1`.
const SECP384R1: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
