//! What the factory put into the flash: settings, identity, trust.

use countersign_node::settings::server_of;
use countersign_protocol::{Author, AuthorId};
use countersign_provision::{layout, nvs, secure_cert};
use zeroize::Zeroizing;

use crate::crypto::sha256;
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
    /// Each author's id and public key.
    authors: Vec<(AuthorId, Vec<u8>)>,
}

impl Provisioned {
    /// Reads it all, as an app does when it starts.
    pub(super) fn read(flash: &mut FileFlash, stage: &BootStage) -> Result<Self, Error> {
        let mut partition = |label| read_partition(flash, &stage.find_label(label)?);
        let settings = nvs::read(&partition(layout::NVS)?).map_err(Error::Provision)?;
        let secret = Zeroizing::new(partition(layout::SECURE_CERT)?);
        let secret = secure_cert::read(&secret).map_err(Error::Provision)?;
        let trust = partition(layout::TRUST)?;

        let (server_host, server_port) =
            server_of(&settings.server).ok_or_else(|| Error::Server {
                url: settings.server.clone(),
            })?;
        // There is no partition for the anchors of stores yet: a device that is sent to one believes nobody there.
        let anchors = Anchors {
            servers: trust,
            stores: Vec::new(),
        };
        let identity = Identity::new(secret.chain, &secret.key_pem).map_err(Error::Identity)?;
        let named = |key: Vec<u8>| (AuthorId::from_spki_sha256(&sha256(&key)), key);
        Ok(Self {
            server_host: server_host.to_owned(),
            server_port,
            product: settings.product,
            stores: settings.allowed_hosts,
            anchors,
            identity,
            authors: settings.authors.into_iter().map(named).collect(),
        })
    }

    /// The authors, as the node wants them.
    pub(super) fn authors(&self) -> Vec<Author<'_>> {
        self.authors
            .iter()
            .map(|(id, public_key)| Author {
                id: *id,
                public_key,
            })
            .collect()
    }
}
