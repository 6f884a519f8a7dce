//! The command line as plain data.

mod asking;
mod author;
mod authority;
mod bundle;
mod ca;
mod import;
mod inspect;
mod product;
mod release;
mod sealed;
mod signature;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use clap::{Args, Parser, Subcommand, ValueEnum};
use countersign_keys::Passphrases;

pub(crate) use asking::Asking;
pub(crate) use author::{Author, AuthorInit, AuthorMaking, AuthorNext, AuthorSign};
pub(crate) use authority::{Authority, AuthorityRegister, AuthoritySet};
pub(crate) use bundle::{RootsCommand, RootsUpdate, TrustBundle, TrustCheck, TrustRoots};
pub(crate) use ca::{
    Ca, CaCrl, CaExport, CaIssue, CaOffline, CaProve, CaReplace, CaRevoke, CaShow, CaSign,
};
pub(crate) use import::{DeviceImport, DeviceRepin};
pub(crate) use inspect::{Probing, TrustDiff, TrustInspect, TrustVerify};
pub(crate) use product::{Product, ProductSet};
pub(crate) use release::{Release, ReleasePublish, ReleaseSign};
pub(crate) use sealed::{ImageDiff, ImageOpen, ImageSeal, ImageSealKey, SealScheme};
pub(crate) use signature::{ImageDigestKey, ImageInspect, ImageSign, ImageVerify};

/// Updates fleets of ESP32 devices over connections on which both ends have proved who they are.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// The state directory: settings, database, images, authorities
    #[arg(
        long,
        global = true,
        env = "COUNTERSIGN_STATE",
        value_name = "DIR",
        default_value = "countersign-state",
        display_order = LAST
    )]
    pub(crate) state: PathBuf,
    /// A file with the passphrase of encrypted keys, in one line and for its owner alone (chmod 600). `COUNTERSIGN_PASSPHRASE`
    /// in the environment does as well; without either it is asked for
    #[arg(
        long,
        global = true,
        env = "COUNTERSIGN_PASSPHRASE_FILE",
        value_name = "FILE",
        display_order = LAST
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Print JSON for programs in place of text for people
    #[arg(long, global = true, display_order = LAST)]
    pub(crate) json: bool,
}

/// Behind a command's own options.
const LAST: usize = 1000;

