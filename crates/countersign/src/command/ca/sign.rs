//! `countersign ca sign`: where the root's key is. Needs no server and no state directory.

use anyhow::{Context as _, Result};
use countersign_operations::{Clock as _, Entropy as _, text};
use countersign_pki::{Authority, Profiles};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, pem, request::CertificateRequest};
use serde_json::json;

use super::root;
use crate::{
    cli::{CaSign, Global},
    files::{self, Mode},
    output,
    system::{SystemClock, SystemEntropy},
};

pub(super) fn run(global: &Global, asked: &CaSign) -> Result<()> {
    let certificate = root::read(&asked.root)?;
    let name = countersign_keys::stored::name_of(&asked.root);
    let key = &asked.root_key;
    let root = root::with_key(certificate, key, &name, &global.passphrases())?;
    let request = files::read(&asked.csr)?;
    let made = certify(&root, &request).with_context(|| asked.csr.display().to_string())?;
    let text = pem::to_pem(std::slice::from_ref(&made));
    files::write(&asked.out, text.as_bytes(), Mode::Public)?;
    let ends = text::rfc3339(UnixTime(made.not_after()));
    if global.json {
        return output::json(&json!({
            "certificate": asked.out,
            "subject": made.subject_text(),
            "serial": made.serial_hex(),
            "not_after": ends,
        }));
    }
    println!("signed {}", asked.out.display());
    output::pairs(&[
        ("  subject", made.subject_text().to_owned()),
        ("  serial", made.serial_hex()),
        ("  ends", ends),
    ]);
    Ok(())
}

/// Certifies the issuing authority that a request names. Only its name and its key are taken.
pub(super) fn certify(root: &Authority, request: &[u8]) -> Result<Certificate> {
    let request = CertificateRequest::from_pem(request).context("the request is not right")?;
    let name = request.common_name().context("the request names nobody")?;
    let rules = Profiles::default().issuing;
    let mut serial = [0; 16];
    SystemEntropy.fill(&mut serial);
    let validity = rules.validity(SystemClock.now());
    Ok(root.issue_ca(name, &rules, request.public_key(), validity, serial)?)
}
