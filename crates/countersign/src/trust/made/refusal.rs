//! Which device would refuse which server, why, and what would mend it.

use anyhow::{Error, anyhow};
use countersign_operations::text::chain;
use countersign_trust::{
    Refusal,
    choose::{Host, Unchosen},
};

use super::Proved;
use crate::trust::{config::Plan, releases::ranges};

/// All refusals of a proof, as text; nothing where there are none.
pub(crate) fn refused<'p>(proofs: impl IntoIterator<Item = &'p Proved>) -> Option<String> {
    let mut groups: Vec<(&'p str, &'p Refusal, Vec<&'p str>)> = Vec::new();
    for proof in proofs {
        let Err(refusal) = &proof.verdict.outcome else {
            continue;
        };
        let same = |(host, known, _): &&mut (&'p str, &'p Refusal, Vec<&'p str>)| {
            *host == proof.host && *known == refusal
        };
        match groups.iter_mut().find(same) {
            Some((.., targets)) => targets.push(&proof.target),
            None => groups.push((&proof.host, refusal, vec![&proof.target])),
        }
    }
    let lines: Vec<String> = groups
        .iter()
        .map(|(host, refusal, targets)| {
            let releases = ranges(targets.iter().copied());
            format!(
                "ESP-IDF {releases} would refuse {host}: {}",
                chain(*refusal)
            )
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A choice that was not made, with advice.
pub(super) fn unchosen(unchosen: &Unchosen, plan: &Plan, hosts: &[Host]) -> Error {
    let Unchosen::Refused {
        host,
        target,
        refusal,
        ..
    } = unchosen
    else {
        return anyhow!("{}", chain(unchosen));
    };
    let sends_one = hosts
        .iter()
        .filter(|known| known.label == *host)
        .any(|known| known.chains.iter().any(|chain| chain.len() == 1));
    let advice = match **refusal {
        Refusal::UnknownIssuer { .. } if sends_one => {
            "; or have the server send its intermediate as well; if its CA is your own, give its root by --pem"
        }
        Refusal::UnknownIssuer { .. } if plan.mozilla_only => {
            "; it may be a root that Mozilla has dropped, which --mozilla-only leaves out; if its CA is your own, give its root by --pem"
        }
        Refusal::UnknownIssuer { .. } | Refusal::CrossSigned { .. } => {
            "; if its CA is your own, give its root by --pem"
        }
        Refusal::Bundle { .. } => {
            "; there is no room for its root beside what you put in: put in fewer, or say a higher limit by --max-certs"
        }
        _ => "",
    };
    anyhow!(
        "ESP-IDF {target} would refuse {host}: {}{advice}",
        chain(&**refusal)
    )
}
