//! `countersign image sign`: for Secure Boot v2, and for apps that verify their updates themselves.

use std::path::Path;

use anyhow::{Context, Result, bail};
use countersign_images::{
    secure_boot::{How, Image, Signed, Signer, sign},
    sha256,
};
use countersign_keys::Passphrases;
use countersign_operations::text::hex;
use esp_formats::{app_image::ChipId, secure_boot::Scheme};
use serde_json::json;

use super::image_keys;
use crate::{
    cli::{Global, ImageSign},
    files::{self, Mode},
    output, streams,
};

pub(super) fn run(global: &Global, asked: &ImageSign) -> Result<()> {
    let standard = [&asked.out, &asked.padded, &asked.digest];
    let standard = standard.into_iter().flatten();
    let standard = standard.filter(|path| streams::is_standard(path)).count();
    if standard > 1 || (standard == 1 && global.json) {
        bail!("stdout takes one thing: a file, or what is said in JSON");
    }
    let bytes = streams::read(&asked.image, image_keys::LONGEST)?;
    let image = image_keys::image(&asked.image, &bytes)?;
    if asked.padded.is_some() || asked.digest.is_some() {
        return to_be_signed(global, asked, &image);
    }
    let Some(out) = &asked.out else {
        bail!(
            "say where the signed image goes (`--out`), or what is to be signed (`--padded`, `--digest`)"
        );
    };
    let how = match asked.replace {
        Some(number) => How::Replace(number),
        None if asked.append => How::Append,
        None => How::New,
    };
    let signed = signed(global, asked, &image, how)?;
    note(&image, &signed);
    streams::write(out, &signed.bytes, Mode::Public)?;
    show(global, out, &image, &signed)
}

/// Signs with the keys, or takes the signatures, that are named.
fn signed(global: &Global, asked: &ImageSign, image: &Image<'_>, how: How) -> Result<Signed> {
    let passphrases = global.passphrases();
    let refused = || format!("{} is not signed", streams::name(&asked.image));
    if asked.public_keys.is_empty() {
        if asked.keys.is_empty() {
            bail!("say who signs: `--key`, or `--public-key` and `--signature`");
        }
        return by_keys(image, &asked.keys, how, &passphrases).with_context(refused);
    }
    if asked.public_keys.len() != asked.signatures.len() {
        bail!(
            "there are {} public keys and {} signatures; each key has one",
            asked.public_keys.len(),
            asked.signatures.len()
        );
    }
    let public = |path: &std::path::PathBuf| {
        image_keys::public(&path.to_string_lossy(), &passphrases).map(|key| key.spki)
    };
    let keys = asked.public_keys.iter().map(public);
    let keys = keys.collect::<Result<Vec<_>>>()?;
    let signatures = asked.signatures.iter();
    let signatures = signatures.map(|path| files::read_up_to(path, LONGEST_SIGNATURE));
    let signatures = signatures.collect::<Result<Vec<_>>>()?;
    let both = keys.iter().zip(&signatures);
    let signers: Vec<_> = both
        .map(|(public_key, signature)| Signer::Elsewhere {
            public_key,
            signature,
        })
        .collect();
    sign(image, &signers, how).with_context(refused)
}

/// Signs with keys that are named as on the command line, in this order.
pub(super) fn by_keys(
    image: &Image<'_>,
    keys: &[String],
    how: How,
    passphrases: &Passphrases,
) -> Result<Signed> {
    let open = |given: &String| image_keys::open(given, passphrases);
    let keys = keys.iter().map(open).collect::<Result<Vec<_>>>()?;
    let signers: Vec<_> = keys.iter().map(|key| Signer::Key(&**key)).collect();
    Ok(sign(image, &signers, how)?)
}

/// Says what the chip makes of it, before it is anywhere.
pub(super) fn note(image: &Image<'_>, signed: &Signed) {
    for note in notes(image, signed) {
        eprintln!("note: {note}");
    }
}

