//! What registered authorities' certificates call their devices.

use countersign_fleet::{AuthorityName, DeviceId, NameMapping, RegisteredAuthority};
use countersign_x509::{Certificate, name::escaped};

use crate::gate::Anchors;

/// The device that a certificate names, as those of its authority do; else what is wrong with its name, for people.
///
/// # Errors
/// What is wrong: there is no such name in it, or several, or one that no device may have.
pub fn device_of(
    certificate: &Certificate,
    authority: &RegisteredAuthority,
) -> Result<DeviceId, String> {
    let name = name_in(certificate, authority.mapping)?;
    DeviceId::registered(&authority.name, &name).map_err(|error| {
        let length = error.name.chars().count();
        let mut name: String = error.name.chars().take(SHOWN).collect();
        if length > SHOWN {
            name.push('…');
        }
        format!(
            "`{}`, of {length} characters, is no name that a device may have: {}",
            escaped(&name),
            error.rule
        )
    })
}

/// What is called a device in a certificate, whether or not one may be called so.
fn name_in(certificate: &Certificate, mapping: NameMapping) -> Result<String, String> {
    match mapping {
        // One that has two, or letters that readers disagree on, has none.
        NameMapping::CommonName => certificate.common_name().map(str::to_owned).ok_or_else(|| {
            let subject: String = certificate.subject_text().chars().take(2 * SHOWN).collect();
            format!("its subject `{subject}` has not one common name, of plain text")
        }),
        NameMapping::Uri => only(certificate.uris(), "URI").map(str::to_owned),
        // In the DNS, upper and lower case are one (RFC 4343 §3).
        NameMapping::DnsName => {
            only(certificate.dns_names(), "DNS name").map(str::to_ascii_lowercase)
        }
    }
}

fn only<'a>(names: &'a [String], what: &str) -> Result<&'a str, String> {
    match names {
        [name] => Ok(name),
        [] => Err(format!("it has no {what} as its subject alternative name")),
        names => Err(format!(
            "it has {} {what}s as its subject alternative names, and one is wanted",
            names.len()
        )),
    }
}

/// Who a certificate says that it is, not to be believed: the common name where it stands under our own root, or under nobody
/// that is known; under a registered authority the id in that one's namespace, and never one of ours.
pub fn claimed(
    anchors: &Anchors,
    certificate: &Certificate,
    authority: Option<&AuthorityName>,
) -> Option<String> {
    let Some(name) = authority else {
        return certificate.common_name().map(str::to_owned);
    };
    let named = anchors
        .registered(name)
        .and_then(|registered| device_of(certificate, &registered.authority).ok());
    // With a blank it is no id at all.
    let subject = || format!("{name}: {}", certificate.subject_text());
    Some(named.map_or_else(subject, |id| id.to_string()))
}

/// How many characters are shown of a name that is none: a stranger's may have thousands.
const SHOWN: usize = 80;
