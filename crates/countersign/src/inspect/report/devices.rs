//! What devices make of a chain.

use countersign_roots::{DefaultList, Release, ReleaseSet, Root};
use countersign_trust::{
    Refusal,
    chain::{Chain, End, Place},
    survey::{Carried, Mend, Outcome, Own, Row, Survey, survey},
};
use countersign_x509::{Certificate, name};
use serde::Serialize;

use super::{carried, chain::name_of};
use crate::inspect::{asked::Asked, words};

/// What is judged beside the releases.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judging<'a> {
    /// ESP-IDF's own lists.
    pub(crate) lists: &'a [Carried<'static>],
    /// The user's bundle.
    pub(crate) own: Option<&'a Own>,
    /// Whether the chain must be sound for everybody, too.
    pub(crate) soundness: bool,
}

/// What devices make of a chain.
#[derive(Debug, Serialize)]
pub(crate) struct DevicesReport {
    /// Whether all that count accept.
    pub(crate) verified: bool,
    /// The name that they were taken to call the server by.
    pub(crate) called: String,
    /// Releases that say the same.
    pub(crate) rows: Vec<RowReport>,
}

/// Releases that say the same with one bundle.
#[derive(Debug, Serialize)]
pub(crate) struct RowReport {
    /// As ranges, such as `v4.2..v5.5.5 master`.
    pub(crate) releases: String,
    /// `full`, `common` or `own`.
    pub(crate) bundle: &'static str,
    /// Whether the exit code depends on it.
    pub(crate) counts: bool,
    pub(crate) accepted: bool,
    /// Why not, as a word that stays, such as `unknown-issuer`.
    pub(crate) code: Option<&'static str>,
    /// Who vouches, or why not.
    pub(crate) why: String,
    /// What would mend it, each by itself.
    pub(crate) mends: Vec<String>,
    /// What to look for in a device's log.
    pub(crate) log: Vec<LogReport>,
    /// The flags of mbedTLS (`MBEDTLS_X509_BADCERT_...`) that the oldest of them tells its application.
    pub(crate) flags: Vec<&'static str>,
    /// Every step of the oldest of them.
    pub(crate) steps: Vec<String>,
}

/// A line of a device's log, without level and time.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(crate) struct LogReport {
    pub(crate) line: String,
    /// The releases that print it; not all of a row do.
    pub(crate) releases: String,
}

impl DevicesReport {
    pub(super) fn new(
        chain: &Chain,
        host: Option<&str>,
        asked: &Asked,
        judging: &Judging<'_>,
    ) -> Self {
        let called = host.map_or_else(|| any_name(chain), str::to_owned);
        if called.is_empty() {
            // Nobody can be asked for a name that is not known; and nobody is said to accept.
            return Self {
                verified: false,
                called,
                rows: Vec::new(),
            };
        }
        let asking = Survey {
            chain,
            host: &called,
            clock: asked.clock,
            releases: &asked.releases,
            max_entries: asked.max_entries,
            carried: &carried(judging),
        };
        let rows: Vec<RowReport> = survey(&asking)
            .iter()
            .map(|row| RowReport::new(row, chain, asked, judging))
            .collect();
        Self {
            verified: rows.iter().all(|row| row.accepted || !row.counts),
            called,
            rows,
        }
    }
}

impl RowReport {
    fn new(row: &Row<'_>, chain: &Chain, asked: &Asked, judging: &Judging<'_>) -> Self {
        // The user's bundle is what was asked for; without one, what a release has by itself.
        let counts = match (row.carried, judging.own) {
            (Carried::Own(_), _) => row.outcome != Outcome::OtherFormat || asked.releases_named,
            (Carried::List(list), None) => list == DefaultList::Full,
            (Carried::List(_), Some(_)) => false,
        };
        let code = match &row.outcome {
            Outcome::Accepted { .. } => None,
            Outcome::OtherFormat => Some("other-format"),
            Outcome::Refused { refusal, .. } => Some(refusal.code()),
        };
        let (why, mends) = match &row.outcome {
            Outcome::Accepted {
                anchor_subject,
                anchor_key,
            } => (anchor_name(anchor_subject, anchor_key, chain), Vec::new()),
            Outcome::OtherFormat => (
                "the bundle is of the format that other releases read".to_owned(),
                Vec::new(),
            ),
            Outcome::Refused { refusal, mends } => {
                let causes = countersign_operations::text::chain(refusal);
                let mut mends: Vec<String> = mends.iter().map(|mend| said(mend, chain)).collect();
                if mends.is_empty() {
                    mends.extend(untried(refusal, chain));
                }
                (name::escaped(&causes), mends)
            }
        };
        Self {
            releases: whole(row.releases, asked),
            bundle: name_of_list(row.carried),
            counts,
            accepted: row.outcome.is_accepted(),
            code,
            why,
            mends,
            log: row
                .log
                .iter()
                .map(|line| LogReport {
                    line: line.text.clone(),
                    releases: whole(line.releases, asked),
                })
                .collect(),
            flags: row.flags.clone(),
            steps: row
                .steps
                .iter()
                .map(|step| name::escaped(&step.to_string()))
                .collect(),
        }
    }
}