/// Writes what another program, or a machine without a network, signs.
fn to_be_signed(global: &Global, asked: &ImageSign, image: &Image<'_>) -> Result<()> {
    let digest = match asked.public_keys.as_slice() {
        [] => image.digest(Scheme::EcdsaP256),
        [path] => {
            let given = path.to_string_lossy();
            let key = image_keys::public(&given, &global.passphrases())?;
            let scheme = image_keys::of_block(&given, &key)?.scheme();
            let refused = || format!("{} is not to be signed", streams::name(&asked.image));
            image.check_scheme(scheme).with_context(refused)?;
            image.digest(scheme)
        }
        _ => bail!("write out what is to be signed for one public key at a time"),
    };
    let padded = image.padded();
    let len = padded.len();
    if let Some(path) = &asked.padded {
        streams::write(path, &padded, Mode::Public)?;
    }
    if let Some(path) = &asked.digest {
        streams::write(path, digest, Mode::Public)?;
    }
    let algorithm = if digest.len() == 48 {
        "SHA-384"
    } else {
        "SHA-256"
    };
    if global.json {
        return output::json(&json!({
            "length": len,
            "digest_algorithm": algorithm,
            "digest": hex(digest),
            "padded": asked.padded,
            "digest_file": asked.digest,
        }));
    }
    let said = format!(
        "to be signed are {len} bytes, of {algorithm} {}",
        hex(digest)
    );
    if [&asked.padded, &asked.digest]
        .into_iter()
        .flatten()
        .any(|path| streams::is_standard(path))
    {
        eprintln!("{said}");
    } else {
        println!("{said}");
    }
    Ok(())
}

/// What is no reason to refuse, and good to know.
fn notes(image: &Image<'_>, signed: &Signed) -> Vec<String> {
    let chip = image.chip();
    let mut notes = Vec::new();
    if image.left_out() > 0 {
        notes.push(format!(
            "{} bytes of padding behind the image are left out: a chip looks for the signature at the next multiple of 4096",
            image.left_out()
        ));
    }
    let support = esp_formats::secure_boot::support(chip);
    let most = support.map_or(3, |support| usize::from(support.key_digests));
    let last = signed.added.iter().map(|block| block.number).max();
    if last.is_some_and(|last| last >= most) {
        notes.push(format!(
            "the {chip} has room for {most} key digest, and looks at no further block"
        ));
    }
    if chip == ChipId::ESP32 && image.parsed().header().min_chip_rev_full < 300 {
        notes.push(
            "the ESP32 verifies Secure Boot v2 from revision 3.0 on, and `min_chip_rev_full` does not ask for that".to_owned(),
        );
    }
    if support.is_none() {
        notes.push(format!("what the {chip} verifies is not known here"));
    }
    if signed
        .added
        .iter()
        .any(|block| block.scheme == Scheme::EcdsaP192)
    {
        notes.push("ESP-IDF verifies P-192 up to v5.5, and from v6.0 on no more".to_owned());
    }
    notes
}

fn show(global: &Global, out: &Path, image: &Image<'_>, signed: &Signed) -> Result<()> {
    if global.json {
        let blocks: Vec<_> = signed
            .added
            .iter()
            .map(|block| {
                json!({
                    "block": block.number,
                    "scheme": block.scheme.name(),
                    "key_digest": block.key_digest.to_string(),
                    "image_digest": hex(image.digest(block.scheme)),
                })
            })
            .collect();
        return output::json(&json!({
            "out": out,
            "size": signed.bytes.len(),
            "sha256": sha256(&signed.bytes).to_string(),
            "added": blocks,
        }));
    }
    let to_stdout = streams::is_standard(out);
    let place = if to_stdout {
        "stdout".into()
    } else {
        out.display().to_string()
    };
    let mut lines = vec![format!("signed {place}")];
    lines.extend(signed.added.iter().map(|block| {
        let (number, scheme, digest) = (block.number, block.scheme, block.key_digest);
        format!("  block {number}  {scheme}, key digest {digest}")
    }));
    for line in lines {
        if to_stdout {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
    }
    Ok(())
}

/// More than any signature has: RSA-3072's are 384 bytes.
const LONGEST_SIGNATURE: u64 = 4096;
