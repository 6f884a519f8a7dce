//! Which roots their owners have announced to replace by which.

use crate::{Root, by_name};

/// An announcement: servers that end in one root today will end in others.
#[derive(Debug)]
pub struct Succession {
    old: &'static str,
    new: &'static [&'static str],
    source: &'static str,
}

impl Succession {
    /// The root that is left.
    pub fn predecessors(&self) -> impl Iterator<Item = &'static Root> {
        by_name(self.old).into_iter()
    }

    /// What comes in its place; all of it, since no one says which server gets which.
    pub fn successors(&self) -> impl Iterator<Item = &'static Root> {
        let named = self.new.iter().flat_map(|name| by_name(name));
        named.filter(|root| root.is_trusted_by_mozilla())
    }

    /// Where it was said.
    pub fn source(&self) -> &'static str {
        self.source
    }
}

/// The announcements that are known here. There are others.
pub fn successions() -> &'static [Succession] {
    SUCCESSIONS
}

static SUCCESSIONS: &[Succession] = &[
    said("Starfield Class 2 CA", AMAZON, AWS),
    said(
        "Starfield Services Root Certificate Authority - G2",
        AMAZON,
        AWS,
    ),
    said("Baltimore CyberTrust Root", AMAZON, S3),
    said(
        "DigiCert Global Root CA",
        &["DigiCert Global Root G2"],
        DIGICERT,
    ),
    said(
        "DigiCert High Assurance EV Root CA",
        &["DigiCert Global Root G2"],
        DIGICERT,
    ),
    said(
        "GlobalSign Root CA",
        &["GTS Root R1", "GTS Root R4"],
        GOOGLE,
    ),
    said(
        "USERTrust RSA Certification Authority",
        &["Sectigo Public Server Authentication Root R46"],
        SECTIGO,
    ),
    said(
        "USERTrust ECC Certification Authority",
        &["Sectigo Public Server Authentication Root E46"],
        SECTIGO,
    ),
];

const fn said(old: &'static str, new: &'static [&'static str], source: &'static str) -> Succession {
    Succession { old, new, source }
}

const AMAZON: &[&str] = &[
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
];

const AWS: &str = "https://aws.amazon.com/blogs/security/how-to-prepare-for-aws-move-to-its-own-certificate-authority/";
const S3: &str = "https://repost.aws/knowledge-center/s3-cloudfront-certificate-migration";
const DIGICERT: &str = "https://knowledge.digicert.com/general-information/digicert-root-and-intermediate-ca-certificate-updates-2023";
const GOOGLE: &str =
    "https://developers.google.com/public-key-infrastructure/updates/march2025-alternate-chains";
const SECTIGO: &str =
    "https://www.sectigo.com/knowledge-base/detail/Sectigo-Public-Root-CAs-Migration";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_root_that_is_known() {
        for succession in successions() {
            assert!(
                succession.predecessors().next().is_some(),
                "{}",
                succession.old
            );
            // Each name once: of two with one name, Mozilla trusts one today.
            assert_eq!(
                succession.successors().count(),
                succession.new.len(),
                "{}",
                succession.old
            );
        }
    }
}
