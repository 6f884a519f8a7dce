//! `trust.toml`: what a bundle is made of, as its owner writes it down.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

/// The file as it stands. Paths in it are seen from its folder.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Releases of ESP-IDF: `v5.3`, `v5.3.x`, `v4.4..v5.5`.
    pub idf: Vec<String>,
    /// Servers.
    pub hosts: Vec<String>,
    /// Files and folders of certificates that are in, whatever the servers need.
    pub pem: Vec<PathBuf>,
    /// Roots that are in, by name or SHA-256.
    pub roots: Vec<String>,
    /// Nothing is added for the servers' sake.
    pub only: bool,
    /// What to choose from, in place of what is known.
    pub choose_from: Option<PathBuf>,
    /// Files with the chains of servers that are not asked.
    pub chains: BTreeMap<String, Vec<PathBuf>>,
    /// What is shown to hosts that ask for a certificate.
    pub client: Option<ConfigClient>,
    /// What is added beyond need, and what the devices do.
    pub policy: ConfigPolicy,
}

/// `[client]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ConfigClient {
    /// The file of the certificate, and of its intermediates.
    pub cert: PathBuf,
    /// The file of its key.
    pub key: PathBuf,
}

/// `[policy]`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own, as in the file"
)]
pub struct ConfigPolicy {
    /// The roots above the top of a cross-signed chain.
    pub cross_sign_parents: bool,
    /// Announced successors.
    pub successors: bool,
    /// Only what today's list has is chosen.
    pub mozilla_only: bool,
    /// Leaves and intermediates are put in, too.
    pub pin: bool,
    /// Devices look at dates.
    pub dates: bool,
    /// Devices verify across signatures, where their release can.
    pub cross_signed_verify: Option<bool>,
    /// How many roots devices take.
    pub max_certs: Option<usize>,
}

/// The text is no TOML, or says something else than [`Config`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{what}")]
pub struct NotAConfig {
    /// What the reader of TOML says, with the line, harmless.
    pub what: String,
}

impl Config {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`NotAConfig`].
    pub fn parse(text: &str) -> Result<Self, NotAConfig> {
        toml::from_str(text).map_err(|error| NotAConfig {
            what: crate::text::lines(error.to_string().trim_end()),
        })
    }
}

/// Reads a list of names: one a line; a `#` begins a comment. A byte order mark may stand wherever files were joined.
pub fn names(text: &str) -> Vec<String> {
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .map(|line| line.trim_matches(blank))
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_by_default() {
        assert_eq!(Config::parse(""), Ok(Config::default()));
        let said = Config::parse("hosts = [\"a.test\"]\n[policy]\npin = true\n").unwrap();
        assert_eq!(said.hosts, ["a.test"]);
        assert!(said.policy.pin && !said.policy.dates);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_moves_no_terminal() {
        for (text, part) in [
            ("idf = []\nhost = []\n", "unknown field `host`"),
            ("idf = \"v5.3\"\n", "line 1"),
            ("hosts = [", "line 1"),
            ("\"\\u001b[2J\" = 1", "\\u{1b}[2J"),
            ("a = \u{1b}[2J\u{202e}", "\\u{202e}"),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
            let harmless = |line: &str| countersign_x509::name::is_harmless(line);
            assert!(error.lines().all(harmless), "{error:?}");
        }
    }

    #[test]
    fn names_stand_one_a_line() {
        let text =
            "\u{feff}ISRG Root X1\r\n\n# all of Amazon's\n\u{feff}Amazon Root CA 1 # the first\n";
        assert_eq!(names(text), ["ISRG Root X1", "Amazon Root CA 1"]);
    }
}
