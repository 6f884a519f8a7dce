//! The arguments of `image seal`, `image open`, `image seal-key` and `image diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Args, Clone, Debug)]
pub(crate) struct ImageSeal {
    /// The app image, signed first where the product signs; `-` for stdin
    #[arg(value_name = "APP.bin")]
    pub(crate) image: PathBuf,
    /// Whom to seal for: the public key of the devices in PEM, RSA 3072 or EC P-256, which decides the scheme
    #[arg(long, value_name = "PUBLIC.pem")]
    pub(crate) key: PathBuf,
    /// Where to put the sealed image; `-` for stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Seal whatever the file holds, other than an app image too
    #[arg(long)]
    pub(crate) data: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ImageOpen {
    /// The sealed image; `-` for stdin
    #[arg(value_name = "SEALED.bin")]
    pub(crate) image: PathBuf,
    /// The private key in PEM, plain or encrypted, RSA 3072 or EC P-256
    #[arg(long, value_name = "PRIVATE.pem", required_unless_present = "hmac_key")]
    pub(crate) key: Option<PathBuf>,
    /// The 32 bytes that are in the device's eFuse with the purpose `HMAC_UP`, for ECIES-P256
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub(crate) hmac_key: Option<PathBuf>,
    /// Where to put what was sealed, for its owner alone (0600); `-` for stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ImageSealKey {
    /// The scheme that the devices' firmware is built for
    #[arg(long, value_enum, value_name = "SCHEME")]
    pub(crate) scheme: SealScheme,
    /// A folder for `rsa_priv_key.pem` and `rsa_pub_key.pem`, or for `device_hmac_key.bin` and `device_pub_key.pem`; made where
    /// there is none. No file in it is overwritten
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ImageDiff {
    /// The image that devices run; `-` for stdin
    #[arg(value_name = "OLD.bin")]
    pub(crate) old: PathBuf,
    /// The image that they shall run
    #[arg(value_name = "NEW.bin")]
    pub(crate) new: PathBuf,
}

/// How devices come to the AES key of a sealed image.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SealScheme {
    /// RSA-3072: the private key is in the firmware, in NVS, or in the DS peripheral
    Rsa3072,
    /// ECIES on P-256: the private key is made of an HMAC key in eFuse
    EciesP256,
}
