//! Certificates that Countersign did not make: by strangers, or by whoever got hold of an issuing key.

use std::{fs, path::Path};

use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};

use super::{
    House,
    ca::{authority, named, server},
};

/// An authority that certifies what it is told to.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, PEM.
    pub(crate) certificate: String,
}

/// A certified key: the chain and the private key, PEM.
pub(crate) struct Leaf {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Authority {
    /// Somebody else's, under the names of ours: `what` is `device` or `server`.
    pub(crate) fn foreign(what: &str) -> Self {
        let root_key = KeyPair::generate().unwrap();
        let root = Issuer::new(authority(&format!("Countersign {what} root")), root_key);
        let params = authority(&format!("Countersign {what} issuing"));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &root).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// The house's own, as whoever reads its state directory has it.
    pub(crate) fn stolen(house: &House, what: &str) -> Self {
        let file = |end: &str| {
            let name = format!("authorities/{what}-issuing.{end}");
            fs::read_to_string(house.state().join(name)).unwrap()
        };
        let params = authority(&format!("Countersign {what} issuing"));
        let key = KeyPair::from_pem(&file("key")).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            certificate: file("pem"),
        }
    }

    /// Certifies a device until the end of a year.
    pub(crate) fn device(&self, id: &str, last_year: i32) -> Leaf {
        let mut params = client(id);
        params.not_after = date_time_ymd(last_year, 12, 31);
        self.certify(&params)
    }

    /// Certifies a server under one name.
    pub(crate) fn server(&self, name: &str) -> Leaf {
        self.certify(&server(name, &[name]))
    }

    /// The same until the end of a year.
    pub(crate) fn server_until(&self, name: &str, last_year: i32) -> Leaf {
        let mut params = server(name, &[name]);
        params.not_after = date_time_ymd(last_year, 12, 31);
        self.certify(&params)
    }

    fn certify(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Leaf {
            chain: leaf.pem() + &self.certificate,
            key: key.serialize_pem(),
        }
    }
}

impl Leaf {
    /// Puts it into a folder like that of an enrolled device, which trusts the house's servers.
    pub(crate) fn install(&self, house: &House, folder: &str) {
        let folder = house.path(folder);
        fs::create_dir(&folder).unwrap();
        self.write(&folder, "device");
        let root = house.state().join("authorities/server-root.pem");
        fs::copy(root, folder.join("server-root.pem")).unwrap();
    }

    /// Writes `NAME.pem` and `NAME.key`.
    pub(crate) fn write(&self, folder: &Path, name: &str) {
        fs::write(folder.join(format!("{name}.pem")), &self.chain).unwrap();
        fs::write(folder.join(format!("{name}.key")), &self.key).unwrap();
    }
}

/// A device that vouches for itself.
pub(crate) fn self_signed(id: &str) -> Leaf {
    let key = KeyPair::generate().unwrap();
    Leaf {
        chain: client(id).self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

fn client(id: &str) -> CertificateParams {
    let urn = format!("urn:dev:mac:{}ffff{}", &id[..6], &id[6..]);
    let mut params = CertificateParams::default();
    params.distinguished_name = named(id);
    params.subject_alt_names = vec![SanType::URI(urn.try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}
