//! What the commands on sealed images share.

use std::path::Path;

use anyhow::{Context, Result};
use countersign_images::{
    check::{Checked, Signed},
    sealed::{Error, KeyText},
    sha256,
};
use countersign_keys::encrypted::{self, Costs};
use countersign_operations::text::chip_name;
use esp_formats::sealed_image::Scheme;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{cli::Global, files, output, streams};

/// What is, or was, sealed.
pub(super) struct Contents {
    size: usize,
    sha256: String,
    /// `None` where it is no app image.
    image: Option<Checked>,
}

impl Contents {
    pub(super) fn new(plain: &[u8], image: Option<Checked>) -> Self {
        Self {
            size: plain.len(),
            // Whoever checked an image has its digest already.
            sha256: image
                .as_ref()
                .map_or_else(|| sha256(plain), |image| image.digest)
                .to_string(),
            image,
        }
    }

    /// Whether it is an app image without a signature.
    pub(super) fn is_unsigned(&self) -> bool {
        self.image
            .as_ref()
            .is_some_and(|image| image.signed == Signed::No)
    }

    pub(super) fn value(&self) -> Value {
        let mut value = json!({ "size": self.size, "sha256": self.sha256 });
        if let (Some(image), Some(value)) = (&self.image, value.as_object_mut()) {
            value.insert("project".to_owned(), image.project.clone().into());
            value.insert("version".to_owned(), image.version.clone().into());
            value.insert("chip".to_owned(), chip_name(image.chip).into());
            value.insert("signature".to_owned(), signature(image.signed).into());
        }
        value
    }

    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let what = match &self.image {
            Some(image) => format!(
                "app image {} {} for {}, {} bytes",
                image.project,
                image.version,
                chip_name(image.chip),
                self.size
            ),
            None => format!("no app image, {} bytes", self.size),
        };
        let mut pairs = vec![("in it", what), ("its SHA-256", self.sha256.clone())];
        if let Some(image) = &self.image {
            let said = match image.signed {
                Signed::No => "none".to_owned(),
                signed => format!("{}, not verified here", signature(signed)),
            };
            pairs.push(("its signature", said));
        }
        pairs
    }
}

fn signature(signed: Signed) -> &'static str {
    match signed {
        Signed::No => "none",
        Signed::V1 => "secure boot v1",
        Signed::V2 => "secure boot v2",
    }
}

/// A scheme's name to programs, and on the command line.
pub(super) fn code(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Rsa3072 => "rsa3072",
        Scheme::EciesP256 => "ecies-p256",
    }
}

/// Tells what was done: on stdout, or on stderr where the file went to stdout.
pub(super) fn report(
    global: &Global,
    out: &Path,
    value: &Value,
    pairs: &[(&'static str, String)],
    notes: &[String],
) -> Result<()> {
    for note in notes {
        eprintln!("note: {note}");
    }
    if !streams::is_standard(out) {
        if global.json {
            return output::json(value);
        }
        output::pairs(pairs);
    } else if global.json {
        eprintln!("{}", serde_json::to_string_pretty(value)?);
    }
    Ok(())
}

/// Reads the file of a key.
pub(super) fn key_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    files::read_up_to(path, LONGEST_KEY).map(Zeroizing::new)
}

/// The private key of a text, in DER; for an encrypted one the passphrase is needed.
pub(super) fn private_key(
    global: &Global,
    path: &Path,
    text: KeyText,
) -> Result<Zeroizing<Vec<u8>>> {
    let named = || path.display().to_string();
    match text {
        KeyText::Private(der) => Ok(der),
        KeyText::Public(_) => Err(Error::PublicKey).with_context(named),
        KeyText::Encrypted(der) => {
            let key = path.file_stem().unwrap_or_default().to_string_lossy();
            let unlocked = global.passphrases().unlock(&key, |passphrase| {
                encrypted::decrypt(&der, passphrase, &Costs::default())
            });
            unlocked.with_context(named)
        }
    }
}

/// The length of an HMAC key for eFuse.
pub(super) const HMAC_KEY: usize = 32;
/// The longest file that is sealed or opened is 16 MiB and a header; the rest tells a longer one from it.
pub(super) const LONGEST: u64 = 17 << 20;
/// A key of RSA takes some 2.5 KB in PEM; the rest is for text around it.
const LONGEST_KEY: u64 = 64 << 10;
