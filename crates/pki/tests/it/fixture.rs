//! Two hierarchies, made once.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use countersign_pki::{
    Authority, Profile, ProfileRules, Profiles, SignError, Signer, Validity, root, urn::device_urn,
};
use countersign_protocol::UnixTime;
use countersign_x509::Certificate;

/// A P-256 key in memory.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    spki: Vec<u8>,
}

impl Key {
    pub(crate) fn generate() -> Arc<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
        Arc::new(Self { pair, spki })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Signer for Key {
    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signed = self.pair.sign(&SystemRandom::new(), message);
        Ok(signed.unwrap().as_ref().to_vec())
    }
}

/// A root and an issuing CA below it.
pub(crate) struct Hierarchy {
    pub(crate) root: Certificate,
    pub(crate) root_authority: Authority,
    pub(crate) issuing: Authority,
}

impl Hierarchy {
    pub(crate) fn new(name: &str) -> Self {
        let root_key = Key::generate();
        let rules = &RULES.root;
        let root_name = format!("{name} root");
        let root = root::self_sign(&root_name, rules, &*root_key, long(), [1; 16]).unwrap();
        let root_authority = Authority::new(root.clone(), vec![], root_key).unwrap();
        let key = Key::generate();
        let certificate = root_authority
            .issue_ca(
                &format!("{name} issuing"),
                &RULES.issuing,
                key.public_key(),
                long(),
                [2; 16],
            )
            .unwrap();
        let issuing = Authority::new(certificate, vec![root.clone()], key).unwrap();
        Self {
            root,
            root_authority,
            issuing,
        }
    }
}

/// Those of a new installation.
pub(crate) static RULES: LazyLock<Profiles> = LazyLock::new(Profiles::default);

pub(crate) fn rules(profile: &Profile) -> &'static ProfileRules {
    match profile {
        Profile::Server { .. } => &RULES.server,
        Profile::Device { .. } => &RULES.device,
    }
}

pub(crate) static SERVERS: LazyLock<Hierarchy> =
    LazyLock::new(|| Hierarchy::new("Example servers"));
pub(crate) static DEVICES: LazyLock<Hierarchy> =
    LazyLock::new(|| Hierarchy::new("Example devices"));

pub(crate) fn server_profile() -> Profile {
    let names = [
        "updates.example",
        "*.dl.example",
        "192.0.2.7",
        "2001:db8::7",
    ];
    Profile::Server {
        names: names.map(str::to_owned).to_vec(),
    }
}

pub(crate) fn device_profile() -> Profile {
    Profile::Device {
        id: "7cdfa1000001".to_owned(),
        urn: device_urn("7cdfa1000001"),
    }
}

/// The chain that a new end entity of this profile sends.
pub(crate) fn chain(hierarchy: &Hierarchy, profile: &Profile) -> Vec<Certificate> {
    let key = Key::generate();
    let issuing = &hierarchy.issuing;
    let made = issuing.issue(
        profile,
        rules(profile),
        key.public_key(),
        long(),
        [0xff; 16],
    );
    issuing.chain_of(made.unwrap())
}

pub(crate) const fn long() -> Validity {
    Validity {
        not_before: START,
        not_after: None,
    }
}

/// 2026-01-01T00:00:00Z.
pub(crate) const START: UnixTime = UnixTime(1_767_225_600);
