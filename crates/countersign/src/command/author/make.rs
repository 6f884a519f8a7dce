//! Author sets made and signed: where the keys are, and the server is not.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use countersign_fleet::ProductName;
use countersign_images::author_set::{self, Plan};
use countersign_keys::{Passphrases, public_key_from_pem};
use countersign_operations::{Clock as _, text};
use countersign_pki::Signer;
use countersign_protocol::{
    AuthorId, AuthorSet, SignedAuthorSet, UnixTime,
    authors::{SetSignature, spki_of},
};

use super::look;
use crate::{
    cli::{AuthorInit, AuthorMaking, AuthorNext, AuthorSign, Global},
    files::{self, Mode},
    system::SystemClock,
};

pub(super) fn init(global: &Global, asked: &AuthorInit) -> Result<()> {
    let passphrases = global.passphrases();
    let _: ProductName = asked.product.parse()?;
    let signers = open(&asked.making.keys, &passphrases)?;
    let mut authors: Vec<Vec<u8>> = Vec::new();
    authors.extend(signers.iter().map(|key| key.public_key().to_vec()));
    authors.extend(public(&asked.making)?);
    let former = open(&asked.former, &passphrases)?;
    let plan = Plan {
        product: &asked.product,
        sequence: 1,
        threshold: asked.threshold,
        authors: &authors,
        created: SystemClock.now(),
        not_after: end(&asked.making, None)?,
    };
    let set = author_set::encode(&plan)?;
    let all: Vec<_> = signers.into_iter().chain(former).collect();
    write(&set, &[], &all, &asked.making.out)?;
    look::file(global, &asked.making.out, None)
}

/// The next set: without those who leave, and with those who come.
pub(super) fn next(global: &Global, asked: &AuthorNext, remove: &[String]) -> Result<()> {
    let bytes = files::read(&asked.set)?;
    let (_, former) = parse(&bytes, &asked.set)?;
    let now = SystemClock.now();
    if let Some(end) = former.not_after.filter(|end| *end < now) {
        bail!(
            "author set {} ended at {}: no device follows a set that was made later, and none can be made up for it",
            former.sequence,
            text::rfc3339(end)
        );
    }
    let mut authors: Vec<Vec<u8>> = former
        .keys
        .as_slice()
        .iter()
        .map(|key| spki_of(key).to_vec())
        .collect();
    for id in remove {
        let id: AuthorId = id
            .parse()
            .with_context(|| format!("`{id}` names no author"))?;
        let before = authors.len();
        authors.retain(|spki| countersign_images::manifest::author_id(spki) != id);
        if authors.len() == before {
            bail!("author {id} is not in {}", asked.set.display());
        }
    }
    let signers = open(&asked.making.keys, &global.passphrases())?;
    let coming = public(&asked.making)?;
    if coming.is_empty() && remove.is_empty() {
        bail!("who is to be added? Name the public key by --author");
    }
    authors.extend(coming);
    let plan = Plan {
        product: former.product,
        sequence: former
            .sequence
            .checked_add(1)
            .context("there is no set after this one")?,
        threshold: asked.threshold.unwrap_or(former.threshold),
        authors: &authors,
        created: now,
        not_after: end(&asked.making, former.not_after)?,
    };
    let set = author_set::encode(&plan)?;
    write(&set, &[], &signers, &asked.making.out)?;
    look::file(global, &asked.making.out, Some(&asked.set))
}

/// Signs a set that is there.
pub(super) fn sign(global: &Global, asked: &AuthorSign) -> Result<()> {
    let bytes = files::read(&asked.set)?;
    let (signed, _) = parse(&bytes, &asked.set)?;
    let before: Vec<_> = signed
        .signatures()
        .map(|(author, signature)| SetSignature {
            author,
            signature: *signature,
        })
        .collect();
    let signers = open(&asked.keys, &global.passphrases())?;
    let out = asked.out.as_ref().unwrap_or(&asked.set);
    write(signed.payload(), &before, &signers, out)?;
    look::file(global, out, asked.after.as_deref())
}

/// Reads a set's file.
pub(super) fn parse<'a>(
    bytes: &'a [u8],
    path: &Path,
) -> Result<(SignedAuthorSet<'a>, AuthorSet<'a>)> {
    let read = SignedAuthorSet::parse(bytes).and_then(|signed| Ok((signed, signed.unverified()?)));
    read.with_context(|| format!("{} is no author set", path.display()))
}

fn write(
    set: &[u8],
    before: &[SetSignature],
    signers: &[Arc<dyn Signer>],
    out: &Path,
) -> Result<()> {
    let mut signatures = before.to_vec();
    for signer in signers {
        signatures = author_set::sign(set, &signatures, &**signer)?;
    }
    files::write(out, &author_set::assemble(set, &signatures)?, Mode::Public)
}

fn open(paths: &[std::path::PathBuf], passphrases: &Passphrases) -> Result<Vec<Arc<dyn Signer>>> {
    let one = |path: &std::path::PathBuf| {
        countersign_keys::open(path, passphrases)
            .with_context(|| format!("the author's key {} is of no use", path.display()))
    };
    paths.iter().map(one).collect()
}

fn public(making: &AuthorMaking) -> Result<Vec<Vec<u8>>> {
    let one = |path: &std::path::PathBuf| {
        public_key_from_pem(&files::read_text(path)?)
            .with_context(|| format!("{} holds no author's public key", path.display()))
    };
    making.authors.iter().map(one).collect()
}

/// The end that was asked for, or else that of the set before.
fn end(making: &AuthorMaking, before: Option<UnixTime>) -> Result<Option<UnixTime>> {
    let now = SystemClock.now();
    let end = match making.not_after.as_deref() {
        Some("never") => None,
        Some(end) => Some(
            text::from_rfc3339(end)
                .with_context(|| format!("`{end}` is no time; write it as 2027-06-30T00:00:00Z"))?,
        ),
        None => before,
    };
    match end {
        Some(end) if end < now => bail!("the end {} has passed", text::rfc3339(end)),
        end => Ok(end),
    }
}
