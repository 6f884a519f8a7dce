//! A CA with its key.

use std::sync::Arc;

use countersign_x509::Certificate;

use crate::{
    Error, Profile, ProfileRules, Serial, Signer, Validity, issue::by_authority, root::ca_template,
};

/// A CA that can issue: its certificate, those above it, and its key.
///
/// There is none whose key is not its certificate's, or whose certificate is not a CA's.
#[derive(Clone, Debug)]
pub struct Authority {
    certificate: Certificate,
    chain: Vec<Certificate>,
    signer: Arc<dyn Signer>,
}

impl Authority {
    /// Puts an authority together. `chain` is what stands above `certificate`, nearest first; a
    /// root may be at its end.
    ///
    /// # Errors
    /// [`Error::NotACa`], [`Error::ForeignKey`], and [`Error::BrokenChain`] where a certificate was
    /// not issued by the next.
    pub fn new(
        certificate: Certificate,
        chain: Vec<Certificate>,
        signer: Arc<dyn Signer>,
    ) -> Result<Self, Error> {
        let subject = || certificate.subject_text().to_owned();
        let may_sign = certificate
            .key_usage()
            .is_none_or(countersign_x509::KeyUsage::key_cert_sign);
        if !certificate.is_ca() || !may_sign {
            return Err(Error::NotACa { subject: subject() });
        }
        if certificate.public_key() != signer.public_key() {
            return Err(Error::ForeignKey { subject: subject() });
        }
        let whole = std::iter::once(&certificate).chain(&chain);
        for (position, (lower, upper)) in whole.zip(&chain).enumerate() {
            if !lower.is_issued_by(upper) {
                return Err(Error::BrokenChain { position });
            }
        }
        Ok(Self {
            certificate,
            chain,
            signer,
        })
    }

    /// Its own certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificates above its own, nearest first.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Its key.
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// What is sent with an end entity that this authority certified: the end entity's certificate
    /// first, roots left out, since a peer that trusts a root has it.
    pub fn chain_of(&self, end_entity: Certificate) -> Vec<Certificate> {
        let above = std::iter::once(&self.certificate).chain(&self.chain);
        let sent = above.filter(|certificate| !certificate.is_self_issued());
        std::iter::once(end_entity).chain(sent.cloned()).collect()
    }

    /// Certifies the key of an issuing CA, below which only end entities stand. Nothing but the public key is needed of
    /// it, so that a root can do it elsewhere, from a request ([`crate::authority_request`]).
    ///
    /// # Errors
    /// [`Error::PathLen`] where this authority is itself an issuing CA; [`Error::Key`],
    /// [`Error::KeyNotAllowed`], [`Error::Name`], [`Error::Validity`], [`Error::Serial`], [`Error::Signer`],
    /// [`Error::Unfaithful`].
    pub fn issue_ca(
        &self,
        name: &str,
        rules: &ProfileRules,
        spki: &[u8],
        validity: Validity,
        serial: Serial,
    ) -> Result<Certificate, Error> {
        if self.certificate.path_len() == Some(0) {
            let subject = self.certificate.subject_text().to_owned();
            return Err(Error::PathLen { subject });
        }
        by_authority(self, ca_template(name, 0)?, rules, spki, validity, serial)
    }

    /// Certifies the key of an end entity.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::KeyNotAllowed`], [`Error::Name`], [`Error::Validity`], [`Error::Serial`], [`Error::Signer`],
    /// [`Error::Unfaithful`].
    pub fn issue(
        &self,
        profile: &Profile,
        rules: &ProfileRules,
        spki: &[u8],
        validity: Validity,
        serial: Serial,
    ) -> Result<Certificate, Error> {
        by_authority(self, profile.template()?, rules, spki, validity, serial)
    }
}