/// Whoever sees both ends of the list may not know that they are.
fn whole(releases: ReleaseSet, asked: &Asked) -> String {
    let all: ReleaseSet = Release::all().iter().collect();
    if releases == all && !asked.releases_named {
        return format!("{releases} (all)");
    }
    releases.to_string()
}

/// What a bundle is called in tables.
pub(crate) const fn name_of_list(carried: Carried<'_>) -> &'static str {
    match carried {
        Carried::List(DefaultList::Full) => "full",
        Carried::List(DefaultList::Common) => "common",
        Carried::List(DefaultList::None) => "none",
        Carried::Own(_) => "own",
    }
}

fn anchor_name(subject: &[u8], key: &[u8], chain: &Chain) -> String {
    let is_it = |root: &Certificate| root.subject() == subject && root.public_key() == key;
    let mut ends = chain.paths.iter().filter_map(|path| match &path.end {
        End::Root { root, .. } => Some(root),
        _ => None,
    });
    let mut same_name = countersign_roots::by_subject(subject).map(Root::certificate);
    let known = ends.find(|root| is_it(root)).map(name_of);
    known
        .or_else(|| same_name.find(|root| is_it(root)).map(name_of))
        .unwrap_or_else(|| name::text(subject).unwrap_or_else(|error| error.to_string()))
}

fn said(mend: &Mend, chain: &Chain) -> String {
    match mend {
        Mend::Order { send } => format!(
            "on the server: send {} in this order, and nothing else",
            words::certificates(send)
        ),
        Mend::Drop { positions } => {
            let surplus = |&position: &usize| {
                chain
                    .sent
                    .get(position)
                    .is_some_and(|sent| sent.place == Place::Surplus)
            };
            let what = if positions.iter().all(surplus) {
                match positions.len() {
                    1 => ", the surplus cross-certificate",
                    _ => ", the surplus cross-certificates",
                }
            } else {
                ""
            };
            format!(
                "on the server: drop {}{what}",
                words::certificates(positions)
            )
        }
        Mend::CrossSigned => {
            "on the device: CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY=y".to_owned()
        }
        Mend::FullList => {
            "on the device: the full list, CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEFAULT_FULL=y"
                .to_owned()
        }
        Mend::DeprecatedList => {
            "on the device: CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEPRECATED_LIST=y".to_owned()
        }
        Mend::AddRoot(root) => format!(
            "on the device: add the root {} to its bundle",
            name_of(root)
        ),
        Mend::DropAndAdd { positions, root } => format!(
            "on both: the server drops {}, and the device has the root {} in its bundle",
            words::certificates(positions),
            name_of(root)
        ),
        Mend::Release(release) => format!("on the device: ESP-IDF {release} or later"),
    }
}

/// What is not here cannot be tried, but is missing all the same: an intermediate on the server, or a root on the device.
/// Not where the bundle has an issuer of that name, and it is the wrong one.
fn untried(refusal: &Refusal, chain: &Chain) -> Vec<String> {
    let of_bundle = matches!(
        refusal,
        Refusal::AnchorKey { .. }
            | Refusal::AnchorShadowed { .. }
            | Refusal::Bundle { .. }
            | Refusal::BundleCut { .. }
            | Refusal::BundleUnsorted { .. }
            | Refusal::WrongAnchor { .. }
    );
    let best = chain.best().filter(|best| best.end == End::Missing);
    let (false, Some(below)) = (of_bundle, best.and_then(|best| best.over.last())) else {
        return Vec::new();
    };
    let issuer = chain.certificate(*below).map(words::short_issuer);
    let issuer = issuer.unwrap_or_default();
    vec![
        format!(
            "on the server: send `{issuer}`, the issuer of certificate {below}, if it is an intermediate; and then see"
        ),
        format!("on the device: add `{issuer}` to its bundle, if it is a root; try it by --roots"),
    ]
}

/// A name that the server's own certificate is for, where no host is asked for: then names decide nothing.
fn any_name(chain: &Chain) -> String {
    let own = chain.certificate(0);
    let first = own.and_then(|own: &Certificate| {
        let names = own
            .dns_names()
            .iter()
            .map(|name| match name.strip_prefix("*.") {
                Some(rest) => format!("any.{rest}"),
                None => name.clone(),
            });
        let addresses = own.ip_addresses().iter().map(ToString::to_string);
        names
            .chain(addresses)
            .next()
            .or_else(|| own.common_name().map(str::to_owned))
    });
    first.unwrap_or_default()
}
