//! What would have a device accept.

use countersign_roots::{CrossSigned, DefaultList, Release};
use countersign_x509::Certificate;

use super::{Carried, Outcome, Own, Survey, judged};
use crate::{chain::End, mbedtls::Signatures};

/// One change that was tried and helps by itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Mend {
    /// On the server: send each certificate behind the one that it issued, and nothing else.
    Order {
        /// What to send, by the positions of what was sent.
        send: Vec<usize>,
    },
    /// On the server: do not send these.
    Drop {
        /// Which, by their positions.
        positions: Vec<usize>,
    },
    /// On the device: `CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY=y`.
    CrossSigned,
    /// On the device: the full list in place of the common one.
    FullList,
    /// On the device: `CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEPRECATED_LIST=y`.
    DeprecatedList,
    /// On the device: put this root into the bundle.
    AddRoot(Certificate),
    /// On both: do not send these, and put this root into the bundle. Tried where neither helps alone.
    DropAndAdd {
        /// Which, by their positions.
        positions: Vec<usize>,
        /// The root.
        root: Certificate,
    },
    /// On the device: this release or a later one, where nothing else helps.
    Release(&'static Release),
}

/// Tries all but [`Mend::Release`].
pub(super) fn tried(
    asked: &Survey<'_, '_>,
    signatures: &Signatures,
    sent: &[&[u8]],
    release: &'static Release,
    carried: Carried<'_>,
    bundle: &[u8],
) -> Vec<Mend> {
    let across = release.settings().cross_signed;
    let passes = |sent: &[&[u8]], bundle: &[u8], across: bool| {
        let verdict = judged(asked, signatures, sent, release, bundle, across);
        verdict.outcome.is_ok()
    };
    let with = |across: bool, deprecated: bool, more: &[&Certificate]| {
        let changed = carried.bundle(release, across, deprecated, more);
        changed.is_some_and(|bundle| passes(sent, &bundle, across))
    };
    let mut mends = Vec::new();
    if let Some(mend) = by_server(asked, sent, |sent| passes(sent, bundle, across)) {
        mends.push(mend);
    }
    if release.cross_signed() != CrossSigned::Absent && !across && with(true, false, &[]) {
        mends.push(Mend::CrossSigned);
    }
    let listed = matches!(carried, Carried::List(_));
    if carried == Carried::List(DefaultList::Common) {
        let full = Carried::List(DefaultList::Full).bundle(release, across, false, &[]);
        if full.is_some_and(|full| passes(sent, &full, across)) {
            mends.push(Mend::FullList);
        }
    }
    if listed && release.has_deprecated_list() && with(across, true, &[]) {
        mends.push(Mend::DeprecatedList);
    }
    let mut candidates: Vec<&Certificate> = Vec::new();
    for path in &asked.chain.paths {
        match &path.end {
            End::Root { root, .. } if !candidates.contains(&root) => candidates.push(root),
            _ => {}
        }
    }
    // A sent certificate that vouches for itself is what the owner of a private CA forgot to put in.
    for path in asked
        .chain
        .paths
        .iter()
        .filter(|path| path.end == End::SelfSigned)
    {
        let top = path
            .over
            .last()
            .and_then(|&top| asked.chain.certificate(top));
        candidates.extend(top.filter(|top| top.is_ca()));
    }
    let helps = |root: &&&Certificate| !has(carried, root) && with(across, false, &[root]);
    if let Some(root) = candidates.iter().find(helps) {
        mends.push(Mend::AddRoot(Certificate::clone(root)));
    }
    if mends.is_empty() {
        mends.extend(candidates.into_iter().find_map(|root| {
            let bundle = carried.bundle(release, across, false, &[root])?;
            match by_server(asked, sent, |sent| passes(sent, &bundle, across))? {
                Mend::Drop { positions } => Some(Mend::DropAndAdd {
                    positions,
                    root: root.clone(),
                }),
                _ => None,
            }
        }));
    }
    mends
}

/// Adding what is there already cannot be the advice, even where another order of two with one name would help.
fn has(carried: Carried<'_>, root: &Certificate) -> bool {
    match carried {
        Carried::Own(Own::Certificates(own)) => own.contains(root),
        _ => false,
    }
}

/// Sends less, or in another order: as little as one of the paths to a root needs.
fn by_server(
    asked: &Survey<'_, '_>,
    sent: &[&[u8]],
    passes: impl Fn(&[&[u8]]) -> bool,
) -> Option<Mend> {
    let to_root = asked.chain.paths.iter();
    for path in to_root.filter(|path| matches!(path.end, End::Root { .. })) {
        let ordered = path.over.is_sorted();
        let all = path.over.len() == sent.len();
        if ordered && all {
            continue;
        }
        let less: Vec<&[u8]> = path
            .over
            .iter()
            .filter_map(|&position| sent.get(position).copied())
            .collect();
        if !passes(&less) {
            continue;
        }
        if !ordered {
            let send = path.over.clone();
            return Some(Mend::Order { send });
        }
        let surplus = |position: &usize| !path.over.contains(position);
        return Some(Mend::Drop {
            positions: (0..sent.len()).filter(surplus).collect(),
        });
    }
    None
}

/// Where nothing else helps, names the release from which on all accept.
pub(super) fn by_newer_release(singles: &mut [(&'static Release, Outcome)]) {
    let mut from: Option<&'static Release> = None;
    let mut refused = false;
    for (release, outcome) in singles.iter_mut().rev() {
        match outcome {
            Outcome::Accepted { .. } if refused || release.is_branch() => {}
            Outcome::Accepted { .. } => from = Some(release),
            Outcome::OtherFormat => {}
            Outcome::Refused { mends, .. } => {
                refused = true;
                if mends.is_empty() {
                    mends.extend(from.map(Mend::Release));
                }
            }
        }
    }
}
