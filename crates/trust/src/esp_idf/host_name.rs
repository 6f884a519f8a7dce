//! Whether a certificate is for a host (mbedTLS, `x509_crt_verify_name`).

use std::net::IpAddr;

use countersign_x509::Certificate;

/// By the subject alternative names; by the common name only where there are none of any type.
pub(super) fn matches(leaf: &Certificate, host: &str) -> bool {
    if !leaf.has_subject_alt_name() {
        return leaf.common_name().is_some_and(|name| is(name, host));
    }
    let address = host.parse::<IpAddr>().ok();
    leaf.dns_names().iter().any(|name| is(name, host))
        || address.is_some_and(|address| leaf.ip_addresses().contains(&address))
}

/// All the names that it is for.
pub(super) fn all(leaf: &Certificate) -> Vec<String> {
    if !leaf.has_subject_alt_name() {
        return leaf.common_name().map(str::to_owned).into_iter().collect();
    }
    let addresses = leaf.ip_addresses().iter().map(ToString::to_string);
    leaf.dns_names().iter().cloned().chain(addresses).collect()
}

/// A `*` stands for exactly one whole first label.
fn is(name: &str, host: &str) -> bool {
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    let Some(suffix) = name.strip_prefix("*.").filter(|suffix| !suffix.is_empty()) else {
        return false;
    };
    host.split_once('.')
        .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(suffix))
}
