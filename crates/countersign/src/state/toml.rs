//! `countersign.toml`: what an operator sets, read here and nowhere else.

mod crl;
mod edit;
mod limits;
mod product;
mod profiles;
mod server;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::NonZero,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use countersign_fleet::ProductName;
use esp_formats::app_image::ChipId;
use serde::Deserialize;

use self::{crl::Crls, limits::Limits, profiles::Profiles, server::Server};
pub(crate) use self::{edit::edited, product::Product, server::ServerFiles};
use crate::files;

/// The file as it stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// Names and addresses of the servers, as in their certificate; the first one is what devices are told.
    pub(crate) hosts: Vec<String>,
    /// The device plane.
    pub(crate) device: DevicePlane,
    /// The download plane.
    pub(crate) download: DownloadPlane,
    /// The operator plane.
    pub(crate) operator: OperatorPlane,
    /// Who the servers are.
    #[serde(default)]
    pub(crate) server: Server,
    /// Where the state is kept.
    #[serde(default)]
    pub(crate) state: Places,
    /// What the planes bear.
    #[serde(default)]
    limits: Limits,
    /// What certificates are like.
    #[serde(default)]
    profiles: Profiles,
    /// How CRLs are made.
    #[serde(default)]
    pub(crate) crl: Crls,
    /// The products, by name.
    #[serde(default)]
    pub(crate) product: BTreeMap<String, Product>,
}

/// `[device]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DevicePlane {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where devices reach it, if not at the first host and the port of `listen`.
    pub(crate) url: Option<String>,
    /// Seconds between check-ins.
    pub(crate) check_in_s: u32,
    /// How often a release is tried on a device.
    #[serde(default = "attempts")]
    pub(crate) attempts: NonZero<u32>,
    /// Whether clients are told whose certificates are taken.
    #[serde(default = "name_authorities")]
    pub(crate) name_authorities: bool,
}

/// `[download]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DownloadPlane {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where devices reach it, if not at the first host and the port of `listen`.
    pub(crate) url: Option<String>,
    /// Bytes per second.
    pub(crate) slowest_rate: u32,
    /// Seconds.
    pub(crate) patience_s: u32,
}

/// `[operator]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorPlane {
    /// Where to listen beside the socket; absent: nowhere.
    pub(crate) listen: Option<SocketAddr>,
}

/// `[state]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Places {
    /// The journal of revocations, seen from the state directory; absent: in it.
    pub(crate) journal: Option<PathBuf>,
}

impl File {
    /// Reads the file of a state directory.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::parse(&files::read_text(path)?, path)
    }

    /// The same from its text.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        let file: Self =
            toml::from_str(text).with_context(|| format!("{} is not right", path.display()))?;
        if file.hosts.is_empty() {
            bail!("{}: `hosts` names nobody", path.display());
        }
        if file.download.slowest_rate == 0 {
            bail!(
                "{}: [download] slowest_rate = 0 makes no sense: nobody would ever be too slow",
                path.display()
            );
        }
        let check = file.limits.check().and_then(|()| file.profiles.check());
        let check = check.and_then(|()| file.crl.check());
        let check = check.and_then(|()| file.server.check());
        check.with_context(|| format!("{} is not right", path.display()))?;
        Ok(file)
    }

    /// What the planes bear.
    pub(crate) fn limits(&self) -> countersign_server::Limits {
        self.limits.with(&self.download)
    }

    /// What certificates are like, by their kind.
    pub(crate) fn profiles(&self) -> countersign_pki::Profiles {
        self.profiles.rules()
    }

    /// The products, with their authors' keys read from `state`.
    pub(crate) fn products(
        &self,
        state: &Path,
    ) -> Result<BTreeMap<ProductName, countersign_operations::Product>> {
        let mut products = BTreeMap::new();
        for (name, product) in &self.product {
            let parsed: ProductName = name.parse().context("countersign.toml")?;
            let read = product
                .read(state)
                .with_context(|| format!("[product.{name}]"))?;
            products.insert(parsed, read);
        }
        Ok(products)
    }
}

/// The number of a chip that is named as in `esp32c3`.
pub(crate) fn chip(name: &str) -> Result<u16> {
    match ChipId::from_name(name) {
        Some(chip) => Ok(chip.0),
        None => bail!("`{name}` is no chip that is known here: esp32, esp32s3, esp32c3, …"),
    }
}

/// The text of a new file.
pub(crate) fn first_text(
    hosts: &[String],
    product: &str,
    author: &str,
    unsigned: bool,
    chip: Option<&str>,
) -> String {
    let hosts = hosts
        .iter()
        .map(|host| format!("{host:?}"))
        .collect::<Vec<_>>()
        .join(", ");
    let product = Product::first_text(product, author, unsigned, chip);
    let (limits, profiles) = (Limits::first_text(), Profiles::first_text());
    let server = Server::FIRST_TEXT;
    let crls = Crls::first_text();
    format!(
        r#"# Settings of this Countersign installation. Flags and environment variables go before them.

# Names and addresses of the servers: what their certificate says. The first one is what devices are told.
hosts = [{hosts}]

[device]                     # check-ins; a client certificate is demanded
listen = "0.0.0.0:8443"
# url = "https://ota.example.com:8443"    # where devices reach it, if not at the first host and this port
check_in_s = 3600            # how often devices shall ask, in seconds
attempts = {ATTEMPTS}                 # how often a release is tried on a device that cannot say that it went back
name_authorities = true      # whether the handshake names the CAs whose certificates are taken, on both planes of devices

[download]                   # images, under signed addresses that end
listen = "0.0.0.0:8445"
# url = "https://ota.example.com:8445"
slowest_rate = 4096          # bytes per second: an address lives as long as the image takes at this rate,
patience_s = 120             # and this much longer

[operator]                   # health, devices, releases: the socket in this folder, and this address with operator.token
listen = "127.0.0.1:8440"

{server}
[state]                      # where the state is kept
# journal = "/mnt/other-disk/countersign.journal"    # what was revoked: apart from what a backup of this folder brings back

[limits]                     # what a client may take; each line says what it stops
{limits}
{profiles}{crls}
{product}"#
    )
}

fn attempts() -> NonZero<u32> {
    ATTEMPTS
}

const fn name_authorities() -> bool {
    true
}

/// How often a release is tried on a device, where the settings do not say.
const ATTEMPTS: NonZero<u32> = NonZero::new(3).unwrap();
