//! Where everything lies in a state directory.

use std::path::{Path, PathBuf};

/// A state directory's files.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The directory.
    pub(crate) root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.root.join("countersign.toml")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("countersign.db")
    }

    /// The journal of revocations, where the settings do not name another place.
    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("countersign.journal")
    }

    pub(crate) fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// An authority's private key: `name` is `device-root`, `device-issuing`, `server-root` or `server-issuing`; with
    /// `.1`, `.2` ... behind it of who issued before, with `.next` of who shall issue next.
    pub(crate) fn authority_key(&self, name: &str) -> PathBuf {
        self.authorities().join(format!("{name}.key"))
    }

    /// An authority's certificate.
    pub(crate) fn authority(&self, name: &str) -> PathBuf {
        self.authorities().join(format!("{name}.pem"))
    }

    /// Where authorities lie.
    pub(crate) fn authorities(&self) -> PathBuf {
        self.root.join("authorities")
    }

    /// Where CRLs lie, for others to read: `name` is an authority's, `ending` is `crl` (DER) or `pem`.
    pub(crate) fn crl(&self, name: &str, ending: &str) -> PathBuf {
        self.root.join("crl").join(format!("{name}.{ending}"))
    }

    pub(crate) fn server_key(&self) -> PathBuf {
        self.root.join("server").join("server.key")
    }

    /// The server's certificate and the issuing authority's.
    pub(crate) fn server_chain(&self) -> PathBuf {
        self.root.join("server").join("server.pem")
    }

    /// The key of download addresses: its id, a blank, 64 hexadecimal digits.
    pub(crate) fn url_key(&self) -> PathBuf {
        self.root.join("secrets").join("url.key")
    }

    pub(crate) fn operator_token(&self) -> PathBuf {
        self.root.join("secrets").join("operator.token")
    }

    pub(crate) fn authors(&self) -> PathBuf {
        self.root.join("authors")
    }

    /// Held by whoever changes the state: the server, or one command.
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The running server's operator plane.
    pub(crate) fn socket(&self) -> PathBuf {
        self.root.join("operator.sock")
    }
}
