//! Four CAs that have all certified each other: what `chain_paths` makes its chains of.

use std::sync::Arc;

use countersign_keys::FileKey;
use countersign_pki::{Authority, Profile, Profiles, Signer, root};
use countersign_x509::Certificate;

use crate::identity::VALIDITY;

/// In DER, one behind the other, in the order that the target says.
pub(crate) fn certificates() -> Vec<u8> {
    let cas: Vec<Authority> = ["A", "B", "C", "D"].into_iter().map(ca).collect();
    let roots = cas.iter().map(|ca| ca.certificate().clone());
    let mut all: Vec<Certificate> = roots.collect();
    for ca in &cas {
        let others = cas
            .iter()
            .filter(|other| other.certificate() != ca.certificate());
        all.extend(others.map(|other| under(ca, other)));
    }
    all.extend(cas.iter().map(server));
    let stranger = ca("A");
    all.extend([
        stranger.certificate().clone(),
        under(&stranger, &cas[1]),
        server(&stranger),
    ]);
    all.iter().flat_map(|one| one.der().to_vec()).collect()
}

fn ca(name: &'static str) -> Authority {
    let key = FileKey::generate().unwrap();
    let root = root::self_sign(name, &Profiles::default().root, &key, VALIDITY, [1; 16]).unwrap();
    Authority::new(root, vec![], Arc::new(key)).unwrap()
}

/// A CA as another certifies it.
fn under(ca: &Authority, other: &Authority) -> Certificate {
    let name = ca.certificate().common_name().unwrap();
    let spki = ca.certificate().public_key();
    other
        .issue_ca(name, &Profiles::default().issuing, spki, VALIDITY, [2; 16])
        .unwrap()
}

fn server(ca: &Authority) -> Certificate {
    let names = vec!["s3.example".to_owned()];
    let key = FileKey::generate().unwrap();
    let spki = key.public_key();
    ca.issue(
        &Profile::Server { names },
        &Profiles::default().server,
        spki,
        VALIDITY,
        [3; 16],
    )
    .unwrap()
}
