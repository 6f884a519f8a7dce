//! CAs and servers for these tests.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::harness::House;

/// A CA, which certifies what it is told to.
pub(super) struct Ca {
    params: CertificateParams,
    key: KeyPair,
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
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().pem();
        Self { params, key, root }
    }

    /// Its certificate by another CA, PEM.
    pub(super) fn by(&self, other: &Self) -> String {
        other.sign(&self.params, &self.key)
    }

    /// A server's certificate, with what is sent behind it.
    pub(super) fn server(&self, host: &str, behind: &[&str]) -> Identity {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.distinguished_name = named(host);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let leaf = self.sign(&params, &key);
        Identity {
            chain: [&[leaf.as_str()], behind].concat().concat(),
            key: key.serialize_pem(),
        }
    }

    /// A server's certificate without alternative names, PEM.
    pub(super) fn common_name(&self, host: &str) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(host);
        self.sign(&params, &KeyPair::generate().unwrap())
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> String {
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(key, &issuer).unwrap().pem()
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// `openssl s_server`, which ends with its handle.
pub(super) struct SServer {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
}

impl SServer {
    pub(super) fn start(house: &House, name: &str, identity: &Identity) -> Self {
        Self::start_with(house, name, identity, &["-www"])
    }

    /// One that serves the files of the house's folder.
    pub(super) fn files(house: &House, name: &str, identity: &Identity) -> Self {
        Self::start_with(house, name, identity, &["-WWW"])
    }

    pub(super) fn start_with(
        house: &House,
        name: &str,
        identity: &Identity,
        more: &[&str],
    ) -> Self {
        let end = "-----END CERTIFICATE-----\n";
        let behind = identity.chain.split_once(end).unwrap().1;
        let [chain, behind, key] = [
            write(house, &format!("{name}.chain.pem"), &identity.chain),
            write(house, &format!("{name}.behind.pem"), behind),
            write(house, &format!("{name}.key"), &identity.key),
        ];
        let sent = if identity.chain.matches(end).count() > 1 {
            vec!["-cert_chain", behind.as_str()]
        } else {
            Vec::new()
        };
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0"])
            .args(["-cert", &chain, "-key", &key])
            .args(sent)
            .args(more)
            .current_dir(house.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut addresses = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned));
        let address = addresses.next().unwrap();
        Self { child, address }
    }
}

impl Drop for SServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
