//! `trust.toml`, and how the command line adds to it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use countersign_trust::{
    choose::Policy,
    config::{Config, ConfigClient, names},
};

use crate::{
    cli::TrustBundle,
    files,
    trust::hosts::{Asked, chain_argument},
};

/// What to make.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub(crate) struct Plan {
    /// Releases of ESP-IDF.
    pub(crate) idf: Vec<String>,
    /// Servers.
    pub(crate) asked: Asked,
    /// Certificates that are in, whatever the servers need.
    pub(crate) pem: Vec<PathBuf>,
    /// Roots that are in, by name or SHA-256.
    pub(crate) named: Vec<String>,
    /// Nothing is added for the servers' sake.
    pub(crate) only: bool,
    /// What to choose from, in place of what is known.
    pub(crate) roots: Option<PathBuf>,
    /// What is added beyond need.
    pub(crate) policy: Policy,
    /// Only what today's list has is chosen.
    pub(crate) mozilla_only: bool,
    /// Leaves and intermediates are put in, too.
    pub(crate) pin: bool,
    /// Devices look at dates.
    pub(crate) dates: bool,
    /// Devices verify across signatures, where their release can.
    pub(crate) cross_signed_verify: Option<bool>,
    /// How many roots devices take, where the user says so.
    pub(crate) max_certs: Option<usize>,
}

impl Plan {
    /// Reads the file that was named, or `./trust.toml` where nothing was said at all, and adds what was said.
    pub(crate) fn read(args: &TrustBundle) -> Result<Self> {
        let said_nothing = args.pem.is_empty()
            && args.hosts.is_empty()
            && args.only.is_empty()
            && args.chains.is_empty()
            && args.from_file.is_none();
        let mut plan = match &args.config {
            Some(path) => Self::of_file(path)?,
            None if said_nothing && Path::new(DEFAULT_FILE).is_file() => {
                Self::of_file(Path::new(DEFAULT_FILE))?
            }
            None => Self::of(Config::default(), Path::new("")),
        };
        plan.idf.extend(args.idf.iter().cloned());
        plan.asked.hosts.extend(args.hosts.iter().cloned());
        plan.asked
            .chains
            .extend(args.chains.iter().map(|text| chain_argument(text)));
        let of_file = plan.asked.asking;
        plan.asked.asking = args.asking.clone();
        if args.asking.cert.is_none() {
            plan.asked.asking.cert = of_file.cert;
            plan.asked.asking.key = of_file.key;
        }
        plan.pem.extend(args.pem.iter().cloned());
        plan.named.extend(args.only.iter().cloned());
        if let Some(path) = &args.from_file {
            plan.named.extend(names(&files::read_text(path)?));
        }
        plan.only |= !args.only.is_empty() || args.from_file.is_some();
        plan.roots = args.asking.roots.clone().or(plan.roots);
        plan.policy.parents |= args.cross_sign_parents;
        plan.policy.successors |= args.successors;
        plan.mozilla_only |= args.mozilla_only;
        plan.pin |= args.allow_pin;
        plan.dates |= args.dates;
        plan.cross_signed_verify = args.cross_signed_verify.or(plan.cross_signed_verify);
        plan.max_certs = args.max_certs.or(plan.max_certs);
        plan.check()?;
        Ok(plan)
    }

    fn of_file(path: &Path) -> Result<Self> {
        let text = files::read_text(path)?;
        let file = Config::parse(&text).with_context(|| path.display().to_string())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self::of(file, folder))
    }

    fn of(file: Config, folder: &Path) -> Self {
        let seen_from = |path: PathBuf| folder.join(path);
        let chains = file.chains.into_iter().flat_map(|(host, paths)| {
            let pair = move |path| (Some(host.clone()), folder.join(path));
            paths.into_iter().map(pair)
        });
        let mut asked = Asked {
            hosts: file.hosts,
            chains: chains.collect(),
            ..Asked::default()
        };
        if let Some(ConfigClient { cert, key }) = file.client {
            asked.asking.cert = Some(folder.join(cert));
            asked.asking.key = Some(folder.join(key));
        }
        let policy = file.policy;
        Self {
            idf: file.idf,
            asked,
            pem: file.pem.into_iter().map(seen_from).collect(),
            named: file.roots,
            only: file.only,
            roots: file.choose_from.map(seen_from),
            policy: Policy {
                parents: policy.cross_sign_parents,
                successors: policy.successors,
            },
            mozilla_only: policy.mozilla_only,
            pin: policy.pin,
            dates: policy.dates,
            cross_signed_verify: policy.cross_signed_verify,
            max_certs: policy.max_certs,
        }
    }

    fn check(&self) -> Result<()> {
        let nothing = self.pem.is_empty()
            && self.named.is_empty()
            && self.asked.hosts.is_empty()
            && self.asked.chains.is_empty();
        if nothing {
            bail!(
                "nothing to put in: name hosts (--host), certificates (--pem) or roots (--only), or write a trust.toml"
            );
        }
        if self.idf.is_empty() {
            bail!("for which ESP-IDF? Say --idf v5.3, --idf v5.3.x or --idf v4.4..v5.5");
        }
        Ok(())
    }
}

/// What is read where nothing is said.
const DEFAULT_FILE: &str = "trust.toml";

#[cfg(test)]
mod tests {
    use super::*;

    fn args(config: &Path) -> TrustBundle {
        TrustBundle {
            config: Some(config.to_owned()),
            ..TrustBundle::default()
        }
    }

    #[test]
    fn the_file_is_read_from_its_folder_and_arguments_add_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trust.toml");
        let text = "idf = [\"v5.3.x\"]\nhosts = [\"a.example\"]\npem = [\"ca.pem\"]\nroots = [\"ISRG Root X1\"]\n\
                    [chains]\n\"b.example\" = [\"b.pem\"]\n[policy]\nsuccessors = true\n";
        std::fs::write(&path, text).unwrap();
        let mut args = args(&path);
        args.hosts = vec!["c.example".to_owned()];
        args.pem = vec!["more.pem".into()];
        let plan = Plan::read(&args).unwrap();
        assert_eq!(plan.asked.hosts, ["a.example", "c.example"]);
        assert_eq!(plan.pem, [folder.path().join("ca.pem"), "more.pem".into()]);
        assert_eq!(plan.named, ["ISRG Root X1"]);
        assert!(plan.policy.successors && !plan.policy.parents && !plan.only);
        let chain = (Some("b.example".to_owned()), folder.path().join("b.pem"));
        assert_eq!(plan.asked.chains, [chain]);
    }

    #[test]
    fn what_a_file_says_wrong_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trust.toml");
        for (text, part) in [
            ("idf = [\"v5.3\"]\nhost = [\"a\"]\n", "unknown field `host`"),
            ("[policy]\nsuccesors = true\n", "unknown field `succesors`"),
            ("idf = \"v5.3\"\n", "idf"),
            ("idf = [\"v5.3\"]\n", "nothing to put in"),
            ("hosts = [\"a\"]\n", "for which ESP-IDF"),
            ("hosts = [", ""),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = format!("{:#}", Plan::read(&args(&path)).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_documented_file_is_one() {
        let docs = include_str!("../../../../docs/trust-bundle.md");
        let text = docs.split("```toml\n").nth(1).unwrap();
        let text = text.split("```").next().unwrap();
        // With what is commented out, too.
        for text in [text.to_owned(), text.replace("\n# ", "\n")] {
            let file = Config::parse(&text).unwrap();
            assert_eq!(file.idf.len(), 3);
        }
    }
}
