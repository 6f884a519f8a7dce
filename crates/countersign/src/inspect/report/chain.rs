//! One chain: its certificates, its ways up, and whether it verifies.

use countersign_operations::text::hex;
use countersign_trust::{
    certificate_message_len,
    chain::{Chain, End, Fault, Path, Place, assess},
};
use countersign_x509::Certificate;
use serde::Serialize;

use super::{
    CertificateReport, DevicesReport, Judging,
    certificate::{days, place},
};
use crate::{
    inspect::{
        asked::Asked,
        known::{Known, about},
        words,
    },
    output::date,
};

/// A chain, and what is to be said of it.
#[derive(Debug, Serialize)]
pub(crate) struct ChainReport {
    /// Whether it is sound, and accepted wherever that was asked.
    pub(crate) verified: bool,
    /// How many bytes the certificate message has, which a device must take at once.
    pub(crate) size: usize,
    /// In the order sent.
    pub(crate) certificates: Vec<CertificateReport>,
    /// The ways up, the best first.
    pub(crate) paths: Vec<PathReport>,
    /// What is wrong with it for everybody.
    pub(crate) faults: Vec<String>,
    /// Those of them that decide.
    #[serde(skip)]
    pub(crate) counted: Vec<String>,
    /// What its owner might do better.
    pub(crate) notes: Vec<String>,
    /// What devices make of it.
    pub(crate) devices: DevicesReport,
    /// The roots that it stands on, for a file.
    #[serde(skip)]
    pub(crate) anchors: Vec<Certificate>,
}

/// One way up.
#[derive(Debug, Serialize)]
pub(crate) struct PathReport {
    /// The certificates, by their positions.
    pub(crate) over: Vec<usize>,
    /// `root`, `self-signed`, `missing`, `other key` or `loop`.
    pub(crate) end: &'static str,
    /// The root, or who is missing.
    pub(crate) name: String,
    /// The root's.
    pub(crate) root: Option<RootReport>,
}

/// A root.
#[derive(Debug, Serialize)]
pub(crate) struct RootReport {
    pub(crate) sha256: String,
    /// Whether it is among the roots that are trusted.
    pub(crate) trusted: bool,
    pub(crate) not_after: String,
    pub(crate) days_left: i64,
    /// The last day on which it may have issued what Mozilla trusts, where that is known.
    pub(crate) distrust_after: Option<String>,
    /// The releases of ESP-IDF whose full list has it.
    pub(crate) full: Option<String>,
    /// Those whose common list has it.
    pub(crate) common: Option<String>,
}

impl ChainReport {
    pub(super) fn new(
        sent: &[Vec<u8>],
        host: Option<&str>,
        known: &Known,
        asked: &Asked,
        judging: &Judging<'_>,
        showcerts: bool,
    ) -> Self {
        let now = asked.now.0;
        let chain = Chain::new(sent, known.roots());
        let faults = assess(&chain, host, now);
        let devices = DevicesReport::new(&chain, host, asked, judging);
        let paths = chain.paths.iter();
        let mut anchors: Vec<Certificate> = Vec::new();
        for path in paths.clone() {
            match &path.end {
                End::Root { root, .. } if !anchors.contains(root) => anchors.push(root.clone()),
                _ => {}
            }
        }
        let ders: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
        let size = certificate_message_len(&ders);
        let all: Vec<String> = faults.iter().map(said).collect();
        let mut counted = Vec::new();
        if judging.soundness {
            counted.clone_from(&all);
        }
        if size > LARGEST {
            counted.push(too_large(size));
        }
        Self {
            verified: counted.is_empty() && devices.verified,
            counted,
            size,
            certificates: chain
                .sent
                .iter()
                .enumerate()
                .map(|(position, sent)| {
                    CertificateReport::new(position, sent, host, now, showcerts)
                })
                .collect(),
            paths: paths
                .map(|path| PathReport::new(path, &chain, now))
                .collect(),
            notes: notes(&chain, &faults, size),
            faults: all,
            devices,
            anchors,
        }
    }
}

