//! What can go wrong.

use std::fmt;

use esp_formats::secure_cert::Kind;

/// Why partitions could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate in a partition is neither DER nor PEM.
    #[error("a certificate is neither DER nor PEM")]
    CertificateEncoding,
    /// No certificate was given, or none stands in an entry.
    #[error("no certificate")]
    CertificateMissing,
    /// An `esp_secure_cert` partition lacks an entry.
    #[error("no entry for the {kind}")]
    EntryMissing {
        /// What is missing.
        kind: Kind,
    },
    /// A partition's bytes are damaged, or what is to be written does not fit.
    #[error("partition {label}")]
    Format {
        /// The partition's label.
        label: &'static str,
        /// What is wrong, and where.
        #[source]
        source: esp_formats::Error,
    },
    /// A private key is not what a device takes: PEM of `PRIVATE KEY` (PKCS#8 version 0) or `EC PRIVATE KEY`.
    #[error("private key is not PEM of an unencrypted PKCS#8 version 1 or EC key")]
    KeyEncoding,
    /// A partition is given twice.
    #[error("partition {label} is given twice")]
    PartRepeated {
        /// The partition's label.
        label: String,
    },
    /// What is to go into a partition is longer than it.
    #[error("{len} bytes for partition {label}, which has {size}")]
    PartTooLong {
        /// The partition's label.
        label: String,
        /// Length of the data in bytes.
        len: usize,
        /// Size of the partition in bytes.
        size: u32,
    },
    /// No partition of the layout has this label.
    #[error("no partition {label}")]
    PartUnknown {
        /// The label asked for.
        label: String,
    },
    /// The server is not an https URL with a host.
    #[error("server is not an https URL")]
    ServerNotHttps,
    /// A setting is empty, too long, holds a NUL, or is not what it should be.
    #[error("setting {key} is empty, too long, holds a NUL, or is not what it should be")]
    SettingInvalid {
        /// Its key.
        key: String,
    },
    /// A setting is missing.
    #[error("setting {key} is missing")]
    SettingMissing {
        /// Its key.
        key: &'static str,
    },
    /// A setting is kept as another type.
    #[error("setting {key} has another type")]
    SettingType {
        /// Its key.
        key: String,
    },
    /// NVS could not be written or read.
    #[error("NVS")]
    Storage {
        /// What the library says.
        #[source]
        source: Cause,
    },
}

/// What another library said, kept for people to read.
#[derive(Debug)]
pub struct Cause(Box<dyn core::error::Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(source: impl core::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for Cause {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.source()
    }
}
