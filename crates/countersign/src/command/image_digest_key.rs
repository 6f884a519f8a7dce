//! `countersign image digest-key`: what a chip has in eFuse of a key.

use anyhow::{Result, bail};
use countersign_images::secure_boot::efuse_digest;
use countersign_keys::image::KeySource;
use countersign_operations::text::hex;
use serde_json::json;

use super::image_keys;
use crate::{
    cli::{Global, ImageDigestKey},
    files::Mode,
    output, streams,
};

pub(super) fn run(global: &Global, asked: &ImageDigestKey) -> Result<()> {
    let to_stdout = asked.out.as_deref().is_some_and(streams::is_standard);
    if to_stdout && global.json {
        bail!("stdout takes one thing: a file, or what is said in JSON");
    }
    let public = image_keys::public(&asked.key, &global.passphrases())?;
    let key = image_keys::of_block(&asked.key, &public)?;
    let digest = efuse_digest(&key, None);
    if let Some(out) = &asked.out {
        streams::write(out, &digest, Mode::Public)?;
    }
    let source = match public.source {
        KeySource::Certificate => "certificate",
        KeySource::Private => "private key",
        KeySource::Public => "public key",
        KeySource::Token => "token",
    };
    let half = hex(digest.get(..16).unwrap_or_default());
    if global.json {
        return output::json(&json!({
            "scheme": key.scheme().name(),
            "from": source,
            "digest": hex(&digest),
            "digest_esp32c2": half,
            "out": asked.out,
        }));
    }
    if !to_stdout {
        output::pairs(&[
            ("key", format!("{}, from a {source}", key.scheme())),
            ("digest", hex(&digest)),
            ("on an ESP32-C2", half),
        ]);
    }
    Ok(())
}
