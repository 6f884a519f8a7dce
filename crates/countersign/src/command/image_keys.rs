//! Keys that images are signed and verified with, as they are named on the command line.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use countersign_images::{
    FileKind,
    secure_boot::{self, Image, key_of},
};
use countersign_keys::{
    Passphrases, Uri,
    image::{self, ImagePublicKey, ImageSigner},
};
use esp_formats::secure_boot::Key;
use zeroize::Zeroizing;

use crate::{files, streams};

/// Opens a private key.
pub(super) fn open(given: &str, passphrases: &Passphrases) -> Result<Arc<dyn ImageSigner>> {
    let opened = if Uri::is_meant(given) {
        given
            .parse()
            .map_err(countersign_keys::Error::from)
            .and_then(|uri: Uri| image::open_uri(&uri, name_of(&uri), passphrases))
    } else {
        if let Some(note) = files::open_door(Path::new(given)) {
            eprintln!("note: {note}");
        }
        image::open(Path::new(given), passphrases)
    };
    opened.with_context(|| format!("the key {given} is of no use"))
}

/// Reads a public key, from whatever holds it.
pub(super) fn public(given: &str, passphrases: &Passphrases) -> Result<ImagePublicKey> {
    let text = if Uri::is_meant(given) {
        Zeroizing::new(given.to_owned())
    } else {
        Zeroizing::new(files::read_text(Path::new(given))?)
    };
    image::public_key(Path::new(given), &text, passphrases)
        .with_context(|| format!("the key {given} is of no use"))
}

/// Turns it into one of a signature block.
pub(super) fn of_block(given: &str, key: &ImagePublicKey) -> Result<Key> {
    key_of(&key.spki).with_context(|| format!("the key {given} is of no use"))
}

/// Reads an image, and says what a file is that is none.
pub(super) fn image<'a>(path: &Path, bytes: &'a [u8]) -> Result<Image<'a>> {
    let refused = |error: secure_boot::Error| {
        let error = anyhow::Error::new(error);
        match FileKind::of(bytes) {
            FileKind::Image | FileKind::Unknown => error,
            other => error.context(format!("it is {other}")),
        }
    };
    Image::read(bytes)
        .map_err(refused)
        .with_context(|| streams::name(path))
}

fn name_of(uri: &Uri) -> &str {
    uri.object().unwrap_or("key")
}

/// The most bytes of an image's file: that of a slot, and as much again of padding.
pub(super) const LONGEST: u64 = 32 * 1024 * 1024;
