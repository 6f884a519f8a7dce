//! `countersign release`.

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser, value_parser};

#[derive(Debug, Subcommand)]
pub(crate) enum Release {
    /// Check an app image and sign its manifest with an author's key; needs no server and no state
    Sign(ReleaseSign),
    /// Check a signed release, store its image, and make it visible to devices
    Publish(ReleasePublish),
    /// All releases, newest first
    List,
    /// One release
    Show {
        /// Its number or its version; of several under one version, that with the highest counter is shown
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        release: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ReleaseSign {
    /// The app image
    #[arg(value_name = "APP.bin")]
    pub(crate) image: PathBuf,
    /// The author's private key: a file that holds it in PEM, plain or encrypted, or a line with a PKCS#11 URI
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The product that the release is for
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) product: String,
    /// Grows with every release of the product, from 1; without it, the seconds since 1970
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) counter: Option<u64>,
    /// The last moment in which devices shall accept it, for example 2027-06-30T00:00:00Z; without it, no end
    #[arg(long, value_name = "TIME")]
    pub(crate) not_after: Option<String>,
    /// Sign what another author has signed already, in its file: a product may ask for several
    #[arg(long, conflicts_with_all = ["counter", "not_after"])]
    pub(crate) add: bool,
    /// Sign the image first, for Secure Boot v2: by this key, a file or a PKCS#11 URI; for several, give it again, in the order
    /// of their blocks
    #[arg(
        long = "image-key",
        value_name = "KEY",
        requires = "image_out",
        conflicts_with = "add"
    )]
    pub(crate) image_keys: Vec<String>,
    /// Where the signed image goes: what is published, and what the manifest speaks of
    #[arg(long, value_name = "FILE", requires = "image_keys")]
    pub(crate) image_out: Option<PathBuf>,
    /// Where to write the manifest; without it, beside the image, with the ending .cose
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct ReleasePublish {
    /// The app image
    #[arg(value_name = "APP.bin")]
    pub(crate) image: PathBuf,
    /// Its signed manifest; without it, beside the image, with the ending .cose
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
}
