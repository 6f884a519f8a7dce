//! What a certificate is, to whoever thinks of trusting it.

use std::fmt;

use countersign_x509::Certificate;

/// What a certificate is by what it says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A root CA's own: it is there to be trusted.
    Root,
    /// A CA's that another CA certified: it is replaced without notice.
    Intermediate,
    /// A server's own, or whatever else is no CA's: it ends within a year or less.
    Leaf,
}

impl Kind {
    /// Looks at a certificate.
    ///
    /// What bears its own issuer's name is a root, unless it is made out to servers: self-signed certificates of servers
    /// often call themselves CAs. Old roots (X.509 version 1) do not say that they are CAs.
    pub fn of(certificate: &Certificate) -> Self {
        if !certificate.is_self_issued() {
            return if certificate.is_ca() {
                Self::Intermediate
            } else {
                Self::Leaf
            };
        }
        let names_hosts =
            !certificate.dns_names().is_empty() || !certificate.ip_addresses().is_empty();
        let usage = certificate.extended_key_usage();
        let like_a_host = |name: &str| name.contains('.') && !name.contains(' ');
        let a_servers = usage.is_some_and(|usage| usage.server_auth)
            || certificate.common_name().is_some_and(like_a_host);
        if names_hosts || (a_servers && !certificate.is_ca()) {
            Self::Leaf
        } else {
            Self::Root
        }
    }

    /// Why it is not to be put into a bundle; nothing for a root.
    pub const fn objection(self) -> Option<&'static str> {
        match self {
            Self::Root => None,
            Self::Intermediate => Some(
                "it is an intermediate: its CA replaces it without notice, and no device would accept its server then; \
                 and whoever sends the certificate above it as well is refused at once",
            ),
            Self::Leaf => Some(
                "it is no CA's: it ends with its server's next renewal, and no device would accept the server then",
            ),
        }
    }
}

/// `root`, `intermediate`, `leaf`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Leaf => "leaf",
        })
    }
}
