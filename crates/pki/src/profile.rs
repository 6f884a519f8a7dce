//! What end entities are certified for, and as whom.

use std::net::IpAddr;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, SanType};

use crate::{Error, issue::named};

/// The two kinds of end entities.
///
/// Neither is good for the other's purpose: each has one extended key usage, and they are issued
/// under different roots.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Profile {
    /// One of our servers: `serverAuth`.
    Server {
        /// Its names: DNS names, of which the first label may be `*`, and IP addresses. The first
        /// is its common name too, where it is short enough.
        names: Vec<String>,
    },
    /// A device: `clientAuth`.
    Device {
        /// Its id, which is its common name: 1 to 64 characters.
        id: String,
        /// Its URN, as of [`crate::urn`], in the subject alternative name.
        urn: String,
    },
}

impl Profile {
    /// The template, without what the rules say, and what depends on the day, the key and the issuer.
    pub(crate) fn template(&self) -> Result<CertificateParams, Error> {
        match self {
            Self::Server { names } => server(names),
            Self::Device { id, urn } => device(id, urn),
        }
    }
}

fn server(names: &[String]) -> Result<CertificateParams, Error> {
    let first = names
        .first()
        .ok_or_else(|| refused("", "a server needs a name"))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = named(first).unwrap_or_default();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = names
        .iter()
        .map(|name| match name.parse::<IpAddr>() {
            Ok(address) => Ok(SanType::IpAddress(address)),
            Err(_) if is_dns_name(name) => ia5(name).map(SanType::DnsName),
            Err(_) => Err(refused(name, "neither a DNS name nor an IP address")),
        })
        .collect::<Result<_, _>>()?;
    Ok(params)
}

fn device(id: &str, urn: &str) -> Result<CertificateParams, Error> {
    let printable = urn.bytes().all(|c| c.is_ascii_graphic());
    if !urn.starts_with("urn:") || !printable {
        return Err(refused(urn, "not a URN"));
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = named(id)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![SanType::URI(ia5(urn)?)];
    Ok(params)
}

/// Preferred name syntax (RFC 1034 §3.5, RFC 1123 §2.1), and a wildcard for the first label.
fn is_dns_name(name: &str) -> bool {
    let bare = name.strip_prefix("*.").unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // What looks like a mistyped IPv4 address is not taken for a name.
    let numeric = bare.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    name.len() <= 253 && !numeric && bare.split('.').all(label)
}

fn ia5(name: &str) -> Result<rcgen::string::Ia5String, Error> {
    name.try_into().map_err(|_| refused(name, "not ASCII"))
}

pub(crate) fn refused(name: &str, rule: &'static str) -> Error {
    Error::Name {
        name: name.to_owned(),
        rule,
    }
}
