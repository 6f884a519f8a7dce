//! `countersign ca offline`: a root's key goes into a file that is encrypted, is tried there, and only then removed here.

use std::{path::absolute, sync::Arc};

use anyhow::{Context as _, Result, bail};
use countersign_keys::{Error, Stored};
use countersign_operations::authorities::Kind;
use countersign_pki::{Authority, certificate_request};
use serde_json::{Value, json};

use super::root;
use crate::{
    cli::{CaOffline, Global},
    operator::Operator,
    output,
    state::{Layout, lies_in},
};

pub(super) async fn run(global: &Global, asked: &CaOffline) -> Result<()> {
    let kind = Kind::from(asked.hierarchy);
    let (name, to) = (kind.root(), &asked.to);
    let kept = Layout::new(&global.state).authority_key(&name);
    if lies_in(to, &global.state) {
        bail!(
            "{} lies in the state directory, which the server reads: the key shall leave it",
            to.display()
        );
    }
    let passphrases = global.passphrases();
    let mut operator = Operator::reach_with(global, Arc::clone(&passphrases)).await?;
    let certificate = root::certificate(&mut operator, &name).await?;
    let stored = match Stored::read(&kept) {
        Err(Error::Read { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound => {
            bail!("the key of {name} is not here: it is offline already")
        }
        read => read.with_context(|| format!("{} cannot be taken", kept.display()))?,
    };
    if let Some(uri) = stored.uri() {
        bail!("the key of {name} is on a token ({uri}): take the token away, it does not leave it");
    }
    let key = stored.file_key(&passphrases)?;
    let passphrase = passphrases.choose(&name)?;
    key.save_new_encrypted(to, &passphrase)?;

    // From the file that was written, as whoever brings it back will read it.
    let proof = || -> Result<String> {
        let read = Stored::read(to)?;
        let key = read.unlocked(&passphrase, &countersign_keys::encrypted::Costs::default())?;
        let key = key.context("the passphrase does not open what it encrypted")?;
        let root = Authority::new(certificate, Vec::new(), key)?;
        Ok(certificate_request(root.signer(), &name)?)
    };
    let proof = proof().with_context(|| {
        format!(
            "{} was written and cannot be used; nothing was removed",
            to.display()
        )
    })?;
    let path = format!("/v1/ca/{kind}/offline");
    let _: Value = operator.post(&path, &json!({ "proof": proof })).await?;
    let place = absolute(to).unwrap_or_else(|_| to.clone());
    if global.json {
        return output::json(&json!({ "authority": name, "key": place }));
    }
    println!("the key of {name} is in {}, encrypted", place.display());
    println!(
        "It signs for the root's certificate, and {} is overwritten and removed.",
        kept.display()
    );
    println!(
        "Flash media, snapshots and backups may keep traces of it: wipe or destroy them, if it must be sure that none is left."
    );
    println!(
        "Without its passphrase it is lost. Keep two copies, in two places, and bring one back with --root-key."
    );
    Ok(())
}
