//! The arguments of `trust inspect`, `trust diff` and `trust verify`.

use std::path::PathBuf;

use clap::Args;

use super::Asking;

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TrustInspect {
    /// Servers, as HOST, HOST:PORT, or an https URL, of which only the host is looked at; files with a chain (PEM or DER); `-` for a
    /// chain on stdin, as `openssl s_client -showcerts` prints it
    #[arg(value_name = "HOST|URL|FILE|-", required = true)]
    pub(crate) targets: Vec<String>,
    /// Judge devices with this bundle, too: `x509_crt_bundle` of either format, or PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    /// Print every certificate that was sent, as PEM
    #[arg(long)]
    pub(crate) showcerts: bool,
    /// Write the certificates that were sent, and the roots that they stand on, to a PEM file. Keys are never written
    #[arg(long, value_name = "OUT")]
    pub(crate) pem: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) probing: Probing,
}

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TrustVerify {
    /// The bundle: `x509_crt_bundle` of either format, or PEM
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,
    /// What shall pass: servers, files with a chain, `-`; as for `trust inspect`
    #[arg(value_name = "HOST|URL|FILE|-", required = true)]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) probing: Probing,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct TrustDiff {
    /// The one before
    #[arg(value_name = "A")]
    pub(crate) before: PathBuf,
    /// The one after
    #[arg(value_name = "B")]
    pub(crate) after: PathBuf,
}

/// For which devices, and how servers are asked.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Probing {
    /// Releases of ESP-IDF that must accept: v5.3, v5.3.x, v4.4..v5.5.1, master; without any, all are tried
    #[arg(long, value_name = "RELEASE", value_delimiter = ',')]
    pub(crate) idf: Vec<String>,
    /// What a chain from a file must be for; without it, its name is not checked
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// What is taken for now, such as 2027-06-30T00:00:00Z or `now`; devices then look at dates. Without it, they do not, as by default
    #[arg(long, value_name = "TIME")]
    pub(crate) clock: Option<String>,
    /// Show every step that led a device to its verdict; of releases that say the same, those of the oldest
    #[arg(long)]
    pub(crate) steps: bool,
    /// How many roots devices take, as their project sets it (`CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_MAX_CERTS`); without it 200, as by default
    #[arg(long, value_name = "N")]
    pub(crate) max_certs: Option<usize>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}
