//! CAs and servers for these tests.

use std::fs;

use rcgen::date_time_ymd;

use crate::harness::{
    House, OpenSsl,
    ca::{self, named, pem},
};

/// A CA, which certifies what it is told to.
pub(super) struct Ca {
    ca: ca::Ca,
    /// Its self-signed certificate, PEM.
    pub(super) root: String,
}

/// A server's chain, its own certificate first, and its key.
pub(super) struct Identity {
    pub(super) chain: String,
    pub(super) key: String,
}

impl Ca {
    /// A CA until 2060.
    pub(super) fn new(name: &str) -> Self {
        Self::until(name, 2060)
    }

    pub(super) fn until(name: &str, year: i32) -> Self {
        let ca = ca::Ca::root_with(name, |params| params.not_after = date_time_ymd(year, 1, 1));
        let root = ca.pem.clone();
        Self { ca, root }
    }

    /// Its certificate by another CA, PEM.
    pub(super) fn by(&self, other: &Self) -> String {
        pem(&self.ca.under(&other.ca))
    }

    /// A server's certificate, with what is sent behind it.
    pub(super) fn server(&self, host: &str, behind: &[&str]) -> Identity {
        let pair = self.ca.leaf_with(&[host], |params| {
            params.distinguished_name = named(host);
        });
        Identity {
            chain: [&[pair.pem.as_str()], behind].concat().concat(),
            key: pair.key.serialize_pem(),
        }
    }

    /// A server's certificate without alternative names, PEM.
    pub(super) fn common_name(&self, host: &str) -> String {
        let pair = self.ca.leaf_with(&[], |params| {
            params.distinguished_name = named(host);
        });
        pair.pem
    }
}

/// openssl with this identity, from files that begin with `name`.
pub(super) fn openssl(house: &House, name: &str, identity: &Identity) -> OpenSsl {
    openssl_with(house, name, identity, &[])
}

/// The same with more arguments.
pub(super) fn openssl_with(
    house: &House,
    name: &str,
    identity: &Identity,
    more: &[&str],
) -> OpenSsl {
    let files = Files::write(house, name, identity);
    OpenSsl::listen(0, &[&files.args(), more].concat())
}

/// One that serves the files of the house's folder.
pub(super) fn openssl_files(house: &House, name: &str, identity: &Identity) -> OpenSsl {
    let files = Files::write(house, name, identity);
    OpenSsl::serve(&house.path(""), &files.args())
}

/// An identity as openssl reads it.
struct Files {
    chain: String,
    behind: Option<String>,
    key: String,
}

impl Files {
    fn write(house: &House, name: &str, identity: &Identity) -> Self {
        let end = "-----END CERTIFICATE-----\n";
        let behind = identity.chain.split_once(end).unwrap().1;
        let file = |what: &str, text: &str| write(house, &format!("{name}.{what}"), text);
        Self {
            chain: file("chain.pem", &identity.chain),
            behind: behind.contains(end).then(|| file("behind.pem", behind)),
            key: file("key", &identity.key),
        }
    }

    fn args(&self) -> Vec<&str> {
        let mut args = vec!["-cert", self.chain.as_str(), "-key", &self.key];
        args.extend(self.behind.iter().flat_map(|file| ["-cert_chain", file]));
        args
    }
}

/// Writes a file into the house's folder; gives its path.
pub(super) fn write(house: &House, name: &str, text: impl AsRef<[u8]>) -> String {
    fs::write(house.path(name), text).unwrap();
    house.text(name)
}

/// How often a text has another in it.
pub(super) fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}
