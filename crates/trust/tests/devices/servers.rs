//! CAs and servers that are as they should be, unless told otherwise.

use countersign_trust::{Clock, Device, IdfRelease, Verdict, device::DEFAULT_MAX_ENTRIES, judge};
use rcgen::KeyPair;

use crate::{
    bundle::{Format, bundle},
    der::tlv,
    forge::{self, Key, Name, Spec},
};

/// A CA with a key of its own.
pub struct Ca {
    pub name: Name,
    pub key: Key,
}

/// Changes what a certificate says.
pub type Change = fn(&mut Spec);

/// Changes nothing.
pub const fn same(_: &mut Spec) {}

impl Ca {
    pub fn new(name: &str) -> Self {
        Self::named(common(name))
    }

    pub fn named(name: Name) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let key = Key::fixed(&pair.serialize_pem());
        Self { name, key }
    }

    /// Its name and key, as a bundle has them.
    pub fn entry(&self) -> (Vec<u8>, Vec<u8>) {
        (forge::name(&self.name), self.key.spki.clone())
    }

    /// Its certificate by another, or by itself.
    pub fn by(&self, issuer: &Self, change: Change) -> Vec<u8> {
        let mut spec = spec(issuer, self.name.clone(), &self.key);
        spec.extensions = vec![(BASIC_CONSTRAINTS.to_vec(), true, tlv(0x30, &[1, 1, 0xff]))];
        change(&mut spec);
        forge::sign(&spec, &issuer.key)
    }

    /// What a certificate of it by another would say, without extensions.
    pub fn spec_by(&self, issuer: &Self) -> Spec {
        spec(issuer, self.name.clone(), &self.key)
    }

    /// A certificate for `s3.example`.
    pub fn leaf(&self, change: Change) -> Vec<u8> {
        let own = Self::new("s3.example");
        let mut spec = spec(self, own.name.clone(), &own.key);
        spec.extensions = vec![names(&[(0x82, b"s3.example")])];
        change(&mut spec);
        forge::sign(&spec, &self.key)
    }
}

/// A subject alternative name.
pub fn names(names: &[(u8, &[u8])]) -> forge::Extension {
    let list: Vec<u8> = names
        .iter()
        .flat_map(|(tag, name)| tlv(*tag, name))
        .collect();
    (vec![0x55, 0x1d, 0x11], false, tlv(0x30, &list))
}

/// A name of a common name alone.
pub fn common(name: &str) -> Name {
    vec![vec![(3, 0x0c, name.to_owned())]]
}

fn spec(issuer: &Ca, subject: Name, key: &Key) -> Spec {
    Spec::new(issuer.name.clone(), subject, key.spki.clone())
}

/// The bundle of these roots for a release, sorted as it should be.
pub fn bundle_for(release: IdfRelease, mut roots: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    roots.sort_by(|(one, _), (other, _)| one.cmp(other));
    bundle(format_of(release), &roots)
}

pub fn format_of(release: IdfRelease) -> Format {
    if release >= IdfRelease::new(5, 4, 0) {
        Format::Offsets
    } else {
        Format::Legacy
    }
}

/// What a release with these roots makes of a chain for `s3.example`, without a clock.
pub fn judged(release: IdfRelease, chain: &[&[u8]], roots: &[&Ca]) -> Verdict {
    let bundle = bundle_for(release, roots.iter().map(|root| root.entry()).collect());
    judged_with(release, chain, "s3.example", &bundle)
}

/// The same with a bundle's bytes.
pub fn judged_with(release: IdfRelease, chain: &[&[u8]], host: &str, bundle: &[u8]) -> Verdict {
    let device = Device {
        release,
        bundle,
        clock: Clock::Ignored,
        cross_signed: false,
        max_entries: DEFAULT_MAX_ENTRIES,
    };
    judge(chain, host, &device)
}

pub fn release(text: &str) -> IdfRelease {
    text.parse().unwrap()
}

const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
