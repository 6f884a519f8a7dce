//! What the user puts in.

use std::collections::HashSet;

use anyhow::{Result, bail};
use countersign_trust::choose::Kind;
use countersign_x509::Certificate;

use super::Roots;
use crate::trust::{certificates, config::Plan, pool::name_of};

/// Certificates by files and by names, in the order given, each once.
pub(super) struct Given {
    all: Vec<(Certificate, Option<String>)>,
}

impl Given {
    pub(super) fn read(plan: &Plan, roots: &Roots<'_>, notes: &mut Vec<String>) -> Result<Self> {
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        let mut passed_over = Vec::new();
        let mut take = |certificate: Certificate, file: Option<String>| {
            if seen.insert(certificate.fingerprint()) {
                all.push((certificate, file));
                return true;
            }
            false
        };
        for path in &plan.pem {
            for found in certificates::read(path, &mut passed_over)? {
                admit(plan, roots, &found, notes)?;
                let name = name_of(&found.certificate).to_owned();
                if !take(found.certificate, Some(found.file.clone())) {
                    notes.push(format!("`{name}` of {} was given before", found.file));
                }
            }
        }
        notes.append(&mut passed_over);
        for name in &plan.named {
            take(roots.pool()?.named(name)?.certificate.clone(), None);
        }
        Ok(Self { all })
    }

    pub(super) fn certificates(&self) -> Vec<Certificate> {
        self.all
            .iter()
            .map(|(certificate, _)| certificate.clone())
            .collect()
    }

    pub(super) fn file_of(&self, certificate: &Certificate) -> Option<String> {
        let mut same = self.all.iter().filter(|(known, _)| known == certificate);
        same.next()?.1.clone()
    }
}

/// Refuses what does not last, unless it was asked for.
fn admit(
    plan: &Plan,
    roots: &Roots<'_>,
    found: &certificates::Found,
    notes: &mut Vec<String>,
) -> Result<()> {
    let certificate = &found.certificate;
    let kind = Kind::of(certificate);
    let Some(objection) = kind.objection() else {
        return Ok(());
    };
    let (name, file) = (name_of(certificate), &found.file);
    // In a bundle a cross-certificate is the root that it is for.
    if kind == Kind::Intermediate
        && let Some(root) = roots.pool()?.same_entry(certificate)
    {
        notes.push(format!(
            "`{name}` of {file} is a cross-certificate; in a bundle it is the root `{}`",
            root.name
        ));
        return Ok(());
    }
    if plan.pin {
        notes.push(format!("`{name}` of {file} is pinned: {objection}"));
        return Ok(());
    }
    bail!(
        "`{name}` of {file} is not put in: {objection}. Give its root; or say --allow-pin, and it is put in all the same"
    )
}
