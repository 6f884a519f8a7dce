//! Whether a certificate is for a host (`library/x509_crt.c`, `x509_crt_verify_name`).

use std::net::IpAddr;

use super::{
    Certificate, Rules,
    extensions::{DNS_NAME, IP_ADDRESS, URI},
};

/// By the subject alternative names; by common names only where there are none of any type.
pub(crate) fn matches(leaf: &Certificate<'_>, host: &str, rules: &Rules) -> bool {
    let Some(names) = &leaf.extensions.alternative_names else {
        return leaf.subject.common_names().any(|name| is(name, host));
    };
    let address = host.parse::<IpAddr>().ok();
    names.iter().any(|(kind, name)| match *kind {
        DNS_NAME => is(name, host),
        IP_ADDRESS if rules.ip_addresses => {
            address.is_some_and(|address| is_address(name, address))
        }
        URI if rules.ip_addresses => *name == host.as_bytes(),
        _ => false,
    })
}

/// Whether it would be for the host, if the device compared addresses.
pub(crate) fn has_address(leaf: &Certificate<'_>, host: &str) -> bool {
    let names = leaf.extensions.alternative_names.as_deref();
    let Ok(address) = host.parse::<IpAddr>() else {
        return false;
    };
    names
        .unwrap_or_default()
        .iter()
        .any(|(kind, name)| *kind == IP_ADDRESS && is_address(name, address))
}

/// All the names that it is for; what is no plain text is replaced.
pub(crate) fn all(leaf: &Certificate<'_>) -> Vec<String> {
    let Some(names) = &leaf.extensions.alternative_names else {
        return leaf.subject.common_names().map(plain).collect();
    };
    let shown = |(kind, name): &(u8, &[u8])| match *kind {
        DNS_NAME => Some(plain(name)),
        IP_ADDRESS => address(name).map(|address| address.to_string()),
        _ => None,
    };
    names.iter().filter_map(shown).collect()
}

fn plain(name: &[u8]) -> String {
    crate::text::plain(&String::from_utf8_lossy(name))
}

fn is_address(name: &[u8], address: IpAddr) -> bool {
    self::address(name) == Some(address)
}

fn address(name: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(name).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(name).map(IpAddr::from))
        .ok()
}

/// `x509_crt_check_cn`: a `*` stands for exactly one whole first label.
fn is(name: &[u8], host: &str) -> bool {
    let host = host.as_bytes();
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    if name.len() < 3 || !name.starts_with(b"*.") {
        return false;
    }
    match host.iter().position(|byte| *byte == b'.') {
        None | Some(0) => false,
        Some(dot) => match (name.get(1..), host.get(dot..)) {
            (Some(suffix), Some(rest)) => suffix.eq_ignore_ascii_case(rest),
            _ => false,
        },
    }
}
