//! What attackers have: whole CAs of their own under our names, and what lies in our server's state directory.

use std::{path::Path, sync::Arc};

use anyhow::Result;
use countersign_keys::FileKey;
use countersign_operations::found;
use countersign_pki::{Authority, Profiles, Signer};
use countersign_server::Identity;
use countersign_x509::pem;

use super::props::Stage;
use crate::{
    files,
    state::Layout,
    system::{SystemClock, SystemEntropy},
};

/// Somebody else's issuing authority, under the names of ours, which are `name`'s: `what` is `device` or `server`.
pub(super) fn foreign_authority(name: &str, what: &str) -> Result<Authority> {
    let key = || -> Result<Arc<dyn Signer>> { Ok(Arc::new(FileKey::generate()?)) };
    let (root_key, issuing_key) = (key()?, key()?);
    let made = found::hierarchy(
        name,
        what,
        &root_key,
        &issuing_key,
        &SystemClock,
        &SystemEntropy,
    )?;
    Ok(Authority::new(made.issuing, vec![made.root], issuing_key)?)
}

/// Our own server's chain and key.
pub(super) fn our_server(stage: &Stage) -> Result<Identity> {
    let layout = Layout::new(&stage.state());
    pair(&layout.server_chain(), &layout.server_key())
}

/// A device's chain and key.
pub(super) fn device(folder: &Path) -> Result<Identity> {
    pair(&folder.join("device.pem"), &folder.join("device.key"))
}

/// A server that our own authority for servers certified, under another name.
pub(super) fn our_server_as(stage: &Stage, host: &str) -> Result<Identity> {
    let layout = Layout::new(&stage.state());
    let certificates = |name: &str| -> Result<_> {
        Ok(pem::certificates(&files::read(&layout.authority(name))?)?)
    };
    let key = FileKey::load(&layout.authority_key("server-issuing"))?;
    let issuing = certificates("server-issuing")?.swap_remove(0);
    let roots = certificates("server-root")?;
    server_of(&Authority::new(issuing, roots, Arc::new(key))?, host)
}

/// A server that an authority certifies.
pub(super) fn server_of(authority: &Authority, host: &str) -> Result<Identity> {
    let key = FileKey::generate()?;
    let names = [host.to_owned()];
    let leaf = found::server_certificate(
        authority,
        &names,
        &Profiles::default().server,
        key.public_key(),
        &SystemClock,
        &SystemEntropy,
    )?;
    Ok(Identity {
        chain: authority.chain_of(leaf),
        key: key.to_pkcs8_der()?,
    })
}

fn pair(chain: &Path, key: &Path) -> Result<Identity> {
    Ok(Identity {
        chain: pem::certificates(&files::read(chain)?)?,
        key: FileKey::load(key)?.to_pkcs8_der()?,
    })
}
