//! Authorities of others that vouch for devices.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use countersign_fleet::{NameMapping, VouchesFor};

#[derive(Debug, Subcommand)]
pub(crate) enum Authority {
    /// Let a CA that is not ours vouch for devices, each under its name: NAME/...
    Register(AuthorityRegister),
    /// Change what a registered CA may do, from the next request on
    Set(AuthoritySet),
    /// The registered CAs, and what each may do
    List,
}

#[derive(Args, Debug)]
pub(crate) struct AuthorityRegister {
    /// What it is called here: 1 to 32 of a-z 0-9 . _ -; its devices are NAME/...
    pub(crate) name: String,
    /// Its certificate, PEM or DER: a root's, or that of any CA below one
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: PathBuf,
    /// Where its certificates say who the device is: cn, the subject's common name; uri or dns, the one alternative name of that type
    #[arg(long, value_name = "cn|uri|dns", default_value = "cn")]
    pub(crate) names: NameMapping,
    /// The product of devices that it brings in; may be left out where there is one only
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// For whom it may vouch: known, for devices that are here, by the keys that are known; new, for others too; nobody
    #[arg(long, value_name = "known|new|nobody")]
    pub(crate) vouches_for: VouchesFor,
    /// The last moment in which it may bring in new devices, for example 2027-06-30T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) new_until: Option<String>,
    /// Let it vouch for known devices also when its own certificate has ended
    #[arg(long)]
    pub(crate) known_after_end: bool,
}

#[derive(Args, Debug)]
pub(crate) struct AuthoritySet {
    /// What it is called here
    pub(crate) name: String,
    /// Its certificate, where that was renewed for the same key
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// Where its certificates say who the device is; devices that are here stay who they are
    #[arg(long, value_name = "cn|uri|dns")]
    pub(crate) names: Option<NameMapping>,
    /// The product of devices that it brings in
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// For whom it may vouch; with `nobody` all its devices are refused
    #[arg(long, value_name = "known|new|nobody")]
    pub(crate) vouches_for: Option<VouchesFor>,
    /// The last moment in which it may bring in new devices; `never`: as long as its certificate lasts
    #[arg(long, value_name = "TIME|never")]
    pub(crate) new_until: Option<String>,
    /// Whether it may vouch for known devices also when its own certificate has ended
    #[arg(long, value_name = "true|false")]
    pub(crate) known_after_end: Option<bool>,
}
