//! `[server]`: the certificate that devices are shown.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Deserialize;

/// `[server]`. Without files, the certificate is from our own authority.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    /// The root that devices are given at their enrollment, seen from the state directory; absent: that of our own.
    pub(crate) root: Option<PathBuf>,
}

/// Files that another program keeps current.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ServerFiles {
    /// The server's certificate, and those above it, PEM.
    pub(crate) certificate: PathBuf,
    /// Its key, PEM.
    pub(crate) key: PathBuf,
    /// The root that they lead to, where the settings name it.
    pub(crate) root: Option<PathBuf>,
}

impl Server {
    /// The lines of a new file.
    pub(super) const FIRST_TEXT: &str = r#"[server]                     # without these, the certificate is from our own authority, and `serve` renews it
# certificate = "/etc/letsencrypt/live/ota.example.com/fullchain.pem"    # taken up when it changes, without a restart
# key = "/etc/letsencrypt/live/ota.example.com/privkey.pem"
# root = "/etc/ssl/certs/ISRG_Root_X1.pem"    # the root that it leads to: what devices are given to trust
"#;

    /// Demands that what belongs together is there together.
    pub(super) fn check(&self) -> Result<()> {
        let (there, missing) = match (&self.certificate, &self.key) {
            (Some(_), None) => ("certificate", "key"),
            (None, Some(_)) => ("key", "certificate"),
            (None, None) if self.root.is_some() => ("root", "certificate"),
            _ => return Ok(()),
        };
        bail!("[server] has `{there}` and no `{missing}`: they belong together");
    }

    /// The files, seen from the state directory; none where the certificate is from our own authority.
    pub(crate) fn files(&self, state: &Path) -> Option<ServerFiles> {
        Some(ServerFiles {
            certificate: state.join(self.certificate.as_ref()?),
            key: state.join(self.key.as_ref()?),
            root: self.root.as_ref().map(|root| state.join(root)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Server, String> {
        let server: Server = toml::from_str(text).map_err(|error| error.to_string())?;
        server.check().map_err(|error| error.to_string())?;
        Ok(server)
    }

    #[test]
    fn files_are_named_together_or_not_at_all() {
        assert_eq!(read("").unwrap().files(Path::new("state")), None);
        let both = read("certificate = \"a.pem\"\nkey = \"/k.pem\"").unwrap();
        let files = both.files(Path::new("state")).unwrap();
        assert_eq!(files.certificate, Path::new("state/a.pem"));
        assert_eq!(files.key, Path::new("/k.pem"));
        for (text, said) in [
            ("certificate = \"a\"", "has `certificate` and no `key`"),
            ("key = \"a\"", "has `key` and no `certificate`"),
            ("root = \"a\"", "has `root` and no `certificate`"),
            ("chain = \"a\"", "unknown field `chain`"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
