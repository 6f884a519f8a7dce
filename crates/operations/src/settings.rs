//! What an operator sets, as plain data. Read from `countersign.toml` by the program.

mod products;

use std::sync::Arc;

use countersign_fleet::ProductName;
use countersign_pki::Profiles;

pub use self::products::{ProductSettings, Products, SettingError};
use crate::{Error, crl::CrlSettings, policy::Policy};

/// What an operator sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The products, by name.
    pub products: Products,
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
    /// What must hold for its releases.
    pub policy: Policy,
}

impl Settings {
    /// The product of that name.
    ///
    /// # Errors
    /// [`Error::UnknownProduct`], with the names that there are.
    pub fn product(&self, name: &ProductName) -> Result<Arc<Product>, Error> {
        self.products.one(name)
    }

    /// The product that is meant where none is named: the only one.
    ///
    /// # Errors
    /// [`Error::ProductNotNamed`] where there are several, or none.
    pub fn only_product(&self) -> Result<ProductName, Error> {
        let names = self.products.names();
        match <[ProductName; 1]>::try_from(names) {
            Ok([only]) => Ok(only),
            Err(known) => Err(Error::ProductNotNamed { known }),
        }
    }
}
