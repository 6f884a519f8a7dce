//! A device that somebody else's CA certified, under the name of one of ours.

use anyhow::{Context, Result};
use countersign_keys::FileKey;
use countersign_operations::{found, view::EnrolledView};
use countersign_pki::{Authority, Profile, Signer, Validity};
use countersign_protocol::UnixTime;
use countersign_trust::IdfRelease;
use countersign_x509::pem;
use std::sync::Arc;

use super::props::Stage;
use crate::{
    command,
    files::NewFolder,
    system::{SystemClock, SystemEntropy},
};

/// Makes the impostor's folder: a whole device, good in everything but whose CA certified it. The CA has even our
/// authorities' names.
pub(super) fn make(stage: &Stage, honest: &EnrolledView, name: &str) -> Result<()> {
    let key = || -> Result<Arc<dyn Signer>> { Ok(Arc::new(FileKey::generate()?)) };
    let (root_key, issuing_key) = (key()?, key()?);
    let foreign = found::hierarchy(
        name,
        "device",
        &root_key,
        &issuing_key,
        &SystemClock,
        &SystemEntropy,
    )?;
    let authority = Authority::new(foreign.issuing, vec![foreign.root], issuing_key)?;
    let folder = NewFolder::begin(&stage.impostor())?;
    let device_key = FileKey::create_new(&folder.path().join("device.key"))?;
    let profile = Profile::Device {
        id: honest.id.clone(),
        urn: honest.urn.clone(),
    };
    let validity = Validity {
        not_before: UnixTime(0),
        not_after: None,
    };
    let certificate = authority.issue(&profile, device_key.public_key(), validity, [0x5a; 16])?;
    let identity = EnrolledView {
        chain: pem::to_pem(&authority.chain_of(certificate)),
        ..honest.clone()
    };
    let idf: IdfRelease = "v5.5".parse().context("v5.5")?;
    command::write_device(folder.path(), &identity, &device_key, idf)?;
    folder.finish()
}
