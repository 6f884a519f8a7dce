//! Why a chain is refused: the first reason, in the order in which mending them helps.

use countersign_protocol::UnixTime;
use countersign_x509::Error;
use esp_formats::bundle::Entry;

use super::{Refusal, callback::Reason, handshake::Findings};
use crate::mbedtls::{
    Certificate, DIGITAL_SIGNATURE, Key, SERVER_AUTH, Time, Unreadable, flags, host_name,
    path::{self, Fault, Who},
    signature::Check,
};

/// Why a chain was refused of which all was found out.
pub(super) fn of(findings: &Findings<'_, '_, '_>) -> Refusal {
    server(findings)
        .or_else(|| links(findings))
        .or_else(|| look_up(findings))
        // A chain is refused for a flag or for a look-up, and each has its reason above.
        .unwrap_or(Refusal::NoCertificate)
}

/// Why no path was built.
pub(super) fn no_path(findings: &Findings<'_, '_, '_>, fault: Fault<'_>) -> Refusal {
    server(findings).unwrap_or_else(|| match fault {
        Fault::TooMany => Refusal::TooMany,
        Fault::RootKey { position, root } => Refusal::AnchorKey {
            position,
            kind: kind_of(root.public_key),
        },
    })
}

/// Why the library cannot read a certificate.
pub(super) fn unreadable(position: usize, der: &[u8], fault: &Unreadable) -> Refusal {
    match fault {
        Unreadable::PassedOver { oid } => unknown_signature(position, oid),
        Unreadable::CriticalExtension { oid } => Refusal::CriticalExtension {
            position,
            oid: crate::text::oid(oid),
        },
        Unreadable::DuplicateExtension { oid, offset } => Refusal::Unreadable {
            position,
            cause: Error::DuplicateExtension {
                oid: crate::text::oid(oid),
                offset: *offset,
            },
        },
        Unreadable::UnknownKey => {
            let read = countersign_x509::Certificate::from_der(der);
            let kind = read.map_or_else(
                |_| "unknown".to_owned(),
                |certificate| certificate.key_description(),
            );
            Refusal::Key { position, kind }
        }
        Unreadable::Malformed(fault) => Refusal::Unreadable {
            position,
            cause: Error::Malformed {
                what: fault.what,
                offset: fault.offset,
            },
        },
    }
}

pub(super) fn unknown_signature(position: usize, oid: &[u8]) -> Refusal {
    Refusal::Signature {
        position,
        oid: crate::text::oid(oid),
    }
}

/// What is wrong with the server's own certificate.
fn server(findings: &Findings<'_, '_, '_>) -> Option<Refusal> {
    if let Some((0, oid)) = findings.passed_over.first() {
        return Some(unknown_signature(0, oid));
    }
    let leaf = findings.sent.first()?;
    if !leaf.extensions.allows(DIGITAL_SIGNATURE) || !leaf.extensions.is_for(SERVER_AUTH) {
        return Some(Refusal::NotAServers);
    }
    if !findings.name_is_wrong {
        return None;
    }
    let host = countersign_x509::name::escaped(findings.host);
    if host_name::has_address(leaf, findings.host) {
        return Some(Refusal::AddressNotCompared { host });
    }
    let names = host_name::all(leaf);
    Some(Refusal::WrongName { host, names })
}

/// What is wrong with a certificate of the path beside who signed it.
fn links(findings: &Findings<'_, '_, '_>) -> Option<Refusal> {
    let rules = &findings.settings.rules;
    for link in findings.links {
        let certificate = match link.who {
            Who::Sent(certificate) => certificate,
            Who::Root(root) => {
                if rules.cross_signed_flawed && link.flags & flags::EXPIRED != 0 {
                    return Some(Refusal::AnchorExpired {
                        subject: crate::text::name(root.name),
                    });
                }
                continue;
            }
        };
        let position = certificate.position;
        let weak = link.flags & flags::BAD_MD != 0;
        if weak && !is_forgivable(link.flags, rules.forgives_weak_hash) {
            let oid = signature_oid(certificate);
            return Some(Refusal::Signature { position, oid });
        }
        if !certificate.key.suits_profile(rules) || !certificate.key.is_computable() {
            let kind = certificate.key.to_string();
            return Some(Refusal::Key { position, kind });
        }
        if let Some(refusal) = date(certificate, findings.settings.time) {
            return Some(refusal);
        }
        if link.signature == Some(Check::Unknown) {
            let oid = signature_oid(certificate);
            return Some(Refusal::Unchecked { position, oid });
        }
    }
    // A root's key is weighed only where a path may end at it.
    let below_root = findings.links.iter().rev().nth(1)?;
    let root = findings.links.last()?;
    match (root.who, below_root.who) {
        (Who::Root(root), Who::Sent(child)) if below_root.flags & flags::BAD_KEY != 0 => {
            let kind = kind_of(root.public_key);
            let position = child.position;
            Some(Refusal::AnchorKey { position, kind })
        }
        _ => None,
    }
}

/// The kind of a key for people: with the form of its point, where that is what may be wrong with it.
fn kind_of(spki: &[u8]) -> String {
    let Ok(key) = countersign_x509::PublicKey::from_der(spki) else {
        return "unknown".to_owned();
    };
    let compressed = key.kind.point_len().is_some() && matches!(key.key.first(), Some(2 | 3));
    let form = if compressed { ", compressed" } else { "" };
    format!("{}{form}", key.kind)
}

/// Whether the callback would be asked in spite of a weak hash.
const fn is_forgivable(found: u32, forgives: bool) -> bool {
    forgives && found & !flags::BAD_MD == flags::NOT_TRUSTED
}

