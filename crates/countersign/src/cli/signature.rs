//! The flags of images: looked into, signed, verified.

use std::path::PathBuf;

use clap::Args;

/// What `image sign` is asked.
#[derive(Args, Debug)]
pub(crate) struct ImageSign {
    /// The image that the build made, or a signed one; - for stdin
    #[arg(value_name = "APP.bin")]
    pub(crate) image: PathBuf,
    /// A private key, RSA-3072, P-256 or P-384: a file that holds it in PEM, plain or encrypted, or a line with a PKCS#11 URI;
    /// or the URI itself. For up to three, give it again: their order is that of the blocks
    #[arg(long = "key", short = 'k', value_name = "FILE|URI")]
    pub(crate) keys: Vec<String>,
    /// The public key (PEM) of a signature that was made elsewhere
    #[arg(long = "public-key", value_name = "FILE", conflicts_with = "keys")]
    pub(crate) public_keys: Vec<PathBuf>,
    /// That signature: RSA-PSS's 384 bytes, or ECDSA's in DER or as r and s. One for each public key, in their order
    #[arg(long = "signature", value_name = "FILE", requires = "public_keys")]
    pub(crate) signatures: Vec<PathBuf>,
    /// Sign beside the blocks that are there
    #[arg(long)]
    pub(crate) append: bool,
    /// Sign in the place of this block, counted from 0, and keep the others
    #[arg(long, value_name = "N", conflicts_with = "append")]
    pub(crate) replace: Option<usize>,
    /// Where to write the signed image; - for stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// To sign elsewhere: write what is to be signed, the image with its padding
    #[arg(long, value_name = "FILE", conflicts_with_all = ["keys", "signatures", "out"])]
    pub(crate) padded: Option<PathBuf>,
    /// To sign elsewhere: write its digest, SHA-256, or SHA-384 where --public-key is on P-384
    #[arg(long, value_name = "FILE", conflicts_with_all = ["keys", "signatures", "out"])]
    pub(crate) digest: Option<PathBuf>,
}

/// What `image verify` is asked.
#[derive(Args, Debug)]
pub(crate) struct ImageVerify {
    /// The signed image; - for stdin
    #[arg(value_name = "APP.bin")]
    pub(crate) image: PathBuf,
    /// Whose signature it must have: a public key, a private key or a certificate in PEM, or a PKCS#11 URI. Of several, one is
    /// enough
    #[arg(long = "key", short = 'k', value_name = "FILE|URI")]
    pub(crate) keys: Vec<String>,
    /// The same by a key's digest in hexadecimal, as it is in a chip's eFuse (ESP32-C2: 16 bytes of it)
    #[arg(long = "key-digest", value_name = "HEX")]
    pub(crate) digests: Vec<String>,
}

/// What `image digest-key` is asked.
#[derive(Args, Debug)]
pub(crate) struct ImageDigestKey {
    /// The key: public, private or a certificate in PEM, or a PKCS#11 URI
    #[arg(value_name = "FILE|URI")]
    pub(crate) key: String,
    /// Where to write the digest's 32 bytes, for `espefuse burn-key`; - for stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What `image inspect` is asked.
#[derive(Args, Debug)]
pub(crate) struct ImageInspect {
    /// The image; - for stdin
    #[arg(value_name = "APP.bin")]
    pub(crate) image: PathBuf,
    /// A partition table, as `gen_esp32part.py` writes it: in which of its slots does the image fit?
    #[arg(long, value_name = "FILE")]
    pub(crate) partition_table: Option<PathBuf>,
}
