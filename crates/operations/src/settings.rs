//! What an operator sets, as plain data. Read from `countersign.toml` by the program.

use std::collections::BTreeMap;

use countersign_fleet::ProductName;
use countersign_pki::Profiles;

use crate::{Error, crl::CrlSettings};

/// What an operator sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The products, by name.
    pub products: BTreeMap<ProductName, Product>,
    /// Where devices reach the device plane: `https://host:port`.
    pub device_url: String,
    /// Where devices reach the download plane: `https://host:port`.
    pub download_url: String,
    /// How long a device shall wait between check-ins, in seconds.
    pub check_in_s: u32,
    /// How often a release is tried on a device that never says that it could not use it, and on one that confirmed it
    /// and then ran an older one again. Stops a device from downloading, starting and undoing the same release for ever.
    pub attempts: u32,
    /// The slowest download that is worth waiting for, in bytes per second: a URL lives as long as it takes.
    pub slowest_rate: u32,
    /// How long a URL lives beyond that, in seconds.
    pub patience_s: u32,
    /// What certificates are like, by their kind.
    pub profiles: Profiles,
    /// How CRLs are made.
    pub crl: CrlSettings,
}

/// One product: what its devices run, and who may make it.
#[derive(Clone, Debug)]
pub struct Product {
    /// The public keys of its authors, each a DER `SubjectPublicKeyInfo`.
    pub authors: Vec<Vec<u8>>,
    /// Whether images without a Secure Boot signature are admitted. Their manifests are signed all the same.
    pub unsigned_images: bool,
    /// The chip that all its devices have, by its ESP-IDF `esp_chip_id_t`; `None`: that of its first release.
    pub chip: Option<u16>,
}

impl Settings {
    /// The product of that name.
    ///
    /// # Errors
    /// [`Error::UnknownProduct`], with the names that there are.
    pub fn product(&self, name: &ProductName) -> Result<&Product, Error> {
        self.products
            .get(name)
            .ok_or_else(|| Error::UnknownProduct {
                name: name.clone(),
                known: self.products.keys().cloned().collect(),
            })
    }

    /// The product that is meant where none is named: the only one.
    ///
    /// # Errors
    /// [`Error::ProductNotNamed`] where there are several, or none.
    pub fn only_product(&self) -> Result<&ProductName, Error> {
        let mut names = self.products.keys();
        match (names.next(), names.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Error::ProductNotNamed {
                known: self.products.keys().cloned().collect(),
            }),
        }
    }
}
