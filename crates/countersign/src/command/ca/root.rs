//! A root's key, brought to the operator's terminal. The server never sees it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use countersign_keys::{Passphrases, Stored, Uri};
use countersign_operations::{authorities::Kind, view::AuthorityView};
use countersign_pki::Authority;
use countersign_x509::{Certificate, pem};

use crate::{cli::Global, files, operator::Operator, state::Layout};

/// The root of a hierarchy with its key: the one that is named, else the one in the state directory.
pub(super) async fn open(
    global: &Global,
    passphrases: &Passphrases,
    operator: &mut Operator,
    kind: Kind,
    given: Option<&str>,
) -> Result<Authority> {
    let certificate = certificate(operator, &kind.root()).await?;
    let kept = Layout::new(&global.state).authority_key(&kind.root());
    match given {
        Some(given) => with_key(certificate, given, &kind.root(), passphrases),
        None if kept.exists() => {
            let kept = kept.display().to_string();
            with_key(certificate, &kept, &kind.root(), passphrases)
        }
        None => bail!(
            "the key of {} is not here, as it should be; bring it with --root-key FILE, or go to where it is: {}",
            kind.root(),
            "`ca replace --request` and `ca sign` do that for an issuing authority"
        ),
    }
}

/// The certificate of an authority, as the operator plane has it.
pub(super) async fn certificate(operator: &mut Operator, name: &str) -> Result<Certificate> {
    let all: Vec<AuthorityView> = operator.get("/v1/ca").await?;
    let found = all.into_iter().find(|one| one.name == name);
    let found = found.with_context(|| format!("there is no authority `{name}`"))?;
    let mut read = pem::certificates(found.certificate.as_bytes())?;
    read.pop().context("the answer holds no certificate")
}

/// A root with its key, which a file holds, or a token by a PKCS#11 URI. `name` is what passphrase and PIN are asked for by.
pub(super) fn with_key(
    certificate: Certificate,
    given: &str,
    name: &str,
    passphrases: &Passphrases,
) -> Result<Authority> {
    let stored = if Uri::is_meant(given) {
        Stored::from_text(given, name)
    } else {
        Stored::read(Path::new(given))
    };
    let key = stored.and_then(|stored| stored.open(passphrases));
    let key = key.with_context(|| format!("the root's key {given} cannot be used"))?;
    Authority::new(certificate, Vec::new(), key)
        .with_context(|| format!("{given} is not the key of {name}"))
}

/// Reads a certificate from a file.
pub(super) fn read(path: &Path) -> Result<Certificate> {
    let text = files::read(path)?;
    let not_right = || format!("{} is not right", path.display());
    let mut all = pem::certificates(&text).with_context(not_right)?;
    if all.len() != 1 {
        bail!(
            "{} holds {} certificates, and one is wanted",
            path.display(),
            all.len()
        );
    }
    all.pop().with_context(not_right)
}
