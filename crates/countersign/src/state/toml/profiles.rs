//! `[profiles.NAME]`: what the certificates that are issued here are like.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use countersign_pki::{AllowedKey, ProfileRules, Profiles as Rules, Usage, rules::UnknownWord};
use serde::Deserialize;

/// `[profiles]`. What is not named stays as it is by default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Profiles {
    device: Profile,
    device_in_service: Profile,
    server: Profile,
}

/// One of them, as far as the file says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Profile {
    days: Option<u32>,
    keys: Option<Vec<Key>>,
    key_usages: Option<Vec<KeyUsage>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Key(AllowedKey);

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct KeyUsage(Usage);

impl TryFrom<String> for Key {
    type Error = UnknownWord;

    fn try_from(word: String) -> Result<Self, UnknownWord> {
        word.parse().map(Self)
    }
}

impl TryFrom<String> for KeyUsage {
    type Error = UnknownWord;

    fn try_from(word: String) -> Result<Self, UnknownWord> {
        word.parse().map(Self)
    }
}

impl Profiles {
    /// Demands that each makes sense.
    pub(super) fn check(&self) -> Result<()> {
        for (name, profile, default) in self.all(&Rules::default()) {
            if let Some(days) = profile.days
                && !(1..=MOST_DAYS).contains(&days)
            {
                let without = match default.days {
                    Some(days) => format!("it is {days}"),
                    None => "they have no end".to_owned(),
                };
                bail!(
                    "[profiles.{name}] days = {days} makes no sense: it is 1 to {MOST_DAYS}; without the line {without}"
                );
            }
            if profile.keys.as_ref().is_some_and(Vec::is_empty) {
                bail!(
                    "[profiles.{name}] keys = [] would have nothing certified; without the line it is {}",
                    list(&default.keys)
                );
            }
            let usages = profile.key_usages.iter().flatten();
            for KeyUsage(usage) in usages {
                if matches!(usage, Usage::KeyCertSign | Usage::CrlSign) {
                    bail!(
                        "[profiles.{name}] key_usages has `{usage}`, which is for authorities: whoever holds such a \
                         certificate could make others"
                    );
                }
            }
            let usages = profile.key_usages.as_ref();
            let signs = |usages: &Vec<KeyUsage>| {
                usages
                    .iter()
                    .any(|KeyUsage(usage)| *usage == Usage::DigitalSignature)
            };
            if usages.is_some_and(|usages| !signs(usages)) {
                bail!(
                    "[profiles.{name}] key_usages lacks `digitalSignature`, without which no TLS handshake takes the key"
                );
            }
        }
        let keys = self.server.keys.as_ref();
        let own = |keys: &Vec<Key>| keys.iter().any(|Key(key)| *key == AllowedKey::P256);
        if keys.is_some_and(|keys| !own(keys)) {
            bail!("[profiles.server] keys lacks `P-256`, which the key of `serve` itself is");
        }
        Ok(())
    }

    /// The rules, with what is not set as it is by default.
    pub(super) fn rules(&self) -> Rules {
        let mut rules = Rules::default();
        for (profile, rules) in [
            (&self.device, &mut rules.device),
            (&self.device_in_service, &mut rules.device_in_service),
            (&self.server, &mut rules.server),
        ] {
            if profile.days.is_some() {
                rules.days = profile.days;
            }
            if let Some(keys) = &profile.keys {
                rules.keys = keys.iter().map(|Key(key)| *key).collect();
            }
            if let Some(usages) = &profile.key_usages {
                rules.key_usages = usages.iter().map(|KeyUsage(usage)| *usage).collect();
            }
        }
        rules
    }

    /// The lines of a new file.
    pub(super) fn first_text() -> String {
        let mut text = String::new();
        let defaults = Rules::default();
        for ((name, _, rules), what) in Self::default().all(&defaults).into_iter().zip(WHAT) {
            let head = format!("[profiles.{name}]");
            let _ = writeln!(text, "{head:<28} # {what}");
            let _ = match rules.days {
                Some(days) => writeln!(text, "days = {days}"),
                None => writeln!(
                    text,
                    "# days = 7300              # without the line they have no end"
                ),
            };
            let _ = writeln!(text, "keys = {}", list(&rules.keys));
            let _ = writeln!(text, "key_usages = {}\n", list(&rules.key_usages));
        }
        text
    }

    fn all<'a>(&'a self, rules: &'a Rules) -> [(&'static str, &'a Profile, &'a ProfileRules); 3] {
        [
            ("device", &self.device, &rules.device),
            (
                "device-in-service",
                &self.device_in_service,
                &rules.device_in_service,
            ),
            ("server", &self.server, &rules.server),
        ]
    }
}

fn list(words: &[impl ToString]) -> String {
    let words: Vec<_> = words
        .iter()
        .map(|word| format!("{:?}", word.to_string()))
        .collect();
    format!("[{}]", words.join(", "))
}

/// What each is for, in the order of [`Profiles::all`].
const WHAT: [&str; 3] = [
    "certificates of devices from the factory; RSA-2048 is RSA of 2048 bits or more",
    "those with which devices follow them up, and which they renew",
    "those of our servers, which are renewed when two thirds of their days are over",
];
/// A hundred years: more is a slip.
const MOST_DAYS: u32 = 36_500;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Rules, String> {
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            profiles: Profiles,
        }
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        file.profiles.check().map_err(|error| error.to_string())?;
        Ok(file.profiles.rules())
    }

    #[test]
    fn what_is_not_named_stays_and_a_new_file_says_the_same() {
        assert_eq!(read("").unwrap(), Rules::default());
        assert_eq!(read(&Profiles::first_text()).unwrap(), Rules::default());
    }

    #[test]
    fn each_profile_is_set_for_itself() {
        let text = "[profiles.device]\ndays = 3650\n[profiles.device-in-service]\nkeys = [\"P-384\", \"RSA-3072\"]\n\
                    [profiles.server]\nkey_usages = [\"digitalSignature\", \"keyAgreement\"]\n";
        let rules = read(text).unwrap();
        let mut wanted = Rules::default();
        wanted.device.days = Some(3650);
        wanted.device_in_service.keys = vec![AllowedKey::P384, AllowedKey::Rsa { bits: 3072 }];
        wanted.server.key_usages = vec![Usage::DigitalSignature, Usage::KeyAgreement];
        assert_eq!(rules, wanted);
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_says_what_would() {
        for (text, said) in [
            ("[profiles.server]\ndays = 0", "1 to 36500"),
            ("[profiles.device]\ndays = 36501", "no end"),
            ("[profiles.server]\ndays = -1", "invalid value"),
            ("[profiles.server]\nyears = 1", "unknown field `years`"),
            ("[profiles.node]\ndays = 1", "unknown field `node`"),
            ("[profiles.device]\nkeys = []", "nothing certified"),
            (
                "[profiles.server]\nkeys = [\"P-384\"]",
                "the key of `serve` itself",
            ),
            (
                "[profiles.device]\nkeys = [\"P-521\"]",
                "`P-256`, `P-384`, `RSA-2048`",
            ),
            (
                "[profiles.device]\nkey_usages = [\"keyAgreement\"]",
                "lacks `digitalSignature`",
            ),
            (
                "[profiles.device]\nkey_usages = [\"keyEncipherment\"]",
                "`keyEncipherment` is none of",
            ),
            (
                "[profiles.device]\nkey_usages = [\"digitalSignature\", \"cRLSign\"]",
                "for authorities",
            ),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
