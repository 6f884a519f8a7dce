//! `[crl]`: how what was revoked is published.

use anyhow::{Result, bail};
use countersign_operations::crl::CrlSettings;
use serde::Deserialize;

/// `[crl]`. What is not named stays as it is by default.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Crls {
    at_most_every_s: u32,
    valid_days: u32,
    root_valid_days: u32,
}

impl Default for Crls {
    fn default() -> Self {
        let CrlSettings {
            at_most_every_s,
            valid_days,
            root_valid_days,
        } = CrlSettings::default();
        Self {
            at_most_every_s,
            valid_days,
            root_valid_days,
        }
    }
}

impl Crls {
    /// Demands that it makes sense.
    pub(super) fn check(self) -> Result<()> {
        let valid_s = u64::from(self.valid_days) * DAY_S;
        for (name, days) in [
            ("valid_days", self.valid_days),
            ("root_valid_days", self.root_valid_days),
        ] {
            if !(1..=MOST_DAYS).contains(&days) {
                bail!("[crl] {name} = {days} makes no sense: it is 1 to {MOST_DAYS}");
            }
        }
        // At half its life it is renewed, and that may not be held back.
        if u64::from(self.at_most_every_s) > valid_s / 4 {
            bail!(
                "[crl] at_most_every_s = {} makes no sense: CRLs that are good for {} days are made more often; it is at \
                 most {}",
                self.at_most_every_s,
                self.valid_days,
                valid_s / 4
            );
        }
        Ok(())
    }

    /// As the workflows take it.
    pub(crate) const fn settings(self) -> CrlSettings {
        CrlSettings {
            at_most_every_s: self.at_most_every_s,
            valid_days: self.valid_days,
            root_valid_days: self.root_valid_days,
        }
    }

    /// The lines of a new file.
    pub(super) fn first_text() -> String {
        let all = Self::default();
        format!(
            "[crl]                        # what was revoked, for others than our own servers: in the folder crl\n\
             at_most_every_s = {}         # a new one, however much is revoked\n\
             valid_days = {}               # days that one is good; the next is made when half of them are over\n\
             root_valid_days = {}        # of the roots', which `countersign ca crl --root` makes\n",
            all.at_most_every_s, all.valid_days, all.root_valid_days
        )
    }
}

const DAY_S: u64 = 24 * 3600;
/// Ten years: more is a slip.
const MOST_DAYS: u32 = 3650;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CrlSettings, String> {
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            crl: Crls,
        }
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        file.crl.check().map_err(|error| error.to_string())?;
        Ok(file.crl.settings())
    }

    #[test]
    fn what_is_not_named_stays_and_a_new_file_says_the_same() {
        assert_eq!(read("").unwrap(), CrlSettings::default());
        assert_eq!(read(&Crls::first_text()).unwrap(), CrlSettings::default());
        let set = read("[crl]\nat_most_every_s = 0\nvalid_days = 1\n").unwrap();
        assert_eq!((set.at_most_every_s, set.valid_days), (0, 1));
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_says_what_would() {
        for (text, said) in [
            ("valid_days = 0", "1 to 3650"),
            ("root_valid_days = 3651", "1 to 3650"),
            ("valid_days = 1\nat_most_every_s = 21601", "at most 21600"),
            ("every = 1", "unknown field `every`"),
        ] {
            let refused = read(&format!("[crl]\n{text}")).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
