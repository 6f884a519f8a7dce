//! `countersign image seal`.

use anyhow::{Context, Result, bail};
use countersign_images::{
    check_image,
    sealed::{Error, KeyText, OpeningKey, SealingKey, seal},
    sha256,
};
use esp_formats::sealed_image::is_sealed;
use serde_json::json;

use super::sealing::{self, Contents};
use crate::{
    cli::{Global, ImageSeal},
    files::Mode,
    streams,
};

pub(super) fn run(global: &Global, asked: &ImageSeal) -> Result<()> {
    let mut notes = Vec::new();
    let key = sealing_key(global, asked, &mut notes)?;
    let name = streams::name(&asked.image);
    let plain = streams::read(&asked.image, sealing::LONGEST)?;
    let image = match check_image(&plain) {
        Ok(image) => Some(image),
        // What is sealed already is refused for that, whatever was asked for.
        Err(_) if asked.data || is_sealed(&plain) => None,
        Err(error) => bail!("{name}: {error} (with --data, whatever the file holds is sealed)"),
    };
    let sealed = seal(&plain, &key).with_context(|| name)?;
    let contents = Contents::new(&plain, image);
    if contents.is_unsigned() {
        notes.push(
            "the image is not signed; where devices want it signed, sign it first and seal it then: what is sealed cannot be \
             signed any more"
                .to_owned(),
        );
    }
    streams::write(&asked.out, &sealed, Mode::Public)?;

    let digest = sha256(&sealed).to_string();
    let value = json!({
        "scheme": sealing::code(key.scheme()),
        "key": key.fingerprint().to_string(),
        "size": sealed.len(),
        "sha256": digest,
        "plain": contents.value(),
        "notes": notes,
    });
    let mut pairs = vec![
        ("sealed by", key.scheme().to_string()),
        ("for the key", key.fingerprint().to_string()),
        ("size", format!("{} bytes", sealed.len())),
        ("SHA-256", digest),
    ];
    pairs.extend(contents.pairs());
    sealing::report(global, &asked.out, &value, &pairs, &notes)
}

/// The public key of a file, or the public half of the private key that is in it.
fn sealing_key(global: &Global, asked: &ImageSeal, notes: &mut Vec<String>) -> Result<SealingKey> {
    let path = &asked.key;
    let named = || path.display().to_string();
    let text = sealing::key_file(path)?;
    let private = match KeyText::read(&text) {
        Err(Error::NoKey) if text.len() == sealing::HMAC_KEY => {
            bail!(
                "{}: 32 bytes and no PEM: an HMAC key, it seems; what seals is the public key that was written beside it \
                 (device_pub_key.pem)",
                named()
            );
        }
        Err(error) => return Err(error).with_context(named),
        Ok(KeyText::Public(spki)) => return SealingKey::from_spki(&spki).with_context(named),
        Ok(private) => sealing::private_key(global, path, private)?,
    };
    notes.push(format!(
        "{} is a private key, of which the public half is used; a machine that seals needs no more than that",
        named()
    ));
    let key = OpeningKey::from_der(&private).with_context(named)?;
    key.sealing_key().with_context(named)
}
