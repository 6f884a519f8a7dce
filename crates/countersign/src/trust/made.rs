//! A bundle, chosen, packed and proved.

mod given;
mod limit;
mod refusal;

use std::{cell::OnceCell, path::Path};

use anyhow::{Context, Result, bail};
use countersign_operations::text::hex;
use countersign_protocol::UnixTime;
use countersign_trust::{
    Verdict,
    bundle::{Packed, pack},
    choose::{Choice, Chosen, Host, Target, Wanted, Why, choose, prove},
};
use countersign_x509::{Certificate, pem};
use esp_formats::bundle::Format;

use crate::trust::{
    config::Plan,
    hosts::Look,
    pool::{Pool, listed, name_of},
    releases::{self, Devices, targets},
};
use given::Given;
pub(crate) use refusal::refused;

/// Everything that the files and the report say.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) targets: Vec<Target>,
    /// How many roots the devices take.
    pub(crate) max_entries: usize,
    pub(crate) hosts: Vec<Host>,
    pub(crate) roots: Vec<Root>,
    /// By format, older first.
    pub(crate) packs: Vec<(Format, Packed)>,
    pub(crate) proofs: Vec<Proved>,
    /// What the roots were chosen from, where any were.
    pub(crate) chosen_from: String,
    /// What is to be known before it is used.
    pub(crate) notes: Vec<String>,
}

/// One root of the bundle.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) certificate: Certificate,
    /// In hexadecimal digits.
    pub(crate) sha256: String,
    /// Itself as PEM.
    pub(crate) pem: String,
    pub(crate) name: String,
    pub(crate) why: Why,
    pub(crate) from: String,
    pub(crate) distrust_after: Option<u64>,
    /// The servers that it vouches for, as the proof has it.
    pub(crate) hosts: Vec<String>,
}

/// One line of the proof: what one device made of one chain.
#[derive(Debug)]
pub(crate) struct Proved {
    pub(crate) host: String,
    pub(crate) chain: usize,
    pub(crate) target: String,
    pub(crate) verdict: Verdict,
}

/// The roots that are known, read when they are needed first: it takes longer than all the rest.
#[derive(Debug)]
pub(crate) struct Roots<'a> {
    file: Option<&'a Path>,
    state: &'a Path,
    pool: OnceCell<Pool>,
}

impl<'a> Roots<'a> {
    pub(crate) const fn new(file: Option<&'a Path>, state: &'a Path) -> Self {
        Self {
            file,
            state,
            pool: OnceCell::new(),
        }
    }

    pub(crate) fn pool(&self) -> Result<&Pool> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let pool = Pool::open(self.file, self.state)?;
        Ok(self.pool.get_or_init(|| pool))
    }

    /// Those that were read, if they were.
    fn opened(&self) -> Option<&Pool> {
        self.pool.get()
    }
}

/// Makes it, or says which device would refuse which server, and why.
pub(crate) fn make(plan: &Plan, look: Look, roots: &Roots<'_>, now: UnixTime) -> Result<Made> {
    let max_entries = releases::max_entries(plan.max_certs)?;
    let devices = Devices {
        cross_signed: plan.cross_signed_verify,
        dates: plan.dates.then_some(now),
        max_entries,
    };
    let targets = targets(&plan.idf, devices)?;
    let mut notes = look.notes;
    let given = Given::read(plan, roots, &mut notes)?;
    let choosing = !plan.only && !look.hosts.is_empty();
    let candidates = if choosing || plan.policy.successors {
        roots.pool()?.candidates(plan.mozilla_only)
    } else {
        Vec::new()
    };
    let successors = if plan.policy.successors {
        Pool::successors(&candidates)
    } else {
        Vec::new()
    };
    let certificates = given.certificates();
    limit::check(certificates.len(), plan, &targets)?;
    let choice = if choosing || plan.policy.successors {
        choose(&Wanted {
            hosts: if choosing { &look.hosts } else { &[] },
            targets: &targets,
            given: &certificates,
            candidates: &candidates,
            successors: &successors,
            policy: plan.policy,
        })
        .map_err(|unchosen| refusal::unchosen(&unchosen, plan, &look.hosts))?
    } else {
        let chosen = |certificate: &Certificate| Chosen {
            certificate: certificate.clone(),
            why: Why::Given,
        };
        Choice {
            roots: certificates.iter().map(chosen).collect(),
            left_out: Vec::new(),
            smallest: true,
        }
    };
    let all = choice.certificates();
    if all.is_empty() {
        bail!("nothing to put in: no certificate was given, and no host needs one");
    }
    let packs = packs(&all, &targets)?;
    limit::check(all.len(), plan, &targets)?;
    notes.extend(remarks(&choice, &packs, roots.opened()));
    let passed_over = roots.opened().map(|pool| pool.passed_over.as_slice());
    let passed_over = passed_over.unwrap_or_default().iter();
    notes.extend(passed_over.map(|root| format!("of the list of roots, passed over: {root}")));
    let proofs = proofs(&look.hosts, &targets, &packs);
    if let Some(refused) = refused(&proofs) {
        bail!("{refused}");
    }
    let roots_of = |chosen: Chosen| describe(chosen, &given, roots.opened(), &proofs);
    let roots_made: Vec<Root> = choice.roots.into_iter().map(roots_of).collect();
    Ok(Made {
        targets,
        max_entries,
        hosts: look.hosts,
        roots: roots_made,
        packs,
        proofs,
        chosen_from: match (choosing, roots.opened()) {
            (true, Some(pool)) => pool.source.clone(),
            _ => String::new(),
        },
        notes,
    })
}

