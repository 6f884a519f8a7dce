//! The authorities that vouch for devices, as a handshake needs them.

use std::{collections::BTreeSet, fmt, sync::Arc};

use countersign_fleet::AuthorityName;
use countersign_operations::gate::Anchors;
use countersign_x509::Certificate;
use rustls::DistinguishedName;
use rustls_pki_types::{CertificateDer, TrustAnchor};

/// One generation of anchors.
pub(super) struct Anchored {
    pub(super) generation: u64,
    /// The anchors, and whose each is, at the same place.
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    owners: Vec<Owner>,
    /// Their certificates, at the same place.
    certificates: Vec<Certificate>,
    /// Their names for a `CertificateRequest`, each once.
    pub(super) names: Arc<[DistinguishedName]>,
    /// How many bytes the names take there.
    pub(super) names_size: usize,
}

/// Whose an anchor is: a registered authority's, or, without a name, our own root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Owner(pub(super) Option<AuthorityName>);

impl Anchored {
    /// Prepares the anchors. One that is of no use as an anchor vouches for nobody, and that is said in the log.
    pub(super) fn of(all: &Anchors) -> Self {
        let (mut anchors, mut owners, mut certificates) = (Vec::new(), Vec::new(), Vec::new());
        for anchor in &all.all {
            let der = CertificateDer::from(anchor.certificate.der());
            match webpki::anchor_from_trusted_cert(&der) {
                Ok(prepared) => {
                    anchors.push(prepared.to_owned());
                    owners.push(Owner(anchor.authority.clone()));
                    certificates.push(anchor.certificate.clone());
                }
                Err(error) => {
                    let subject = anchor.certificate.subject_text();
                    tracing::error!(subject, %error, "this authority cannot vouch for devices");
                }
            }
        }
        let mut seen = BTreeSet::new();
        let named = anchors.iter().map(|anchor| anchor.subject.as_ref());
        let named = named.filter(|subject| !subject.is_empty() && seen.insert(subject.to_vec()));
        let names: Arc<[_]> = named.map(DistinguishedName::in_sequence).collect();
        let names_size = names.iter().map(|name| 2 + name.as_ref().len()).sum();
        Self {
            generation: all.generation,
            anchors,
            owners,
            certificates,
            names,
            names_size,
        }
    }

    /// Where an anchor stands that a path was found to lead to.
    pub(super) fn place_of(&self, found: &TrustAnchor<'_>) -> Option<u32> {
        let mut anchors = self.anchors.iter();
        let place = anchors.position(|anchor| std::ptr::eq(anchor, found))?;
        u32::try_from(place).ok()
    }

    /// How many CAs the anchor that stands there allows below itself, if it says so (RFC 5280 §4.2.1.9).
    pub(super) fn allows(&self, place: u32) -> Option<u32> {
        let place = usize::try_from(place).ok()?;
        self.certificates.get(place)?.path_len()
    }

    /// Where the registered authority stands that issued a certificate itself.
    pub(super) fn registered_issuer_of(&self, leaf: &Certificate) -> Option<u32> {
        let mut all = self.certificates.iter().zip(&self.owners);
        let place = all.position(|(anchor, Owner(authority))| {
            authority.is_some() && leaf.is_issued_by(anchor)
        })?;
        u32::try_from(place).ok()
    }

    /// Whose anchor stands there.
    pub(super) fn owner(&self, place: u32) -> Option<&Owner> {
        self.owners.get(usize::try_from(place).ok()?)
    }
}

impl fmt::Debug for Anchored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchored")
            .field("generation", &self.generation)
            .field("anchors", &self.anchors.len())
            .finish_non_exhaustive()
    }
}
