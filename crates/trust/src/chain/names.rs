//! The names that a certificate is for: which one fits a host, and all of them so that a person can read them.

use std::net::IpAddr;

use countersign_x509::Certificate;

/// The name by which a certificate is for a host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Match {
    /// The name, as the certificate has it.
    pub name: String,
    /// Why it fits.
    pub rule: Rule,
}

/// Why a name fits a host (RFC 9525 §6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// A `dNSName` that is the host.
    Exact,
    /// A `dNSName` whose `*` stands for the host's first label.
    Wildcard,
    /// An `iPAddress` that is the host.
    Address,
    /// The common name, looked at only where there is no alternative name at all. Browsers do not; devices do.
    CommonName,
}

/// The first name that fits, exact ones before wildcards.
///
/// A `*` must be the whole first label and stands for exactly one label. A name such as `*.com` fits, since devices take
/// it: see [`is_too_wide`].
pub fn matching(certificate: &Certificate, host: &str) -> Option<Match> {
    let found = |name: &str, rule| {
        Some(Match {
            name: name.to_owned(),
            rule,
        })
    };
    if !certificate.has_subject_alt_name() {
        let name = certificate.common_name()?;
        let fits = name.eq_ignore_ascii_case(host) || stands_for(name, host);
        return if fits {
            found(name, Rule::CommonName)
        } else {
            None
        };
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        let there = certificate.ip_addresses().contains(&address);
        return if there {
            found(host, Rule::Address)
        } else {
            None
        };
    }
    let names = certificate.dns_names();
    if let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(host)) {
        return found(name, Rule::Exact);
    }
    let name = names.iter().find(|name| stands_for(name, host))?;
    found(name, Rule::Wildcard)
}

fn stands_for(name: &str, host: &str) -> bool {
    let Some(suffix) = name.strip_prefix("*.").filter(|suffix| !suffix.is_empty()) else {
        return false;
    };
    host.parse::<IpAddr>().is_err()
        && host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(suffix))
}

/// Whether a name has a `*` that clients do not take for one: it is not the whole first label, or there are two.
pub fn is_odd_wildcard(name: &str) -> bool {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    rest.contains('*') || rest.is_empty()
}

/// Whether a name stands for all names below a top-level domain, such as `*.com`. No public CA issues it; a device takes
/// it.
pub fn is_too_wide(name: &str) -> bool {
    name.strip_prefix("*.")
        .is_some_and(|rest| !rest.contains('.'))
}

/// Names that end alike.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// What they end in: two labels, such as `amazonaws.com`. Empty for what is no DNS name.
    pub ending: String,
    /// What stands before that, in the certificate's order. `[*.]` where the name is there with and without it; the whole
    /// name where it is the ending itself.
    pub names: Vec<String>,
}

/// All names of a certificate, gathered by their endings, in the certificate's order.
pub fn grouped(certificate: &Certificate) -> Vec<Group> {
    let all = certificate.dns_names();
    let mut groups: Vec<Group> = Vec::new();
    let mut add =
        |ending: &str, name: String| match groups.iter_mut().find(|group| group.ending == ending) {
            Some(group) if group.names.contains(&name) => {}
            Some(group) => group.names.push(name),
            None => groups.push(Group {
                ending: ending.to_owned(),
                names: vec![name],
            }),
        };
    for name in all {
        let bare = name.strip_prefix("*.").unwrap_or(name);
        let both = all.iter().any(|other| other == bare)
            && all
                .iter()
                .any(|other| other.strip_prefix("*.") == Some(bare));
        let ending = ending(bare);
        let before = bare.strip_suffix(ending).unwrap_or(bare);
        let before = before.strip_suffix('.').unwrap_or(before);
        let star = match (both, bare.len() == name.len()) {
            (true, _) => "[*.]",
            (false, true) => "",
            (false, false) => "*.",
        };
        let shown = match (star, before) {
            ("*.", "") => "*".to_owned(),
            (star, "") => format!("{star}{bare}"),
            (star, before) => format!("{star}{before}"),
        };
        add(ending, shown);
    }
    let addresses = certificate.ip_addresses().iter().map(ToString::to_string);
    for name in addresses.chain(certificate.uris().iter().cloned()) {
        add("", name);
    }
    groups
}

/// The last two labels.
fn ending(name: &str) -> &str {
    let dots = name.rmatch_indices('.').map(|(at, _)| at);
    match dots
        .take(2)
        .last()
        .filter(|_| name.matches('.').count() > 1)
    {
        Some(at) => name.get(at.saturating_add(1)..).unwrap_or(name),
        None => name,
    }
}