/// A bundle for each format that a target reads.
pub(crate) fn packs(all: &[Certificate], targets: &[Target]) -> Result<Vec<(Format, Packed)>> {
    let mut packs = Vec::new();
    for format in [Format::Legacy, Format::Offsets] {
        if targets.iter().any(|target| target.format == format) {
            let packed = pack(all, format).context("these roots make no bundle")?;
            packs.push((format, packed));
        }
    }
    Ok(packs)
}

/// What a device of this format has in its flash.
fn bytes_for(packs: &[(Format, Packed)], format: Format) -> &[u8] {
    let mut of_format = packs.iter().filter(|(known, _)| *known == format);
    of_format
        .next()
        .map_or(&[], |(_, packed)| packed.bytes.as_slice())
}

/// Has each device judge each chain with its bundle.
pub(crate) fn proofs(
    hosts: &[Host],
    targets: &[Target],
    packs: &[(Format, Packed)],
) -> Vec<Proved> {
    prove(hosts, targets, |target| bytes_for(packs, target.format))
        .into_iter()
        .map(|proof| Proved {
            host: proof.host.label.clone(),
            chain: proof.chain,
            target: proof.target.label.clone(),
            verdict: proof.verdict,
        })
        .collect()
}

fn remarks(choice: &Choice, packs: &[(Format, Packed)], pool: Option<&Pool>) -> Vec<String> {
    let called = |place: usize| name_of(&choice.roots[place].certificate);
    let mut notes = Vec::new();
    if let Some((_, packed)) = packs.first() {
        for &place in &packed.repeated {
            notes.push(format!(
                "`{}` is there twice, with one key: it is packed once",
                called(place)
            ));
        }
    }
    for (_, packed) in packs {
        for unreachable in &packed.unreachable {
            let note = format!(
                "two roots are called `{}`: a device tries the one whose SHA-256 begins with {}, and never reaches {}",
                called(unreachable.place),
                short(&choice.roots[unreachable.reached].certificate),
                short(&choice.roots[unreachable.place].certificate),
            );
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    for certificate in &choice.left_out {
        notes.push(format!(
            "`{}` ({}) is left out: another root of that name is in, and a device tries only one",
            name_of(certificate),
            short(certificate)
        ));
    }
    if !choice.smallest {
        notes.push(
            "the search for the smallest set was given up; a smaller one may exist".to_owned(),
        );
    }
    for chosen in choice.roots.iter().filter(|root| root.why != Why::Given) {
        let known = pool.and_then(|pool| pool.about(&chosen.certificate));
        if known.is_some_and(|known| !known.current) {
            notes.push(format!(
                "Mozilla has dropped `{}`, which a chain ends in; see whether its server can send less of that chain",
                name_of(&chosen.certificate)
            ));
        }
    }
    notes
}

fn short(certificate: &Certificate) -> String {
    let digest = hex(&certificate.fingerprint());
    digest.chars().take(16).collect()
}

fn describe(chosen: Chosen, given: &Given, pool: Option<&Pool>, proofs: &[Proved]) -> Root {
    let Chosen { certificate, why } = chosen;
    let known = pool.and_then(|pool| pool.about(&certificate));
    let sha256 = hex(&certificate.fingerprint());
    let row = listed(&sha256);
    let vouches = |proof: &&Proved| {
        proof.verdict.outcome.as_ref().is_ok_and(|accepted| {
            accepted.anchor_subject == certificate.subject()
                && accepted.anchor_key == certificate.public_key()
        })
    };
    let mut hosts: Vec<String> = proofs
        .iter()
        .filter(vouches)
        .map(|proof| proof.host.clone())
        .collect();
    hosts.dedup();
    let by_list = |current| {
        if current {
            "mozilla"
        } else {
            "dropped by mozilla"
        }
    };
    Root {
        name: known
            .map(|known| known.name.clone())
            .or_else(|| row.map(|(name, _)| name.to_owned()))
            .unwrap_or_else(|| name_of(&certificate).to_owned()),
        from: given
            .file_of(&certificate)
            .or_else(|| known.map(|known| by_list(known.current).to_owned()))
            .unwrap_or_default(),
        distrust_after: known
            .and_then(|known| known.distrust_after)
            .or_else(|| row.and_then(|(_, after)| after)),
        sha256,
        pem: pem::encode(pem::CERTIFICATE, certificate.der()),
        certificate,
        why,
        hosts,
    }
}
