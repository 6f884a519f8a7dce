//! What certificates of a kind are like, as data: how long, for which keys, for which use.

use std::{fmt, str::FromStr};

use countersign_protocol::UnixTime;
use countersign_x509::{KeyKind, PublicKey};
use rcgen::KeyUsagePurpose;

use crate::{Error, Validity};

/// What certificates of one kind are like, whoever they are for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProfileRules {
    /// How many days they last; `None`: without an end, written as 99991231235959Z (RFC 5280 §4.1.2.5).
    pub days: Option<u32>,
    /// The keys that are certified.
    pub keys: Vec<AllowedKey>,
    /// What the keys may be used for.
    pub key_usages: Vec<Usage>,
}

/// The rules for each kind of certificate that we issue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Profiles {
    /// A device from the factory: an `IDevID` (IEEE 802.1AR §8).
    pub device: ProfileRules,
    /// A device in service: an `LDevID` (IEEE 802.1AR §8).
    pub device_in_service: ProfileRules,
    /// One of our servers.
    pub server: ProfileRules,
    /// An authority that issues to end entities.
    pub issuing: ProfileRules,
    /// A root.
    pub root: ProfileRules,
}

/// A kind of key that is certified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AllowedKey {
    /// NIST P-256, written `P-256`.
    P256,
    /// NIST P-384, written `P-384`.
    P384,
    /// RSA of at least so many bits, 2048 or more, and of 8192 at most; written `RSA-2048`.
    Rsa {
        /// The least length of the modulus.
        bits: u32,
    },
}

/// What a key may be used for (RFC 5280 §4.2.1.3), written as there.
///
/// There is no `keyEncipherment`: all that it adds for us is TLS 1.2 with static RSA, where whoever gets the key later reads
/// what was recorded before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Usage {
    /// `digitalSignature`: what TLS 1.3, and TLS 1.2 with ECDHE, ask of an end entity.
    DigitalSignature,
    /// `keyAgreement`: static ECDH, which some old checks ask for. Left out where the key is an RSA key.
    KeyAgreement,
    /// `keyCertSign`.
    KeyCertSign,
    /// `cRLSign`.
    CrlSign,
}

impl ProfileRules {
    /// The rules for the certificates that prove that we hold an authority's key ([`crate::proof`]).
    pub fn proof() -> Self {
        Self::end_entity(Some(PROOF_DAYS))
    }

    /// The time for which a certificate that is made now is good. It begins a little earlier, so that a peer whose clock
    /// is behind takes it.
    pub fn validity(&self, now: UnixTime) -> Validity {
        let days = |days: u32| now.plus(u64::from(days).saturating_mul(DAY_S));
        Validity {
            not_before: UnixTime(now.0.saturating_sub(BACKDATED_S)),
            not_after: self.days.map(days),
        }
    }

    /// Demands that a key, a DER `SubjectPublicKeyInfo`, is one of those that are certified.
    ///
    /// # Errors
    /// [`Error::Key`] where it is none that is certified anywhere here, [`Error::KeyNotAllowed`] where these rules leave
    /// it out.
    pub fn check_key(&self, spki: &[u8]) -> Result<(), Error> {
        let key = PublicKey::from_der(spki)
            .and_then(PublicKey::certifiable)
            .map_err(Error::Key)?;
        if self.keys.iter().any(|allowed| allowed.allows(&key.kind)) {
            return Ok(());
        }
        let words: Vec<_> = self.keys.iter().map(|allowed| allowed.in_words()).collect();
        Err(Error::KeyNotAllowed {
            kind: key.kind,
            allowed: words.join(", or "),
        })
    }

    /// Demands that what the keys may be used for is what such a certificate is for: a CA signs certificates and CRLs, and
    /// nobody else does.
    pub(crate) fn check_usages(&self, ca: bool) -> Result<(), Error> {
        let has = |usage| self.key_usages.contains(&usage);
        let signs = (has(Usage::KeyCertSign), has(Usage::CrlSign));
        match (ca, signs) {
            (true, (true, true)) => Ok(()),
            (true, _) => Err(Error::Usage {
                rule: "a CA's key needs keyCertSign and cRLSign",
            }),
            (false, (false, false)) if has(Usage::DigitalSignature) => Ok(()),
            (false, (false, false)) => Err(Error::Usage {
                rule: "an end entity's key needs digitalSignature",
            }),
            (false, _) => Err(Error::Usage {
                rule: "keyCertSign and cRLSign are for CAs",
            }),
        }
    }

    /// What the extension says for a key of this kind.
    pub(crate) fn usages(&self, kind: &KeyKind) -> Vec<KeyUsagePurpose> {
        let agrees = !matches!(kind, KeyKind::Rsa { .. });
        self.key_usages
            .iter()
            .filter(|usage| agrees || **usage != Usage::KeyAgreement)
            .map(|usage| match usage {
                Usage::DigitalSignature => KeyUsagePurpose::DigitalSignature,
                Usage::KeyAgreement => KeyUsagePurpose::KeyAgreement,
                Usage::KeyCertSign => KeyUsagePurpose::KeyCertSign,
                Usage::CrlSign => KeyUsagePurpose::CrlSign,
            })
            .collect()
    }

    fn end_entity(days: Option<u32>) -> Self {
        Self {
            days,
            keys: vec![
                AllowedKey::P256,
                AllowedKey::P384,
                AllowedKey::Rsa { bits: 2048 },
            ],
            key_usages: vec![Usage::DigitalSignature],
        }
    }

