//! What the factory put into the flash, for a machine whose flash is as `countersign device enroll` lays it out.
//!
//! | partition                        | what                                          | read by                 |
//! |----------------------------------|-----------------------------------------------|-------------------------|
//! | `nvs` ([`NVS`])                  | settings, in namespace [`NAMESPACE`]          | [`Provisioned::read`]   |
//! | `esp_secure_cert` ([`SECURE_CERT`]) | the device's chain and key                 | [`identity`]            |
//! | `trust` ([`TRUST`])              | who vouches for our servers                   | [`servers`]             |
//! | `trust_stores` ([`TRUST_STORES`]) | who vouches for stores; may be missing or blank | [`stores`]           |
//! | `authors` ([`AUTHORS`])          | the author set that is followed; may be missing or blank | the node itself    |
//!
//! The two sets of anchors are apart, so that whoever vouches for a store, a public authority as a rule, cannot vouch for
//! our server.
//!
//! The settings:
//!
//! | key                 | type   | meaning                                                            |
//! |---------------------|--------|--------------------------------------------------------------------|
//! | `server`            | string | https URL of the device plane                                      |
//! | `product`, `device` | string | the product's and the device's name                                |
//! | `author0` …         | blob   | `SubjectPublicKeyInfo` (DER) of each author, [`MAX_NUMBERED`] at most |
//! | `host0` …           | string | each host other than the server's that images may come from, as many at most |

use countersign_protocol::{Author, AuthorId, AuthorSet};
use esp_formats::{
    bundle::Bundle,
    nvs::Nvs,
    secure_cert::{self, Kind},
};

use crate::{Crypto, Sha256 as _, settings::server_of};

/// The settings of a device; texts are read in place.
#[derive(Clone, Debug)]
pub struct Provisioned<'a> {
    /// The device plane's host.
    pub server_host: &'a str,
    /// The device plane's port.
    pub server_port: u16,
    /// The product that the device was made as.
    pub product: &'a str,
    /// The device's name, to be told; what counts is the one in its certificate.
    pub device: &'a str,
    authors: [([u8; MAX_KEY], usize); MAX_NUMBERED],
    stores: [&'a str; MAX_NUMBERED],
    store_count: usize,
}

/// What a device proves itself with.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// The device's own certificate, then its issuers: PEM with a closing NUL, as the factory writes it, or DER, one after
    /// the other.
    pub chain: &'a [u8],
    /// The private key, not encrypted: PEM with a closing NUL, or DER, PKCS#8 or SEC 1.
    pub key: &'a [u8],
}

impl core::fmt::Debug for Identity<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// What is not as a factory leaves it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Something is damaged, or no such thing.
    #[error("{what}: {source}")]
    Damaged {
        /// The partition, or the key of a setting.
        what: &'static str,
        /// What is wrong, and at which byte of the partition.
        source: esp_formats::Error,
    },
    /// An entry of `esp_secure_cert` is not there, or kept where only other programs can use it.
    #[error("{SECURE_CERT} has no {0} that can be used")]
    Identity(&'static str),
    /// A setting is not there.
    #[error("the settings have no {0}")]
    Missing(&'static str),
    /// The setting `server` is no https URL of a host and a port.
    #[error("the setting server is no https URL with a host's name")]
    Server,
}

impl<'a> Provisioned<'a> {
    /// Reads the settings out of the partition [`NVS`].
    ///
    /// # Errors
    /// [`Unfit::Damaged`], also where an author's key is longer than one on P-256; [`Unfit::Missing`]; [`Unfit::Server`].
    pub fn read(partition: &'a [u8]) -> Result<Self, Unfit> {
        let nvs = Nvs::parse(partition).map_err(damaged(NVS))?;
        let text = |key| nvs.text(NAMESPACE, key).map_err(damaged(key));
        let needed = |key| text(key)?.ok_or(Unfit::Missing(key));
        let (server_host, server_port) = server_of(needed("server")?).ok_or(Unfit::Server)?;

        let mut authors = [([0; MAX_KEY], 0); MAX_NUMBERED];
        for (key, (bytes, len)) in AUTHOR_KEYS.into_iter().zip(&mut authors) {
            let found = nvs.blob(NAMESPACE, key, bytes).map_err(damaged(key))?;
            *len = found.map_or(0, <[u8]>::len);
        }
        let (mut stores, mut store_count) = ([""; MAX_NUMBERED], 0_usize);
        for key in HOSTS {
            if let (Some(host), Some(place)) = (text(key)?, stores.get_mut(store_count)) {
                *place = host;
                store_count = store_count.saturating_add(1);
            }
        }
        Ok(Self {
            server_host,
            server_port,
            product: needed("product")?,
            device: needed("device")?,
            authors,
            stores,
            store_count,
        })
    }

    /// The authors' public keys, in DER.
    pub fn authors(&self) -> impl Iterator<Item = &[u8]> {
        let keys = self.authors.iter().filter(|(_, len)| *len > 0);
        keys.filter_map(|(bytes, len)| bytes.get(..*len))
    }

    /// The hosts that images may come from, beside the server's.
    pub fn stores(&self) -> &[&'a str] {
        self.stores.get(..self.store_count).unwrap_or_default()
    }
}

/// An author by his public key in DER, named as manifests name him.
pub fn author<'k>(crypto: &impl Crypto, public_key: &'k [u8]) -> Author<'k> {
    let mut digest = crypto.sha256();
    digest.update(public_key);
    Author {
        id: AuthorId::from_spki_sha256(&digest.finish()),
        public_key,
    }
}

