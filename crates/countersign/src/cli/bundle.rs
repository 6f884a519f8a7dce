//! The arguments of `trust bundle`, `trust check` and `trust roots`.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

use super::Asking;

#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct TrustBundle {
    /// What to do, as a file; without this and without any other argument, ./trust.toml. Arguments add to it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Certificates to put in whatever the hosts need: PEM or DER, a file or a folder
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) pem: Vec<PathBuf>,
    /// A server that devices talk to; the roots that it needs are found and put in
    #[arg(long = "host", value_name = "HOST[:PORT]", num_args = 1..)]
    pub(crate) hosts: Vec<String>,
    /// What devices are built with: v5.3, all of a line as v5.3.x, a range as v4.4..v5.5.1, or master
    #[arg(long, value_name = "RELEASE", num_args = 1.., value_delimiter = ',')]
    pub(crate) idf: Vec<String>,
    /// Put in these roots, by name or by SHA-256, and no others for the hosts' sake
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// The same from a file, one name a line
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,
    /// A chain to take as seen, in place of asking the host: PEM, the server's own certificate first
    #[arg(long = "chain", value_name = "[HOST=]FILE", num_args = 1..)]
    pub(crate) chains: Vec<String>,
    /// Put in leaves and intermediates too
    #[arg(long)]
    pub(crate) allow_pin: bool,
    /// Add every root that vouches for a certificate within a chain, so that a server may send more or less of it
    #[arg(long)]
    pub(crate) cross_sign_parents: bool,
    /// Add the announced successors of what is in
    #[arg(long)]
    pub(crate) successors: bool,
    /// Choose no root that Mozilla has dropped
    #[arg(long)]
    pub(crate) mozilla_only: bool,
    /// Whether devices verify chains that are signed across, where their release can; without it, as the release does by default
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub(crate) cross_signed_verify: Option<bool>,
    /// Devices look at dates (`CONFIG_MBEDTLS_HAVE_TIME_DATE`)
    #[arg(long)]
    pub(crate) dates: bool,
    /// How many roots devices take, as their project sets it (`CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_MAX_CERTS`); without it 200, as by default
    #[arg(long, value_name = "N")]
    pub(crate) max_certs: Option<usize>,
    #[command(flatten)]
    pub(crate) asking: Asking,
    /// Show every step of the proof
    #[arg(long)]
    pub(crate) steps: bool,
    /// Where to put the files: a new folder, or one that this command made
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct TrustCheck {
    /// What `trust bundle` wrote
    #[arg(value_name = "trust.lock", default_value = "trust.lock")]
    pub(crate) lock: PathBuf,
    /// Check these hosts alone; without any, those of the lock file
    #[arg(value_name = "HOST")]
    pub(crate) hosts: Vec<String>,
    /// Ask nobody: judge the chains of the lock file anew
    #[arg(long, conflicts_with = "chains")]
    pub(crate) offline: bool,
    /// A chain to take as seen, in place of asking the host: PEM, the server's own certificate first
    #[arg(long = "chain", value_name = "[HOST=]FILE", num_args = 1..)]
    pub(crate) chains: Vec<String>,
    /// Warn so many days before a root ends, or before Mozilla ends its trust in it
    #[arg(long, value_name = "N", default_value_t = 90)]
    pub(crate) days: u64,
    /// Write metrics for Prometheus' textfile collector; `-` for stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) prometheus: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct TrustRoots {
    #[command(subcommand)]
    pub(crate) command: Option<RootsCommand>,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum RootsCommand {
    /// Keep Mozilla's current list of roots in the state directory, for all other trust commands
    Update(RootsUpdate),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct RootsUpdate {
    /// Where the list is: an https URL, a file, `-` for stdin; PEM, or the CCADB's report with PEM (CSV). Without this, Mozilla's own
    /// at the CCADB
    #[arg(long, value_name = "URL|FILE|-")]
    pub(crate) from: Option<String>,
    /// Who may vouch for the server of the URL, in place of Mozilla's roots as they are built in: PEM or DER
    #[arg(long, value_name = "FILE", conflicts_with = "forget")]
    pub(crate) ca: Option<PathBuf>,
    /// Seconds that fetching it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub(crate) timeout: f64,
    /// Go back to the list that is built in
    #[arg(long, conflicts_with = "from")]
    pub(crate) forget: bool,
}
