//! Words for people.

use countersign_x509::{Certificate, name::escaped};

/// A certificate's subject, the common name first: `Amazon Root CA 1 (C=US, O=Amazon, CN=Amazon Root CA 1)`.
pub(crate) fn subject(certificate: &Certificate) -> String {
    named(certificate.common_name(), certificate.subject_text())
}

/// A certificate's issuer, by the same rule.
pub(crate) fn issuer(certificate: &Certificate) -> String {
    named(certificate.issuer_common_name(), certificate.issuer_text())
}

/// The shortest that tells a subject: its common name, or else all of it.
pub(crate) fn short_subject(certificate: &Certificate) -> String {
    short(certificate.common_name(), certificate.subject_text())
}

/// The same of its issuer.
pub(crate) fn short_issuer(certificate: &Certificate) -> String {
    short(certificate.issuer_common_name(), certificate.issuer_text())
}

fn named(common_name: Option<&str>, text: &str) -> String {
    match common_name {
        Some(name) if text == format!("CN={name}") => escaped(name),
        Some(name) => format!("{} ({})", escaped(name), escaped(text)),
        None if text.is_empty() => short(None, text),
        None => escaped(text),
    }
}

fn short(common_name: Option<&str>, text: &str) -> String {
    match (common_name, text) {
        (Some(name), _) => escaped(name),
        (None, "") => "(no name)".to_owned(),
        (None, text) => escaped(last_part(text)),
    }
}

/// `OU=Starfield Class 2 Certification Authority`, of a name that ends so: the last part says most.
fn last_part(text: &str) -> &str {
    let is_type = |rest: &str| {
        let kind = rest.split('=').next().unwrap_or_default();
        rest.contains('=') && kind.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'.')
    };
    text.rmatch_indices(", ")
        .filter_map(|(at, comma)| text.get(at.saturating_add(comma.len())..))
        .find(|rest| is_type(rest))
        .unwrap_or(text)
}

/// How a certificate was signed.
pub(crate) fn signature(certificate: &Certificate) -> String {
    let oid = certificate.signature_oid();
    let known = SIGNATURES.iter().find(|(known, _)| *known == oid);
    known.map_or_else(|| format!("OID {oid}"), |(_, name)| (*name).to_owned())
}

/// `1 certificate`, `2 certificates`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        several => format!("{several} {what}s"),
    }
}

/// `certificate 2`, `certificates 2 and 3`, `certificates 1, 2 and 3`.
pub(crate) fn certificates(positions: &[usize]) -> String {
    let texts: Vec<String> = positions.iter().map(ToString::to_string).collect();
    match &texts[..] {
        [] => "no certificates".to_owned(),
        [one] => format!("certificate {one}"),
        [before @ .., last] => format!("certificates {} and {last}", before.join(", ")),
    }
}

/// RFC 8017, RFC 5758, RFC 8410, RFC 3279.
const SIGNATURES: [(&str, &str); 12] = [
    ("1.2.840.113549.1.1.4", "RSA with MD5"),
    ("1.2.840.113549.1.1.5", "RSA with SHA-1"),
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.113549.1.1.11", "RSA with SHA-256"),
    ("1.2.840.113549.1.1.12", "RSA with SHA-384"),
    ("1.2.840.113549.1.1.13", "RSA with SHA-512"),
    ("1.2.840.10045.4.1", "ECDSA with SHA-1"),
    ("1.2.840.10045.4.3.2", "ECDSA with SHA-256"),
    ("1.2.840.10045.4.3.3", "ECDSA with SHA-384"),
    ("1.2.840.10045.4.3.4", "ECDSA with SHA-512"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_name_without_a_common_name_says_most() {
        for (text, short) in [
            ("C=US, O=Tech, Inc., OU=Class 2 CA", "OU=Class 2 CA"),
            ("O=Tech, Inc.", "O=Tech, Inc."),
            ("any", "any"),
        ] {
            assert_eq!(last_part(text), short);
        }
    }

    #[test]
    fn positions_are_said_as_people_do() {
        assert_eq!(certificates(&[2]), "certificate 2");
        assert_eq!(certificates(&[2, 3]), "certificates 2 and 3");
        assert_eq!(certificates(&[1, 2, 3]), "certificates 1, 2 and 3");
    }
}