/// Finds chain and key in the partition [`SECURE_CERT`].
///
/// # Errors
/// [`Unfit::Damaged`], [`Unfit::Identity`].
pub fn identity(partition: &[u8]) -> Result<Identity<'_>, Unfit> {
    let entry = |kind, what| {
        let found = secure_cert::find(partition, kind, 0).map_err(damaged(SECURE_CERT))?;
        // Flags say that a key is sealed, or in the chip's own key store.
        let usable = found.filter(|entry| entry.flags == 0);
        Ok(usable.ok_or(Unfit::Identity(what))?.data)
    };
    Ok(Identity {
        chain: entry(Kind::DEVICE_CERTIFICATE, "certificate")?,
        key: entry(Kind::PRIVATE_KEY, "private key")?,
    })
}

/// Reads who vouches for our servers out of the partition [`TRUST`].
///
/// # Errors
/// [`Unfit::Damaged`].
pub fn servers(partition: &[u8]) -> Result<Bundle<'_>, Unfit> {
    Bundle::parse_prefix(partition).map_err(damaged(TRUST))
}

/// Reads who vouches for stores out of the partition [`TRUST_STORES`]: nobody, where it is blank. A device whose table does not
/// have it believes no store either.
///
/// # Errors
/// [`Unfit::Damaged`]. A device need not stop at that: without these anchors it refuses stores, and its server still
/// reaches it.
pub fn stores(partition: &[u8]) -> Result<Option<Bundle<'_>>, Unfit> {
    if partition.iter().all(|byte| *byte == ERASED) {
        return Ok(None);
    }
    let bundle = Bundle::parse_prefix(partition).map_err(damaged(TRUST_STORES))?;
    Ok(Some(bundle))
}

/// Writes what a factory puts into the partition [`AUTHORS`], for a device that shall go by an author set from the start, and
/// tells its length; `None` where `set` is no [`AuthorSet`], or `out` has no room. Whoever asks for it has verified the set.
pub fn author_set(set: &[u8], out: &mut [u8]) -> Option<usize> {
    let sequence = AuthorSet::decode(set).ok()?.sequence;
    crate::authors::encode(sequence, set, out)
}

const fn damaged(what: &'static str) -> impl Fn(esp_formats::Error) -> Unfit {
    move |source| Unfit::Damaged { what, source }
}

/// Label of the settings' partition.
pub const NVS: &str = "nvs";
/// Label of the identity's partition.
pub const SECURE_CERT: &str = "esp_secure_cert";
/// Label of the partition with the anchors of our servers, an ESP-IDF bundle of either format.
pub const TRUST: &str = "trust";
/// Label of the partition with the anchors of stores, in the same form.
pub const TRUST_STORES: &str = "trust_stores";
/// Label of the partition with the author set that a device goes by, two sectors.
pub const AUTHORS: &str = "authors";

/// Namespace of all settings.
pub const NAMESPACE: &str = "countersign";

/// Authors, and hosts, at most. Stops a partition from taking all of a small machine's memory.
pub const MAX_NUMBERED: usize = 8;

const AUTHOR_KEYS: [&str; MAX_NUMBERED] = [
    "author0", "author1", "author2", "author3", "author4", "author5", "author6", "author7",
];
const HOSTS: [&str; MAX_NUMBERED] = [
    "host0", "host1", "host2", "host3", "host4", "host5", "host6", "host7",
];

/// An author's key at most, in bytes: a `SubjectPublicKeyInfo` on P-256 has 91.
const MAX_KEY: usize = 128;

/// What flash reads as where nothing was written.
const ERASED: u8 = 0xFF;
