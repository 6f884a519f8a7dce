//! `countersign image open`.

use anyhow::{Context, Result, bail};
use countersign_images::{
    check_image,
    sealed::{Error, KeyText, OpeningKey, open},
    sha256,
};
use esp_formats::{app_image, sealed_image::is_sealed};
use serde_json::json;

use super::sealing::{self, Contents};
use crate::{
    cli::{Global, ImageOpen},
    files::{self, Mode},
    streams,
};

pub(super) fn run(global: &Global, asked: &ImageOpen) -> Result<()> {
    let mut notes = Vec::new();
    let key = opening_key(global, asked, &mut notes)?;
    let name = streams::name(&asked.image);
    let sealed = streams::read(&asked.image, sealing::LONGEST)?;
    if sealed.first() == Some(&app_image::MAGIC) && !is_sealed(&sealed) {
        bail!("{name} is not sealed: it begins as an app image does");
    }
    let opened = open(&sealed, &key).with_context(|| name.clone())?;
    let contents = match check_image(&opened.plain) {
        Ok(image) => Contents::new(&opened.plain, Some(image)),
        Err(error) => {
            notes.push(format!("what was sealed is no app image: {error}"));
            Contents::new(&opened.plain, None)
        }
    };
    streams::write(&asked.out, &opened.plain, Mode::Secret)?;

    let value = json!({
        "scheme": sealing::code(opened.scheme),
        "size": sealed.len(),
        "sha256": sha256(&sealed).to_string(),
        "plain": contents.value(),
        "notes": notes,
    });
    let mut pairs = vec![("sealed by", opened.scheme.to_string())];
    pairs.extend(contents.pairs());
    sealing::report(global, &asked.out, &value, &pairs, &notes)
}

fn opening_key(global: &Global, asked: &ImageOpen, notes: &mut Vec<String>) -> Result<OpeningKey> {
    let Some(path) = asked.hmac_key.as_ref().or(asked.key.as_ref()) else {
        bail!("a key is needed: --key or --hmac-key");
    };
    let named = || path.display().to_string();
    let bytes = sealing::key_file(path)?;
    notes.extend(files::open_door(path));
    if asked.hmac_key.is_some() {
        return OpeningKey::from_hmac_key(&bytes).with_context(named);
    }
    let text = match KeyText::read(&bytes) {
        Err(Error::NoKey) if bytes.len() == sealing::HMAC_KEY => {
            bail!(
                "{}: 32 bytes and no PEM: an HMAC key goes by --hmac-key",
                named()
            );
        }
        text => text.with_context(named)?,
    };
    let der = sealing::private_key(global, path, text)?;
    OpeningKey::from_der(&der).with_context(named)
}
