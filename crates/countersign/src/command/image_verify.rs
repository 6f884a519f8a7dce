//! `countersign image verify`: who signed an image. Exit: 0 only where a signature is right, and by a key that was asked for.

use std::process::ExitCode;

use anyhow::{Result, bail};
use countersign_images::secure_boot::{BlockReport, Image, V1Report, efuse_digest, verify_v1};
use countersign_operations::text::hex;
use esp_formats::{app_image::Signature, secure_boot::Scheme};
use serde_json::{Value, json};

use super::image_keys;
use crate::{
    cli::{Global, ImageVerify},
    output, streams,
};

/// One whose signature is asked for.
struct Wanted {
    /// How it was named.
    given: String,
    /// Its digest, or the first 16 bytes of it.
    digest: Option<Vec<u8>>,
    /// Its `SubjectPublicKeyInfo`.
    spki: Option<Vec<u8>>,
}

pub(super) fn run(global: &Global, asked: &ImageVerify) -> Result<ExitCode> {
    let bytes = streams::read(&asked.image, image_keys::LONGEST)?;
    let image = image_keys::image(&asked.image, &bytes)?;
    let wanted = wanted(global, asked)?;
    let blocks = image.blocks();
    let found = if let Signature::V1(_) = image.parsed().signature() {
        legacy(&image, &wanted)
    } else {
        sector(&blocks, &wanted)
    };
    let (verified, sentence) = found;
    if global.json {
        output::json(&json!({
            "verified": verified,
            "by_a_key_that_was_asked_for": verified && !wanted.is_empty(),
            "said": sentence,
            "blocks": blocks.iter().map(|block| value(block, &wanted)).collect::<Vec<_>>(),
        }))?;
    } else {
        for block in &blocks {
            println!("{}", line(block, &wanted));
        }
        println!("{sentence}");
    }
    Ok(if verified {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn wanted(global: &Global, asked: &ImageVerify) -> Result<Vec<Wanted>> {
    let passphrases = global.passphrases();
    let mut wanted = Vec::new();
    for given in &asked.keys {
        let key = image_keys::public(given, &passphrases)?;
        let of_block = image_keys::of_block(given, &key);
        // Of a v1 signature the key alone is needed; a kind that signs no images is refused for both.
        let digest = efuse_digest(&of_block?, None);
        wanted.push(Wanted {
            given: given.clone(),
            digest: Some(digest),
            spki: Some(key.spki),
        });
    }
    for given in &asked.digests {
        wanted.push(Wanted {
            given: format!("digest {given}"),
            digest: Some(from_hex(given)?),
            spki: None,
        });
    }
    Ok(wanted)
}

/// A key's digest of 32 bytes, or the 16 of it that an ESP32-C2 has.
fn from_hex(text: &str) -> Result<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes: Option<Vec<u8>> =
        digits
            .filter(|digits| matches!(digits.len(), 32 | 64))
            .map(|digits| {
                let (pairs, _) = digits.as_chunks::<2>();
                let byte =
                    |[high, low]: &[u32; 2]| u8::try_from(high * 16 + low).unwrap_or_default();
                pairs.iter().map(byte).collect()
            });
    match bytes {
        Some(bytes) => Ok(bytes),
        None => {
            bail!("`{text}` is no key's digest: 64 hexadecimal digits, or the 32 of an ESP32-C2")
        }
    }
}

impl Wanted {
    fn is_of(&self, block: &BlockReport) -> bool {
        let (Some(wanted), Some(has)) = (&self.digest, block.key_digest) else {
            return false;
        };
        has.0.starts_with(wanted)
    }
}

/// What comes of the blocks, in a sentence.
fn sector(blocks: &[BlockReport], wanted: &[Wanted]) -> (bool, String) {
    if blocks.is_empty() {
        return (false, "not signed".to_owned());
    }
    if wanted.is_empty() {
        let right = blocks.iter().filter(|block| block.fault.is_none()).count();
        let said = match right {
            0 => "not verified: no block's signature is right".to_owned(),
            _ => format!(
                "{right} of {} signatures right by the keys in their own blocks; nobody was asked whether to trust those \
                 (`--key`, `--key-digest`)",
                blocks.len()
            ),
        };
        return (right > 0, said);
    }
    for block in blocks.iter().filter(|block| block.fault.is_none()) {
        if let Some(key) = wanted.iter().find(|key| key.is_of(block)) {
            return (
                true,
                format!("verified: block {} is by {}", block.number, key.given),
            );
        }
    }
    let by_key = |block: &&BlockReport| wanted.iter().any(|key| key.is_of(block));
    let said = match blocks.iter().find(by_key) {
        Some(BlockReport {
            number,
            fault: Some(fault),
            ..
        }) => format!("not verified: block {number} has the key, and {fault}"),
        _ => "not verified: no block is by a key that was asked for".to_owned(),
    };
    (false, said)
}

/// What comes of a v1 signature, in a sentence.
fn legacy(image: &Image<'_>, wanted: &[Wanted]) -> (bool, String) {
    let keys: Vec<_> = wanted
        .iter()
        .filter_map(|key| Some((key, key.spki.as_deref()?)))
        .collect();
    if keys.is_empty() {
        let said = "not verified: a signature of Secure Boot v1 has no key in it, nor a digest of one; say whose it must be (`--key`)";
        return (false, said.to_owned());
    }
    for (key, spki) in keys {
        if verify_v1(image, spki) == V1Report::Good {
            return (
                true,
                format!(
                    "verified: the signature of Secure Boot v1 is by {}",
                    key.given
                ),
            );
        }
    }
    let said = "not verified: the signature of Secure Boot v1 is not by a key that was asked for, or not for this image";
    (false, said.to_owned())
}

fn line(block: &BlockReport, wanted: &[Wanted]) -> String {
    let number = block.number;
    let by = wanted.iter().find(|key| key.is_of(block));
    let by = by.map_or_else(String::new, |key| format!(" ({})", key.given));
    let key = match (block.scheme, block.key_digest) {
        (Some(scheme), Some(digest)) => format!("{scheme}, key digest {digest}{by}"),
        _ => String::new(),
    };
    match block.fault {
        None => format!("block {number}  {key}: right"),
        Some(fault) if key.is_empty() => format!("block {number}  {fault}"),
        Some(fault) => format!("block {number}  {key}: {fault}"),
    }
}

/// What programs get of a block.
pub(super) fn value_of(block: &BlockReport) -> Value {
    json!({
        "block": block.number,
        "scheme": block.scheme.map(Scheme::name),
        "key_digest": block.key_digest.map(|digest| hex(&digest.0)),
        "right": block.fault.is_none(),
        "fault": block.fault.map(|fault| fault.to_string()),
    })
}

fn value(block: &BlockReport, wanted: &[Wanted]) -> Value {
    let mut value = value_of(block);
    let by = wanted.iter().find(|key| key.is_of(block));
    value["by"] = json!(by.map(|key| &key.given));
    value
}
