//! What an ESP-IDF client with a certificate bundle accepts.
//!
//! Sources: mbedTLS 3.6, `library/x509_crt.c` (path building, names, default profile); ESP-IDF v5.5.5,
//! `components/mbedtls/esp_crt_bundle/esp_crt_bundle.c` (the bundle's verify callback).
//!
//! A device differs from a browser: it builds one path, upwards through the certificates that were
//! sent and in no other order; it does not stop at a certificate whose name and key it trusts; and a
//! bundle is names and keys, without dates or constraints.

mod host_name;
mod path;
mod refusal;

use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, KeyKind};
use esp_formats::bundle::{Bundle, Entry};

pub use refusal::Refusal;

/// The proof that a device accepts a chain: only [`verify`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted<'b> {
    anchor: Entry<'b>,
    path: Vec<usize>,
}

impl<'b> Accepted<'b> {
    /// The entry of the bundle under which the path ends.
    pub const fn anchor(&self) -> Entry<'b> {
        self.anchor
    }

    /// The certificates that the path is made of, by their position in what was sent, the server's
    /// own first.
    pub fn path(&self) -> &[usize] {
        &self.path
    }
}

/// Does what a device with this bundle does when a server that it calls `host` sends `chain`.
///
/// `chain` is DER in the order sent, the server's own first. `floor` is the earliest time that now
/// can be: what ended before it is refused. What has not begun yet is not, since a device's clock
/// may be behind. Without a floor dates are not looked at, as in ESP-IDF's default build. A host that is
/// an IP address is understood by newer releases only ([`crate::IdfRelease::reads_ip_addresses`]).
///
/// # Errors
/// [`Refusal`]: the first reason, in the order in which mending them helps.
pub fn verify<'b>(
    chain: &[&[u8]],
    bundle: &Bundle<'b>,
    host: &str,
    floor: Option<UnixTime>,
) -> Result<Accepted<'b>, Refusal> {
    // 1. Every certificate is parsed when it arrives, whether it is needed or not.
    let sent = chain
        .iter()
        .enumerate()
        .map(|(position, der)| read(position, der))
        .collect::<Result<Vec<_>, _>>()?;
    let leaf = sent.first().ok_or(Refusal::NoCertificate)?;

    // 2. The server's own must be for servers, and for this one.
    check_usage(leaf)?;
    if !host_name::matches(leaf, host) {
        return Err(Refusal::WrongName {
            host: host.to_owned(),
            names: host_name::all(leaf),
        });
    }

    // 3. The path goes upwards through what was sent.
    let path = path::build(&sent, floor)?;
    for link in &path {
        check_profile(link.position, link.certificate)?;
        check_date(link.position, link.certificate, floor)?;
    }

    // 4. From the top down, what nothing sent vouches for is looked up in the bundle.
    let mut anchor = None;
    for link in path.iter().rev().filter(|link| !link.vouched_for) {
        let found = look_up(link, &sent, bundle)?;
        anchor = anchor.or(Some(found));
    }
    let anchor = anchor.ok_or(Refusal::NoCertificate)?;
    let path = path.iter().map(|link| link.position).collect();
    Ok(Accepted { anchor, path })
}

fn read(position: usize, der: &[u8]) -> Result<Certificate, Refusal> {
    let certificate =
        Certificate::from_der(der).map_err(|cause| Refusal::Unreadable { position, cause })?;
    let unknown = |oid: &&String| !KNOWN_EXTENSIONS.contains(&oid.as_str());
    if let Some(oid) = certificate.critical_extensions().iter().find(unknown) {
        let oid = oid.clone();
        return Err(Refusal::CriticalExtension { position, oid });
    }
    match certificate.key_kind() {
        KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 | KeyKind::Rsa { .. } => {
            Ok(certificate)
        }
        kind => Err(Refusal::Key {
            position,
            kind: kind.to_string(),
        }),
    }
}

/// `mbedtls_ssl_check_cert_usage` for a server: a usage that is not stated is not limited.
fn check_usage(leaf: &Certificate) -> Result<(), Refusal> {
    let for_tls = leaf.key_usage().is_none_or(|usage| {
        usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
    });
    let for_servers = leaf
        .extended_key_usage()
        .is_none_or(|usage| usage.server_auth || usage.any);
    if for_tls && for_servers {
        return Ok(());
    }
    Err(Refusal::NotAServers)
}

/// `mbedtls_x509_crt_profile_default`, as far as [`read`] has not seen to it.
fn check_profile(position: usize, certificate: &Certificate) -> Result<(), Refusal> {
    match certificate.key_kind() {
        KeyKind::Rsa { bits: ..2048 } => Err(Refusal::Key {
            position,
            kind: certificate.key_description(),
        }),
        _ => Ok(()),
    }
}

fn check_date(
    position: usize,
    certificate: &Certificate,
    floor: Option<UnixTime>,
) -> Result<(), Refusal> {
    match floor {
        Some(floor) if certificate.not_after() < floor.0 => Err(Refusal::Expired {
            position,
            not_after: UnixTime(certificate.not_after()),
            floor,
        }),
        _ => Ok(()),
    }
}

/// The bundle's callback: one search by name, and the one key that it meets is tried.
fn look_up<'b>(
    link: &path::Link<'_>,
    sent: &[Certificate],
    bundle: &Bundle<'b>,
) -> Result<Entry<'b>, Refusal> {
    let path::Link {
        position,
        certificate,
        ..
    } = *link;
    let Some(entry) = bundle.find(certificate.issuer()) else {
        return Err(path::diagnose(position, certificate, sent, bundle));
    };
    match certificate.verify_signature_with(entry.key) {
        Ok(()) => Ok(entry),
        // The callback forgives SHA-1 at the top: old roots sign themselves so. Where the key is the
        // trusted one itself, its signature under its own name proves nothing more.
        Err(countersign_x509::Error::UnsupportedSignature { .. })
            if certificate.is_self_issued() && certificate.public_key() == entry.key =>
        {
            Ok(entry)
        }
        Err(countersign_x509::Error::UnsupportedSignature { oid, .. }) => {
            Err(Refusal::Signature { position, oid })
        }
        Err(_) => Err(Refusal::WrongAnchor {
            position,
            issuer: certificate.issuer_text().to_owned(),
        }),
    }
}

/// The extensions that mbedTLS 3.6 reads (`x509_get_crt_ext`); any other, if critical, ends the parse.
const KNOWN_EXTENSIONS: [&str; 8] = [
    "2.16.840.1.113730.1.1", // netscape-cert-type
    "2.5.29.14",             // subjectKeyIdentifier
    "2.5.29.15",             // keyUsage
    "2.5.29.17",             // subjectAltName
    "2.5.29.19",             // basicConstraints
    "2.5.29.32",             // certificatePolicies
    "2.5.29.35",             // authorityKeyIdentifier
    "2.5.29.37",             // extKeyUsage
];

#[cfg(test)]
pub(crate) mod tests;
