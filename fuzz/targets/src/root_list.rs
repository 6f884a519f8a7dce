//! A list of roots, PEM or the CCADB's CSV ([`countersign_trust::list`]).

use std::fmt::Write as _;

use countersign_operations::text::rfc3339;
use countersign_protocol::UnixTime;
use countersign_trust::list::{List, read};
use countersign_x509::pem;

use crate::plain::{assert_all_plain, assert_plain_error};

/// Each root is there once, nothing of a key is taken, and the roots are the same once they are written and read again.
pub fn run(text: &[u8]) {
    let list = match read(text) {
        Ok(list) => list,
        Err(error) => return assert_plain_error(&error),
    };
    check(text, &list);
    let certificates: Vec<_> = list
        .roots
        .iter()
        .map(|root| root.certificate.clone())
        .collect();
    let as_pem = read(pem::to_pem(&certificates).as_bytes()).unwrap();
    assert!(as_pem.passed_over.is_empty() && as_pem.roots.iter().all(|root| root.name.is_none()));
    assert!(
        as_pem
            .roots
            .iter()
            .map(|root| &root.certificate)
            .eq(&certificates)
    );
    let as_csv = read(csv(&list).as_bytes()).unwrap();
    assert_eq!((as_csv.roots, as_csv.passed_over), (list.roots, vec![]));

    let key = pem::encode("PRIVATE KEY", SECRET);
    let with_keys = [key.as_bytes(), text, key.as_bytes(), text, key.as_bytes()].concat();
    if let Ok(list) = read(&with_keys) {
        check(&with_keys, &list);
        let secret = key.lines().nth(1).unwrap();
        let said = |text: &String| text.contains(secret);
        assert!(!list.passed_over.iter().any(said));
        let within = |der: &[u8]| der.windows(SECRET.len()).any(|here| here == SECRET);
        assert!(!list.roots.iter().any(|root| within(root.certificate.der())));
    }
}

fn check(text: &[u8], list: &List) {
    assert_all_plain(&list.passed_over);
    assert_all_plain(list.roots.iter().filter_map(|root| root.name.as_deref()));
    for (at, root) in list.roots.iter().enumerate() {
        let same = |other: &_| root.certificate == *other;
        assert!(
            !list
                .roots
                .iter()
                .take(at)
                .any(|other| same(&other.certificate))
        );
    }
    // What is not CSV and has no odd block has what the reader of chains finds in it.
    let head = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if let (false, Ok(mut all)) = (head.contains(&b','), pem::certificates(text)) {
        let mut seen = std::collections::HashSet::new();
        all.retain(|certificate| seen.insert(certificate.fingerprint()));
        assert!(list.roots.iter().map(|root| &root.certificate).eq(&all));
    }
}

/// The list as the CCADB would write it.
fn csv(list: &List) -> String {
    let mut text =
        "Common Name or Certificate Name,Distrust for TLS After Date,PEM Info\r\n".to_owned();
    for root in &list.roots {
        let name = root
            .name
            .as_deref()
            .unwrap_or_default()
            .replace('"', "\"\"");
        let date = root
            .distrust_after
            .map(|at| rfc3339(UnixTime(at)))
            .unwrap_or_default();
        let day = date.split('T').next().unwrap_or_default().replace('-', ".");
        let pem = pem::encode(pem::CERTIFICATE, root.certificate.der());
        let _ = write!(text, "\"{name}\",{day},\"'{pem}'\"\r\n");
    }
    text
}

const SECRET: &[u8] = b"what only the owner of a key knows, in three times 16 b";
