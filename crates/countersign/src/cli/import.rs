//! Devices that have certificates already.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct DeviceImport {
    /// Certificates, PEM or DER, many in a file or a folder of them; or lists in CSV (*.csv) with a first line that names the
    /// columns: id, certificate, fingerprint, pin, product. CAs' certificates among them stand between
    #[arg(value_name = "FILE|FOLDER", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The registered authority that certified the devices
    #[arg(long, value_name = "NAME")]
    pub(crate) authority: String,
    /// The product of devices for which a list says none; without it, the authority's
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// Say what would come of it, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Import the others where some are refused, in place of none
    #[arg(long)]
    pub(crate) skip_bad: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DeviceRepin {
    /// Its id, with its authority's name: NAME/...
    pub(crate) id: String,
    /// Its new certificate, PEM or DER; CAs between its authority and it may stand in the same file
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "key",
        conflicts_with = "key"
    )]
    pub(crate) certificate: Option<PathBuf>,
    /// Its new public key, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}