impl Global {
    /// Where this run takes its passphrases from: to be made once, so that nobody is asked twice.
    pub(crate) fn passphrases(&self) -> Arc<Passphrases> {
        Arc::new(Passphrases::new(self.passphrase_file.as_deref()))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show it all: two authorities, a server, a virtual ESP32, one real update, and who is turned away
    Demo(Demo),
    /// Make a state directory: device and server authorities, server certificate, settings, database
    Init(Init),
    /// Serve devices, downloads and operators until interrupted
    Serve(Serve),
    /// Sign, publish and look at releases
    #[command(subcommand)]
    Release(Release),
    /// Who signs a product's releases, and how many of them it takes
    #[command(subcommand)]
    Author(Author),
    /// What must hold for a product's releases
    #[command(subcommand)]
    Product(Product),
    /// Enroll, import, suspend, retire, revoke and look at devices
    #[command(subcommand)]
    Device(Device),
    /// Authorities: our own (look, issue, replace, publish what was revoked, take roots offline), and those of others
    #[command(subcommand)]
    Ca(Ca),
    /// A virtual ESP32
    #[command(subcommand)]
    Node(Node),
    /// Look into app images, compare, seal and open them
    #[command(subcommand)]
    Image(Image),
    /// Make, check and look into trust bundles
    #[command(subcommand)]
    Trust(Trust),
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// A real app image to publish, of any chip; without it, one is composed for an ESP32-C3
    #[arg(long, value_name = "APP.bin")]
    pub(crate) image: Option<PathBuf>,
    /// Leave the servers up at the end, and print what to try by hand
    #[arg(long)]
    pub(crate) keep: bool,
    /// Where to put everything; without it, a temporary folder that is removed at the end
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Init {
    /// What the installation is called; its authorities' names begin with it
    #[arg(long, value_name = "TEXT", default_value = "Countersign")]
    pub(crate) name: String,
    /// A name or address under which devices reach the servers; the first one is put into their settings
    #[arg(long = "host", value_name = "HOST", default_values_t = ["localhost".to_owned(), "127.0.0.1".to_owned()])]
    pub(crate) hosts: Vec<String>,
    /// The first product
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) product: String,
    /// The author's private key, outside the state directory; made where there is none. Only its public half is kept
    #[arg(long, value_name = "FILE")]
    pub(crate) author_key: Option<PathBuf>,
    /// The author's public key (PEM), where the private one is not on this machine
    #[arg(long, value_name = "FILE", conflicts_with = "author_key")]
    pub(crate) author: Option<PathBuf>,
    /// Encrypt the private keys of the four authorities with a passphrase; `serve` and `device enroll` need it from then on
    #[arg(long)]
    pub(crate) encrypt_keys: bool,
    /// The private key of the authority that certifies devices: a file to take it from, or a key on a token as a PKCS#11 URI
    /// (pkcs11:token=T;object=O?module-path=/LIB.so), which is made where the token has none of that name
    #[arg(long, value_name = "FILE|URI")]
    pub(crate) device_issuing_key: Option<String>,
    /// The same for the authority that certifies servers
    #[arg(long, value_name = "FILE|URI")]
    pub(crate) server_issuing_key: Option<String>,
    /// Admit images without a Secure Boot signature; their manifests are signed all the same
    #[arg(long)]
    pub(crate) unsigned_images: bool,
    /// The chip of the product's devices, for example esp32c3; without it, that of the first release
    #[arg(long, value_name = "CHIP")]
    pub(crate) chip: Option<String>,
}

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Serve {
    /// The device plane's address; the setting is `[device] listen`
    #[arg(long, env = "COUNTERSIGN_DEVICE_LISTEN", value_name = "ADDR:PORT")]
    pub(crate) device_listen: Option<SocketAddr>,
    /// The download plane's address; the setting is `[download] listen`
    #[arg(long, env = "COUNTERSIGN_DOWNLOAD_LISTEN", value_name = "ADDR:PORT")]
    pub(crate) download_listen: Option<SocketAddr>,
    /// The operator plane's address beside its socket; the setting is `[operator] listen`
    #[arg(long, env = "COUNTERSIGN_OPERATOR_LISTEN", value_name = "ADDR:PORT")]
    pub(crate) operator_listen: Option<SocketAddr>,
    /// Where the journal of revocations is missing, damaged or old, begin a new one from what the database knows. Devices that
    /// were revoked after the database's backup come in again then, unless they are revoked again. Give it once
    #[arg(long)]
    pub(crate) accept_journal: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Give a new device its identity: key, certificate, trust, and the partitions to flash
    Enroll(DeviceEnroll),
    /// All devices
    List,
    /// One device, with its certificates and offers
    Show {
        /// Its id
        id: String,
    },
    /// Never admit a device again; nothing takes this back
    Revoke {
        /// Its id
        id: String,
        /// Why, for whoever reads it later
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take a device out of service for good, with nobody to blame; it may be revoked still
    Retire {
        /// Its id
        id: String,
        /// Why, for whoever reads it later
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Admit a device no more for now, until `device resume`
    Suspend {
        /// Its id
        id: String,
        /// Why, for whoever reads it later
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Bring in devices that have certificates of a registered authority already
    Import(DeviceImport),
    /// Have a registered authority's device known by another key
    Repin(DeviceRepin),
    /// Admit a suspended device again
    Resume {
        /// Its id
        id: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct DeviceEnroll {
    /// The device's id: its MAC address, best of all
    pub(crate) id: String,
    /// A folder to make, for the key, the certificate and the partitions. The key is nowhere else
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Its product; may be left out where there is one only
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// The ESP-IDF release of its firmware, which decides the trust bundle's format
    #[arg(long, value_name = "VERSION", default_value = "v5.5")]
    pub(crate) idf: String,
    #[command(flatten)]
    pub(crate) stores: Stores,
    #[command(flatten)]
    pub(crate) wifi: Wifi,
}

/// Where else a device that runs our own node may fetch images; a stock client has one trust setting for all.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Stores {
    /// A store: a host other than the server's that our own node may fetch images from; for several, give it again
    #[arg(long = "store", value_name = "HOST", requires = "bundle")]
    pub(crate) hosts: Vec<String>,
    /// Who vouches for the stores: `x509_crt_bundle` of either format, or PEM. Nobody in it can vouch for the server, and no
    /// store is shown the device's certificate
    #[arg(long = "store-bundle", value_name = "FILE", requires = "hosts")]
    pub(crate) bundle: Option<PathBuf>,
}

/// The network of a board that runs `firmware/esp32c3`; other firmware is told in ways of its own.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Wifi {
    /// The Wi-Fi network that our own ESP32-C3 firmware joins
    #[arg(long = "wifi-ssid", value_name = "NAME")]
    pub(crate) ssid: Option<String>,
    /// A file with its password in the first line; without it, the network is an open one
    #[arg(long = "wifi-password-file", value_name = "FILE", requires = "ssid")]
    pub(crate) password_file: Option<PathBuf>,
    /// The country whose channels its radio may use, as DE
    #[arg(long = "wifi-country", value_name = "CC", requires = "ssid")]
    pub(crate) country: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Node {
    /// Run a virtual ESP32 from a folder that `device enroll` made
    Run(NodeRun),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct NodeRun {
    /// The folder; its `flash.bin` is made at the first start
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The app image that comes by cable, at the first start; without it, one is composed
    #[arg(long, value_name = "APP.bin")]
    pub(crate) image: Option<PathBuf>,
    /// The size of its flash in MiB: 4, 8 or 16; without it, the smallest that takes the image
    #[arg(long, value_name = "MIB")]
    pub(crate) flash_size: Option<u32>,
    /// End when there is nothing more to do, in place of checking in for ever
    #[arg(long)]
    pub(crate) once: bool,
    /// With --once: switch it on so many times, one after the other
    #[arg(long, value_name = "N", default_value_t = 1, requires = "once")]
    pub(crate) repeat: u32,
    /// Check in every so many seconds, whatever the server says; 0: when the server says
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) every: u32,
    /// Offer TLS 1.2 only, as ESP-IDF does unless told otherwise
    #[arg(long)]
    pub(crate) tls12: bool,
    /// The library of its TLS and its cryptography; Mbed TLS is what a chip has, and in builds with the feature `mbedtls`
    #[arg(long, value_enum, value_name = "LIBRARY", default_value_t = TlsLibrary::Rustls)]
    pub(crate) tls: TlsLibrary,
}

/// A library by which a virtual ESP32 makes TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum TlsLibrary {
    Rustls,
    Mbedtls,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Check an image as a device would, and show what it says of itself. Exit: 0 only where a device would refuse nothing
    Inspect(ImageInspect),
    /// Sign an app image, or a boot loader, for Secure Boot v2
    Sign(ImageSign),
    /// Verify an image's signatures. Exit: 0 only where one is right, and by a key that was asked for
    Verify(ImageVerify),
    /// The digest of a key that a chip has in eFuse
    DigestKey(ImageDigestKey),
    /// Show in what two app images differ, and what would stop the step from the one to the other
    Diff(ImageDiff),
    /// Encrypt an app image for devices, as Espressif's `esp_encrypted_img` opens it there. Sign it first
    Seal(ImageSeal),
    /// Decrypt a sealed image with a device's key
    Open(ImageOpen),
    /// Make a key for sealed images
    SealKey(ImageSealKey),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// Show what servers send, which roots that stands on, and what each release of ESP-IDF would make of it. Exit: 0 only where
    /// it verifies for all that was asked
    Inspect(TrustInspect),
    /// Show whom a trust bundle vouches for; both of ESP-IDF's formats are read, and PEM
    Show {
        /// The bundle, as `x509_crt_bundle` in a build folder
        #[arg(value_name = "FILE")]
        bundle: PathBuf,
    },
    /// Show in what two trust bundles differ, of whatever formats. Exit: 0 they vouch for the same, 1 they do not
    Diff(TrustDiff),
    /// Try whether servers pass with a trust bundle, on each release of ESP-IDF that reads it. Exit: 0 only where all pass
    Verify(TrustVerify),
    /// Make the smallest bundle with which devices verify their servers, and prove it; all files, or none
    Bundle(TrustBundle),
    /// Compare what servers send now with a bundle. Exit: 0 all verify, 3 a harmless change, 4 a warning, 5 a device would refuse one,
    /// 1 a host could not be asked, or another error
    Check(TrustCheck),
    /// How old the list of roots is; `roots update` fetches Mozilla's current one
    Roots(TrustRoots),
}