impl PathReport {
    fn new(path: &Path, chain: &Chain, now: u64) -> Self {
        let top = path.over.last().and_then(|&top| chain.certificate(top));
        let issuer = || top.map(words::short_issuer).unwrap_or_default();
        let (end, name) = match &path.end {
            End::Root { root, .. } => ("root", name_of(root)),
            End::SelfSigned => ("self-signed", issuer()),
            End::Missing => ("missing", issuer()),
            End::OtherKey => ("other key", issuer()),
            End::Loop => ("loop", issuer()),
        };
        let root = match &path.end {
            End::Root { root, trusted } => Some(RootReport::new(root, *trusted, now)),
            _ => None,
        };
        Self {
            over: path.over.clone(),
            end,
            name,
            root,
        }
    }
}

impl RootReport {
    fn new(root: &Certificate, trusted: bool, now: u64) -> Self {
        let known = about(root);
        Self {
            sha256: hex(&root.fingerprint()),
            trusted,
            not_after: date(root.not_after()),
            days_left: days(now, root.not_after()),
            distrust_after: known
                .and_then(countersign_roots::Root::distrust_after)
                .map(date),
            full: known.map(|known| known.in_full().to_string()),
            common: known.map(|known| known.in_common().to_string()),
        }
    }
}

/// What people call a root.
pub(crate) fn name_of(root: &Certificate) -> String {
    about(root).map_or_else(
        || words::short_subject(root),
        |known| known.name().to_owned(),
    )
}

/// A fault in a sentence, with the day where it is about one.
fn said(fault: &Fault) -> String {
    match fault {
        Fault::Ended { at, .. } => format!("{fault}, on {}", date(*at)),
        Fault::NotYet { from, .. } => format!("{fault}, but on {}", date(*from)),
        fault => fault.to_string(),
    }
}

fn notes(chain: &Chain, faults: &[Fault], size: usize) -> Vec<String> {
    let mut notes = Vec::new();
    for fault in faults {
        if let Fault::MissingIssuer { position, .. } = fault {
            let from = chain.certificate(*position);
            let urls = from.map(Certificate::ca_issuers).unwrap_or_default();
            let at = match urls.first() {
                Some(url) => format!(" (it is at {url})"),
                None => String::new(),
            };
            notes.push(format!(
                "the server should send the issuer of certificate {position}{at}, unless that is a root: a device fetches nothing by itself. A root of your own is named by --roots"
            ));
        }
    }
    if !chain.is_in_order() {
        notes.push(
            "the certificates are out of order: each should be sent behind the one that it issued"
                .to_owned(),
        );
    }
    for (position, sent) in chain.sent.iter().enumerate() {
        let why = match sent.place {
            Place::Own | Place::Needed => continue,
            Place::Surplus => {
                "is a root's cross-certificate, for clients that lack the root; some devices refuse the chain for it"
                    .to_owned()
            }
            Place::OtherWay => "leads to an older root only".to_owned(),
            Place::Root => {
                "is a root, which clients have or else do not believe".to_owned()
            }
            Place::Repeated { first } => format!("was sent before, as certificate {first}"),
            other => format!("is not part of the chain: {}", place(other)),
        };
        notes.push(format!(
            "certificate {position} is sent needlessly: it {why}"
        ));
    }
    if chain.left_off > 0 {
        notes.push(format!(
            "{} more certificates were sent and are not looked at",
            chain.left_off
        ));
    }
    if chain.cut {
        notes.push("there are more ways up than are shown".to_owned());
    }
    if size > LARGEST {
        notes.push(too_large(size));
    } else if size > SMALL {
        notes.push(format!(
            "the certificates take {size} bytes at once: too much for devices that are built with buffers of {SMALL} bytes"
        ));
    }
    notes
}

fn too_large(size: usize) -> String {
    format!("the certificates take {size} bytes at once; a device takes {LARGEST} at most")
}

/// `CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN`, as by default.
const LARGEST: usize = 16_384;
/// The same as people set it where memory is short.
const SMALL: usize = 4096;
