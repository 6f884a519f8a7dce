//! `countersign ca prove`.

use std::sync::Arc;

use anyhow::Result;
use countersign_keys::FileKey;
use countersign_operations::{Clock as _, Entropy as _, authorities::Kind, view::IssuedView};
use countersign_pki::{Signer as _, certificate_request, proof};
use countersign_x509::pem;
use serde_json::json;

use super::{issue, root};
use crate::{
    cli::{CaProve, Global},
    operator::{self, Operator},
    system::{SystemClock, SystemEntropy},
};

pub(super) async fn run(global: &Global, asked: &CaProve) -> Result<()> {
    let passphrases = global.passphrases();
    let mut operator = Operator::reach_with(global, Arc::clone(&passphrases)).await?;
    // Good for this certificate alone, and never kept.
    let thrown_away = FileKey::generate()?;
    let of_root = Kind::ALL
        .into_iter()
        .find(|kind| kind.root() == asked.authority);
    let issued: IssuedView = if let Some(kind) = of_root {
        let given = asked.root_key.as_deref();
        let root = root::open(global, &passphrases, &mut operator, kind, given).await?;
        let mut serial = [0; 16];
        SystemEntropy.fill(&mut serial);
        let (key, now) = (thrown_away.public_key(), SystemClock.now());
        let made = proof::prove(&root, &asked.code, key, now, serial)?;
        let body = json!({ "pem": pem::to_pem(&[made]) });
        let path = operator::path("/v1/ca/", &asked.authority, "/proofs");
        operator.post(&path, &body).await?
    } else {
        let request = certificate_request(&thrown_away, "proof")?;
        let body = json!({ "code": asked.code, "request": request });
        let path = operator::path("/v1/ca/", &asked.authority, "/prove");
        operator.post(&path, &body).await?
    };
    issue::write(global, &issued, asked.out.as_deref())
}
