//! Whether a chain is sound by the rules that hold for everybody (RFC 5280 §6.1, RFC 9525), names and dates included.
//!
//! Name constraints, policies and revocation are not looked at, as on a device.

use countersign_x509::{Certificate, Error};

use super::{Chain, End, Path, names};

/// What is wrong with a chain. Positions count from 0, the server's own certificate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// No certificate was sent.
    #[error("no certificate was sent")]
    Empty,
    /// The validity is over.
    #[error("certificate {position} has ended")]
    Ended {
        /// Which.
        position: usize,
        /// Its last second, since 1970.
        at: u64,
    },
    /// The path goes in a circle.
    #[error(
        "certificate {position} leads back to where it came from: nothing in the circle is a root"
    )]
    Loop {
        /// Where it would begin anew.
        position: usize,
    },
    /// An issuer is neither sent nor among the roots.
    #[error(
        "the issuer of certificate {position}, `{issuer}`, is neither sent nor among the roots"
    )]
    MissingIssuer {
        /// Of which one.
        position: usize,
        /// The name that is not there.
        issuer: String,
    },
    /// What has issued another is no CA's certificate.
    #[error("certificate {position} has issued another and is not a CA's")]
    NotACa {
        /// Which.
        position: usize,
    },
    /// It is not for servers.
    #[error(
        "the server's certificate is not for servers: serverAuth is not among its extended key usages"
    )]
    NotForServers,
    /// The validity has not begun.
    #[error("certificate {position} has not begun yet")]
    NotYet {
        /// Which.
        position: usize,
        /// Its first second, since 1970.
        from: u64,
    },
    /// Something of the issuer's name is there, with another key.
    #[error("certificate {position} was not signed by the key of what is called `{issuer}` here")]
    OtherKey {
        /// Which.
        position: usize,
        /// The name.
        issuer: String,
    },
    /// There are more CAs below one than it allows.
    #[error("certificate {position} does not allow so many CAs below it")]
    PathTooLong {
        /// Which.
        position: usize,
    },
    /// The top vouches for itself, and nobody else does.
    #[error("certificate {position}, `{subject}`, vouches for itself and is not among the roots")]
    SelfSigned {
        /// Which.
        position: usize,
        /// Its name.
        subject: String,
    },
    /// It cannot be read.
    #[error("certificate {position} cannot be read: {cause}")]
    Unreadable {
        /// Which.
        position: usize,
        /// Why.
        cause: Error,
    },
    /// The root is known and not trusted.
    #[error("the chain ends in `{root}`, which is not among the trusted roots any more")]
    Untrusted {
        /// The root's name.
        root: String,
    },
    /// A signature that is not checked: SHA-1, MD5, or an algorithm that is unknown.
    #[error("certificate {position} is signed with {oid}, which is broken or unknown")]
    Weak {
        /// Which.
        position: usize,
        /// The algorithm in dotted form.
        oid: String,
    },
    /// It is for other hosts.
    #[error("the server's certificate is not for {host}")]
    WrongName {
        /// The host that was asked for.
        host: String,
    },
}

/// What is wrong with a chain at a time, for a host if one is asked for: nothing where it verifies. Of several paths, the
/// one with the fewest faults counts.
pub fn assess(chain: &Chain, host: Option<&str>, now: u64) -> Vec<Fault> {
    let Some(own) = chain.sent.first() else {
        return vec![Fault::Empty];
    };
    let own = match &own.certificate {
        Ok(own) => own,
        Err(cause) => {
            let cause = cause.clone();
            return vec![Fault::Unreadable { position: 0, cause }];
        }
    };
    let mut faults = Vec::new();
    if let Some(host) = host.filter(|host| names::matching(own, host).is_none()) {
        let host = host.to_owned();
        faults.push(Fault::WrongName { host });
    }
    let for_servers = |usage: &countersign_x509::ExtendedKeyUsage| usage.server_auth || usage.any;
    if !own.extended_key_usage().is_none_or(for_servers) {
        faults.push(Fault::NotForServers);
    }
    let ways = chain.paths.iter().map(|path| of_path(chain, path, now));
    faults.extend(ways.min_by_key(Vec::len).unwrap_or_default());
    faults
}

fn of_path(chain: &Chain, path: &Path, now: u64) -> Vec<Fault> {
    let mut faults = Vec::new();
    let links: Vec<(usize, &Certificate)> = path
        .over
        .iter()
        .filter_map(|&position| Some((position, chain.certificate(position)?)))
        .collect();
    let root = match &path.end {
        End::Root { root, .. } => Some(root),
        _ => None,
    };
    for (below, &(position, certificate)) in links.iter().enumerate() {
        if certificate.not_after() < now {
            let at = certificate.not_after();
            faults.push(Fault::Ended { position, at });
        }
        if certificate.not_before() > now {
            let from = certificate.not_before();
            faults.push(Fault::NotYet { position, from });
        }
        if let Some(cas_below) = below.checked_sub(1) {
            may_issue(&mut faults, position, certificate, cas_below);
        }
        let next = links.get(below.saturating_add(1)).map(|&(_, next)| next);
        let issuer = next.or(root).filter(|issuer| *issuer != certificate);
        if let Some(Err(Error::UnsupportedSignature { oid, .. })) =
            issuer.map(|issuer| certificate.verify_signature_with(issuer.public_key()))
        {
            faults.push(Fault::Weak { position, oid });
        }
    }
    if let Some(&(position, top)) = links.last() {
        let issuer = || top.issuer_text().to_owned();
        faults.extend(match &path.end {
            End::Root { trusted: true, .. } => None,
            End::Root { root, .. } => Some(Fault::Untrusted {
                root: root.subject_text().to_owned(),
            }),
            End::SelfSigned => Some(Fault::SelfSigned {
                position,
                subject: top.subject_text().to_owned(),
            }),
            End::Missing => Some(Fault::MissingIssuer {
                position,
                issuer: issuer(),
            }),
            End::OtherKey => Some(Fault::OtherKey {
                position,
                issuer: issuer(),
            }),
            End::Loop => Some(Fault::Loop { position }),
        });
    }
    faults
}

fn may_issue(
    faults: &mut Vec<Fault>,
    position: usize,
    certificate: &Certificate,
    cas_below: usize,
) {
    let usage = certificate.key_usage();
    if !certificate.is_ca() || !usage.is_none_or(countersign_x509::KeyUsage::key_cert_sign) {
        faults.push(Fault::NotACa { position });
    }
    let room = certificate.path_len().map(usize::try_from);
    if room.is_some_and(|room| room.is_ok_and(|room| room < cas_below)) {
        faults.push(Fault::PathTooLong { position });
    }
}
