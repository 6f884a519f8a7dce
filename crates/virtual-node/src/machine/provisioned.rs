//! What the factory put into the flash: settings, identity, trust.

use countersign_node::{
    Crypto,
    provisioned::{self, NVS, SECURE_CERT, TRUST, TRUST_STORES},
};
use countersign_protocol::Author;
use countersign_provision::secure_cert;
use zeroize::Zeroizing;

use crate::flash::FileFlash;
use crate::machine::Error;
use crate::machine::boot::{BootStage, read_partition};
use crate::{Anchors, Identity};

/// What the factory put into the flash.
#[derive(Debug)]
pub(super) struct Provisioned {
    pub(super) server_host: String,
    pub(super) server_port: u16,
    pub(super) product: String,
    pub(super) stores: Vec<String>,
    pub(super) anchors: Anchors,
    pub(super) identity: Identity,
    /// Each author's public key.
    authors: Vec<Vec<u8>>,
}

impl Provisioned {
    /// Reads it all, as an app does when it starts.
    pub(super) fn read(flash: &mut FileFlash, stage: &BootStage) -> Result<Self, Error> {
        let mut partition = |label| read_partition(flash, &stage.find_label(label)?);
        let nvs = partition(NVS)?;
        let settings = provisioned::Provisioned::read(&nvs).map_err(Error::Unfit)?;
        let secret = Zeroizing::new(partition(SECURE_CERT)?);
        let secret = secure_cert::read(&secret).map_err(Error::Provision)?;
        let servers = partition(TRUST)?;
        let stores = match partition(TRUST_STORES) {
            Ok(bytes) => bytes,
            // Flashed before there was one: no store is believed.
            Err(Error::MissingPartition { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        let anchors = Anchors { servers, stores };
        let identity = Identity::new(secret.chain, &secret.key_pem).map_err(Error::Identity)?;
        Ok(Self {
            server_host: settings.server_host.to_owned(),
            server_port: settings.server_port,
            product: settings.product.to_owned(),
            stores: settings.stores().iter().map(|&host| host.into()).collect(),
            anchors,
            identity,
            authors: settings.authors().map(<[u8]>::to_vec).collect(),
        })
    }

    /// The authors, as the node wants them.
    pub(super) fn authors(&self, crypto: &impl Crypto) -> Vec<Author<'_>> {
        let keys = self.authors.iter();
        keys.map(|key| provisioned::author(crypto, key)).collect()
    }
}
