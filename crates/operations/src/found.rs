//! Two hierarchies come to be: one certifies devices, one our servers, and neither can make the other's.

use std::sync::Arc;

use countersign_pki::{Authority, Profile, ProfileRules, Profiles, Signer, crl::sign, root};
use countersign_x509::{Certificate, Crl};

use crate::{Clock, Entropy, Error, crl::next};

/// A root and the authority under it that does the issuing.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// The root: self-signed, taken offline.
    pub root: Certificate,
    /// The issuing authority's certificate.
    pub issuing: Certificate,
}

/// Founds a hierarchy: `what` is `device` or `server`, `name` the installation's.
///
/// # Errors
/// [`Error::Pki`] where a key cannot sign.
pub fn hierarchy(
    name: &str,
    what: &str,
    root_key: &Arc<dyn Signer>,
    issuing_key: &Arc<dyn Signer>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Hierarchy, Error> {
    let (now, rules) = (clock.now(), Profiles::default());
    let root = root::self_sign(
        &format!("{name} {what} root"),
        &rules.root,
        &**root_key,
        rules.root.validity(now),
        random_id(entropy),
    )?;
    let root = Authority::new(root, Vec::new(), Arc::clone(root_key))?;
    let issuing = root.issue_ca(
        &format!("{name} {what} issuing"),
        &rules.issuing,
        issuing_key.public_key(),
        rules.issuing.validity(now),
        random_id(entropy),
    )?;
    Ok(Hierarchy {
        root: root.certificate().clone(),
        issuing,
    })
}

/// A root's first CRL, which names nobody: for servers of others that demand one of every authority.
///
/// # Errors
/// [`Error::Pki`] where the key cannot sign.
pub fn first_crl(
    root: &Certificate,
    key: &Arc<dyn Signer>,
    days: u32,
    clock: &dyn Clock,
) -> Result<Crl, Error> {
    let root = Authority::new(root.clone(), Vec::new(), Arc::clone(key))?;
    Ok(sign(
        &root,
        &next(clock.now(), [None, None], days, Vec::new()),
    )?)
}

/// Certifies a server of ours under `names`, for `key`, as `rules` say.
///
/// # Errors
/// [`Error::Pki`] where a name cannot be certified or the authority cannot sign.
pub fn server_certificate(
    issuing: &Authority,
    names: &[String],
    rules: &ProfileRules,
    key: &[u8],
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Certificate, Error> {
    let profile = Profile::Server {
        names: names.to_vec(),
    };
    Ok(issuing.issue(
        &profile,
        rules,
        key,
        rules.validity(clock.now()),
        random_id(entropy),
    )?)
}

fn random_id(entropy: &dyn Entropy) -> [u8; 16] {
    let mut id = [0; 16];
    entropy.fill(&mut id);
    id
}
