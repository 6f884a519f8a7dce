//! The stores that a device may be sent to, and who vouches for them.

use anyhow::{Context, Result, bail};
use countersign_provision::{layout, layout::FlashLayout, nvs};
use countersign_trust::{IdfRelease, bundle, survey::Own};

use crate::{
    cli,
    inspect::bundle_file::{BundleFile, Kind},
};

/// What a device knows of stores.
pub(crate) struct Stores {
    /// The stores, by their names.
    pub(super) hosts: Vec<String>,
    /// Who vouches for them.
    pub(super) bundle: Vec<u8>,
}

impl Stores {
    /// Reads what was asked for; looks for all that a device would stumble over, before one is enrolled.
    pub(super) fn read(asked: &cli::Stores, idf: IdfRelease) -> Result<Option<Self>> {
        // The command line takes either with the other alone.
        let Some(path) = &asked.bundle else {
            return Ok(None);
        };
        nvs::check_hosts(&asked.hosts).context(
            "a store is the full name of a host, without scheme and port; eight at most",
        )?;
        let file = BundleFile::read(path)?;
        let bundle = match file.own {
            Own::Certificates(roots) => bundle::build(&roots, bundle::format_for(idf))
                .with_context(|| path.display().to_string())?,
            Own::Bundle(_) if matches!(file.kind, Kind::Bundle { sorted: false, .. }) => bail!(
                "{} is not sorted: a device searches by halving, and will not find all of it",
                path.display()
            ),
            Own::Bundle(bytes) => bytes,
        };
        let place = FlashLayout::for_image(0)
            .and_then(|flash| flash.partition(layout::TRUST_STORES))
            .context("no flash layout")?;
        if u32::try_from(bundle.len()).is_ok_and(|len| len <= place.size) {
            let hosts = asked.hosts.clone();
            return Ok(Some(Self { hosts, bundle }));
        }
        bail!(
            "{} makes a bundle of {} bytes, and there is room for {}; leave out the roots that no store needs",
            path.display(),
            bundle.len(),
            place.size
        )
    }
}
