//! The roots that chains are held against.

use std::path::Path;

use anyhow::{Context, Result};
use countersign_roots::{DISTRUST_DATE, ESP_IDF_DATE, MOZILLA_DATE, MOZILLA_SOURCE, Root};
use countersign_trust::chain::Roots;
use countersign_x509::Certificate;

use super::bundle_file::BundleFile;
use crate::trust::pool::Pool;

/// Roots, and where they are from.
#[derive(Debug)]
pub(crate) struct Known {
    trusted: Vec<Certificate>,
    others: Vec<Certificate>,
    /// For people.
    pub(crate) source: String,
    /// The day that they are of, as seconds since 1970, where one is known.
    pub(crate) of: Option<u64>,
}

impl Known {
    /// The user's; without, the list kept in the state directory; without that, Mozilla's and those that some release of ESP-IDF ships.
    pub(crate) fn open(file: Option<&Path>, state: &Path) -> Result<Self> {
        let Some(path) = file else {
            return match Pool::kept(state)? {
                Some(pool) => Ok(Self::kept(&pool)),
                None => Ok(Self::built_in()),
            };
        };
        if Pool::is_report(path)? {
            let pool = Pool::open(file, state)?;
            let trusted: Vec<Certificate> = pool.certificates(true).cloned().collect();
            return Ok(Self {
                source: format!("{} of {}", counted(trusted.len()), path.display()),
                trusted,
                others: Vec::new(),
                of: None,
            });
        }
        let read = BundleFile::read(path)?;
        let trusted: Option<Vec<Certificate>> = read
            .entries
            .into_iter()
            .map(|entry| entry.certificate)
            .collect();
        let trusted = trusted.with_context(|| {
            format!(
                "{} holds names and keys alone, and no certificates; take PEM for --roots, and this for --bundle",
                path.display()
            )
        })?;
        Ok(Self {
            source: format!("{} of {}", counted(trusted.len()), path.display()),
            trusted,
            others: Vec::new(),
            of: None,
        })
    }

    /// The list that `trust roots update` took, and what older chains end in.
    fn kept(pool: &Pool) -> Self {
        let certificates = |current| pool.certificates(current).cloned().collect::<Vec<_>>();
        let trusted = certificates(true);
        Self {
            source: format!(
                "{}: {}; ESP-IDF's lists as of {ESP_IDF_DATE}",
                counted(trusted.len()),
                pool.source
            ),
            trusted,
            others: certificates(false),
            of: None,
        }
    }

    fn built_in() -> Self {
        let certificates = |mozilla: bool| {
            let all = countersign_roots::all().iter();
            all.filter(move |root| root.is_trusted_by_mozilla() == mozilla)
                .map(|root| root.certificate().clone())
                .collect::<Vec<_>>()
        };
        let trusted = certificates(true);
        Self {
            source: format!(
                "{} of Mozilla, {MOZILLA_DATE} ({MOZILLA_SOURCE}); ESP-IDF's lists as of {ESP_IDF_DATE}, dates of distrust up to {DISTRUST_DATE}",
                counted(trusted.len())
            ),
            trusted,
            others: certificates(false),
            of: Some(MOZILLA_DATE.unix_seconds()),
        }
    }

    /// The same for a search.
    pub(crate) fn roots(&self) -> Roots<'_> {
        Roots {
            trusted: &self.trusted,
            known: &self.others,
        }
    }

    /// The trusted ones.
    pub(crate) fn trusted(&self) -> &[Certificate] {
        &self.trusted
    }
}

/// What is known of a root beside its certificate.
pub(crate) fn about(root: &Certificate) -> Option<&'static Root> {
    countersign_roots::by_sha256(&root.fingerprint())
}

fn counted(roots: usize) -> String {
    match roots {
        1 => "1 root".to_owned(),
        several => format!("{several} roots"),
    }
}
