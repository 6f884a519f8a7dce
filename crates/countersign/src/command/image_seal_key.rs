//! `countersign image seal-key`.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use anyhow::{Context, Result, bail};
use countersign_images::sealed::generate;
use esp_formats::sealed_image::Scheme;
use serde_json::json;

use super::sealing;
use crate::{
    cli::{Global, ImageSealKey, SealScheme},
    files::{self, Mode, NewFolder},
    output,
};

pub(super) fn run(global: &Global, asked: &ImageSealKey) -> Result<()> {
    let scheme = match asked.scheme {
        SealScheme::Rsa3072 => Scheme::Rsa3072,
        SealScheme::EciesP256 => Scheme::EciesP256,
    };
    let key = generate(scheme)?;
    let (secret, public) = (
        asked.out.join(key.secret_name),
        asked.out.join(key.public_name),
    );
    for path in [&secret, &public] {
        if path.symlink_metadata().is_ok() {
            bail!(
                "{} is there already; a key is never overwritten",
                path.display()
            );
        }
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&asked.out)
        .with_context(|| format!("{} cannot be made", asked.out.display()))?;
    // Written beside their places, so that they are there whole; a link, unlike a rename, takes nobody's place.
    let beside = NewFolder::begin(&secret)?;
    let (written_secret, written_public) = (
        beside.path().join(key.secret_name),
        beside.path().join(key.public_name),
    );
    files::write_unplaced(&written_secret, &key.secret, Mode::Secret)?;
    let pem = key.public.to_pem();
    files::write_unplaced(&written_public, pem.as_bytes(), Mode::Public)?;
    place(&written_secret, &secret)?;
    // Of no use without the other: both, or none.
    place(&written_public, &public)
        .and_then(|()| files::settle(&asked.out))
        .inspect_err(|_| {
            let _ = fs::remove_file(&secret);
        })?;
    drop(beside);

    if global.json {
        return output::json(&json!({
            "scheme": sealing::code(scheme),
            "key": key.public.fingerprint().to_string(),
            "secret": secret,
            "public": public,
        }));
    }
    let (holder, next) = match scheme {
        Scheme::Rsa3072 => (
            "opens; it goes into devices",
            "whoever reads it out of one device opens all images sealed for it; firmware may hold it behind the DS peripheral",
        ),
        Scheme::EciesP256 => (
            "opens; it goes into the devices' eFuse",
            "burn it with the purpose HMAC_UP: espefuse burn-key BLOCK_KEYn device_hmac_key.bin HMAC_UP",
        ),
    };
    output::pairs(&[
        ("scheme", scheme.to_string()),
        ("key", key.public.fingerprint().to_string()),
        (holder, secret.display().to_string()),
        ("seals; it may be known", public.display().to_string()),
    ]);
    println!("{next}");
    Ok(())
}

fn place(written: &Path, place: &Path) -> Result<()> {
    fs::hard_link(written, place).with_context(|| format!("{} cannot be made", place.display()))
}
