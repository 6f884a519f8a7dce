//! A device that somebody else's CA certified, under the name of one of ours.

use anyhow::{Context, Result};
use countersign_keys::FileKey;
use countersign_operations::view::EnrolledView;
use countersign_pki::{Profile, Profiles, Signer as _, Validity};
use countersign_protocol::UnixTime;
use countersign_trust::IdfRelease;
use countersign_x509::pem;

use super::{loot, props::Stage, story};
use crate::{command, files::NewFolder};

/// Makes the impostor's folder: a whole device, good in everything but whose CA certified it. The CA has even our
/// authorities' names.
pub(super) fn make(stage: &Stage, honest: &EnrolledView) -> Result<()> {
    let authority = loot::foreign_authority(story::NAME, "device")?;
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
    let (rules, key) = (Profiles::default().device, device_key.public_key());
    let certificate = authority.issue(&profile, &rules, key, validity, [0x5a; 16])?;
    let identity = EnrolledView {
        chain: pem::to_pem(&authority.chain_of(certificate)),
        ..honest.clone()
    };
    let idf: IdfRelease = story::IDF.parse().context(story::IDF)?;
    command::write_device(
        folder.path(),
        &identity,
        &device_key,
        idf,
        command::DeviceExtra::default(),
    )?;
    folder.finish()
}