fn date(certificate: &Certificate<'_>, time: Time) -> Option<Refusal> {
    let position = certificate.position;
    let (Time::At(now) | Time::AtLeast(now)) = time else {
        return None;
    };
    if certificate.has_ended(time) {
        return Some(Refusal::Expired {
            position,
            not_after: unix(certificate.not_after),
            floor: now,
        });
    }
    certificate
        .has_not_begun(time)
        .then(|| Refusal::NotYetValid {
            position,
            not_before: unix(certificate.not_before),
            now,
        })
}

fn unix(seconds: i64) -> UnixTime {
    UnixTime(u64::try_from(seconds).unwrap_or(0))
}

/// Why the bundle does not vouch.
fn look_up(findings: &Findings<'_, '_, '_>) -> Option<Refusal> {
    let (certificate, reason) = findings.failed?;
    let position = certificate.position;
    let issuer = crate::text::name(certificate.issuer_raw);
    Some(match reason {
        Reason::Missing => missing(findings, certificate),
        Reason::Beyond => Refusal::BundleCut { position, issuer },
        Reason::OtherKey(found) if Key::parse(found.key, &findings.settings.rules).is_err() => {
            Refusal::AnchorKey {
                position,
                kind: kind_of(found.key),
            }
        }
        Reason::OtherKey(found) => {
            let signed = |entry: &Entry<'_>| {
                entry.name == found.name
                    && findings.settings.signatures.check(certificate, entry.key) == Check::Good
            };
            if findings.bundle.iter().any(|entry| signed(&entry)) {
                Refusal::AnchorShadowed { position, issuer }
            } else {
                Refusal::WrongAnchor { position, issuer }
            }
        }
        Reason::UnusableKey(entry) => {
            let kind = kind_of(entry.key);
            Refusal::AnchorKey { position, kind }
        }
        Reason::Uncheckable => {
            let oid = signature_oid(certificate);
            Refusal::Signature { position, oid }
        }
        Reason::Unknown => {
            let oid = signature_oid(certificate);
            Refusal::Unchecked { position, oid }
        }
    })
}

/// Why the issuer of a certificate is neither in the bundle nor among what was sent.
fn missing(findings: &Findings<'_, '_, '_>, certificate: &Certificate<'_>) -> Refusal {
    let position = certificate.position;
    let issuer = crate::text::name(certificate.issuer_raw);
    let mut pairs = findings.links.iter().zip(findings.links.iter().skip(1));
    if let Some(issuer_position) = pairs.find_map(|pair| match (pair.0.who, pair.1.who) {
        (Who::Sent(child), Who::Sent(parent)) if child.position == position => {
            Some(parent.position)
        }
        _ => None,
    }) {
        return Refusal::WrongIssuer {
            position,
            issuer_position,
        };
    }
    let mut others = findings.sent.iter();
    let named =
        others.find(|other| other.position != position && other.subject.is(&certificate.issuer));
    if let Some(other) = named {
        if !path::may_issue(other) {
            let position = other.position;
            return Refusal::NotACa { position };
        }
        if other.position < position {
            return Refusal::OutOfOrder {
                position,
                issuer_position: other.position,
            };
        }
        let position = other.position;
        return Refusal::PathTooLong { position };
    }
    let mut entries = findings.bundle.iter();
    if entries.any(|entry| entry.name == certificate.issuer_raw) {
        return Refusal::BundleUnsorted { position, issuer };
    }
    // The newer root is there, but this is its cross-certificate under an older one.
    let own = findings.bundle.find(certificate.subject_raw);
    if own.is_some_and(|entry| entry.key == certificate.public_key) {
        let subject = crate::text::name(certificate.subject_raw);
        return Refusal::CrossSigned {
            position,
            subject,
            issuer,
        };
    }
    let itself = certificate.subject.is(&certificate.issuer);
    Refusal::UnknownIssuer {
        position,
        issuer,
        itself,
    }
}

/// The OID of a certificate's signature algorithm, in dotted form.
fn signature_oid(certificate: &Certificate<'_>) -> String {
    crate::text::oid(certificate.signed_with.oid)
}

#[cfg(test)]
mod tests {
    use rcgen::{DistinguishedName, DnType};

    use super::*;
    use crate::{Clock, Device, IdfRelease, bundle, device::DEFAULT_MAX_ENTRIES, judge, mint::Ca};

    #[test]
    fn a_verdict_turns_no_letters_round_and_moves_no_terminal() {
        let root = Ca::root("root");
        let leaf = root.leaf_with(&[], |params| {
            params.distinguished_name = DistinguishedName::new();
            let name = "moc.\u{202e}live\u{1b}[2J";
            params.distinguished_name.push(DnType::CommonName, name);
        });
        let release = IdfRelease::new(5, 5, 1);
        let roots = [root.certificate.clone()];
        let device = Device {
            release,
            bundle: &bundle::build(&roots, bundle::format_for(release)).unwrap(),
            clock: Clock::Ignored,
            cross_signed: false,
            max_entries: DEFAULT_MAX_ENTRIES,
        };
        let verdict = judge(&[&leaf], "a\u{2066}.test", &device);
        let refusal = verdict.outcome.unwrap_err();
        let expected = Refusal::WrongName {
            host: "a\\u{2066}.test".to_owned(),
            names: vec!["moc.\\u{202e}live\\u{1b}[2J".to_owned()],
        };
        assert_eq!(refusal, expected);
        for step in verdict.steps {
            let said = step.to_string();
            assert!(countersign_x509::name::is_harmless(&said), "{said:?}");
        }
    }
}