    /// Our authorities sign by P-256, as [`crate::Signer`] says.
    fn authority(days: u32) -> Self {
        Self {
            days: Some(days),
            keys: vec![AllowedKey::P256],
            key_usages: vec![Usage::KeyCertSign, Usage::CrlSign],
        }
    }
}

impl Default for Profiles {
    fn default() -> Self {
        Self {
            // IEEE 802.1AR §8.7: it may lie in a drawer for years.
            device: ProfileRules::end_entity(None),
            device_in_service: ProfileRules::end_entity(Some(IN_SERVICE_DAYS)),
            server: ProfileRules::end_entity(Some(SERVER_DAYS)),
            issuing: ProfileRules::authority(ISSUING_DAYS),
            root: ProfileRules::authority(ROOT_DAYS),
        }
    }
}

impl AllowedKey {
    fn allows(self, key: &KeyKind) -> bool {
        match (self, key) {
            (Self::P256, KeyKind::EcP256) | (Self::P384, KeyKind::EcP384) => true,
            (Self::Rsa { bits: least }, KeyKind::Rsa { bits }) => {
                usize::try_from(least).is_ok_and(|least| *bits >= least)
            }
            _ => false,
        }
    }

    fn in_words(self) -> String {
        match self {
            Self::Rsa { bits } => format!("RSA of {bits} to {LONGEST_RSA} bits"),
            curve => format!("EC {curve}"),
        }
    }
}

impl fmt::Display for AllowedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
        }
    }
}

/// A word that names no key, or no usage, of those that there are.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{word}` is none of {known}")]
pub struct UnknownWord {
    /// What was written.
    pub word: String,
    /// What could be.
    pub known: &'static str,
}

impl FromStr for AllowedKey {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let unknown = || UnknownWord {
            word: word.to_owned(),
            known: "`P-256`, `P-384`, `RSA-2048` (of 2048 bits or more) to `RSA-8192`",
        };
        match word {
            "P-256" => Ok(Self::P256),
            "P-384" => Ok(Self::P384),
            _ => {
                let bits = word.strip_prefix("RSA-").ok_or_else(unknown)?;
                let digits = bits.len() == 4 && bits.bytes().all(|c| c.is_ascii_digit());
                match bits.parse() {
                    Ok(bits @ 2048..=LONGEST_RSA) if digits => Ok(Self::Rsa { bits }),
                    _ => Err(unknown()),
                }
            }
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DigitalSignature => "digitalSignature",
            Self::KeyAgreement => "keyAgreement",
            Self::KeyCertSign => "keyCertSign",
            Self::CrlSign => "cRLSign",
        })
    }
}

impl FromStr for Usage {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let all = [
            Self::DigitalSignature,
            Self::KeyAgreement,
            Self::KeyCertSign,
            Self::CrlSign,
        ];
        let mut all = all.into_iter();
        all.find(|usage| usage.to_string() == word)
            .ok_or_else(|| UnknownWord {
                word: word.to_owned(),
                known: "`digitalSignature`, `keyAgreement`, `keyCertSign`, `cRLSign`",
            })
    }
}

/// By how much certificates begin before they are made, in seconds.
pub const BACKDATED_S: u64 = 3600;
/// In seconds.
const DAY_S: u64 = 24 * 3600;
/// The longest RSA key, in bits: what is longer costs whoever checks it more than it is worth.
const LONGEST_RSA: u32 = 8192;
/// A root's life: longer than that of any board.
const ROOT_DAYS: u32 = 30 * 365;
/// An issuing authority's life.
const ISSUING_DAYS: u32 = 20 * 365;
/// A server certificate's life.
const SERVER_DAYS: u32 = 398;
/// The life of a certificate that a device renews: long enough for a board that is switched on once in two years.
const IN_SERVICE_DAYS: u32 = 3 * 365;
/// The life of a proof, which is looked at once.
const PROOF_DAYS: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_usages_are_read_as_they_are_written() {
        for word in ["P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-8192"] {
            assert_eq!(word.parse::<AllowedKey>().unwrap().to_string(), word);
        }
        for word in [
            "",
            "p-256",
            "P-521",
            "RSA",
            "RSA-1024",
            "RSA-02048",
            "RSA-+2048",
            "RSA-9000",
            "Ed25519",
        ] {
            assert_eq!(word.parse::<AllowedKey>().unwrap_err().word, word);
        }
        for word in ["digitalSignature", "keyAgreement", "keyCertSign", "cRLSign"] {
            assert_eq!(word.parse::<Usage>().unwrap().to_string(), word);
        }
        assert!("keyEncipherment".parse::<Usage>().is_err());
    }

    #[test]
    fn a_certificate_begins_an_hour_before_it_is_made_and_ends_days_after() {
        let now = UnixTime(1_767_225_600);
        let rules = Profiles::default();
        let validity = rules.server.validity(now);
        assert_eq!(validity.not_before, UnixTime(now.0 - 3600));
        assert_eq!(validity.not_after, Some(UnixTime(now.0 + 398 * 86_400)));
        assert_eq!(rules.device.validity(now).not_after, None);
        assert!(rules.device_in_service.validity(now).not_after.is_some());
        assert_eq!(rules.device.validity(UnixTime(5)).not_before, UnixTime(0));
    }
}
