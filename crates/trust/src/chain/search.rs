//! The search for paths: depth first, every signature checked, ended by a bound.

use countersign_x509::{Certificate, Error};

use super::{End, MAX_PATHS, Path, Roots, Sent};
use crate::bundle::is_same_entry;

/// All paths from the first certificate, the best first, and whether the search was cut.
pub(super) fn paths(sent: &[Sent], roots: Roots<'_>) -> (Vec<Path>, bool) {
    let mut search = Search {
        sent,
        roots,
        paths: Vec::new(),
        steps: 0,
    };
    if let Some(Ok(own)) = sent.first().map(|first| &first.certificate) {
        search.climb(&mut vec![0], own);
    }
    let cut = search.is_over();
    let mut paths = search.paths;
    paths.sort_by_key(|path| (rank(&path.end), path.over.len()));
    (paths, cut)
}

const fn rank(end: &End) -> u8 {
    match end {
        End::Root { trusted: true, .. } => 0,
        End::Root { .. } => 1,
        End::SelfSigned => 2,
        End::Missing => 3,
        End::OtherKey => 4,
        End::Loop => 5,
    }
}

struct Search<'a> {
    sent: &'a [Sent],
    roots: Roots<'a>,
    paths: Vec<Path>,
    steps: usize,
}

impl Search<'_> {
    /// Follows every issuer of `top`, which stands at the end of `over`.
    fn climb(&mut self, over: &mut Vec<usize>, top: &Certificate) {
        if self.is_over() {
            return;
        }
        if let Some(end) = self.as_root(top) {
            return self.paths.push(Path {
                over: over.clone(),
                end,
            });
        }
        let mut found = false;
        let mut other_key = false;
        for (roots, trusted) in [(self.roots.trusted, true), (self.roots.known, false)] {
            for root in roots.iter().filter(|root| root.subject() == top.issuer()) {
                if !self.signed(top, root) {
                    other_key = true;
                    continue;
                }
                found = true;
                let end = End::Root {
                    root: root.clone(),
                    trusted,
                };
                self.paths.push(Path {
                    over: over.clone(),
                    end,
                });
            }
        }
        let mut came_back = false;
        for (position, sent) in self.sent.iter().enumerate() {
            let Ok(issuer) = &sent.certificate else {
                continue;
            };
            // What is a root was followed above; what was sent twice is followed once.
            if issuer.subject() != top.issuer()
                || self.as_root(issuer).is_some()
                || self
                    .sent
                    .iter()
                    .take(position)
                    .any(|other| other.der == sent.der)
            {
                continue;
            }
            if self.leads_back(over, issuer) {
                came_back = true;
                continue;
            }
            if !self.signed(top, issuer) {
                other_key = true;
                continue;
            }
            found = true;
            over.push(position);
            self.climb(over, issuer);
            over.pop();
        }
        if found {
            return;
        }
        let end = if top.is_self_issued() && self.signed(top, top) {
            End::SelfSigned
        } else if came_back {
            End::Loop
        } else if other_key {
            End::OtherKey
        } else {
            End::Missing
        };
        self.paths.push(Path {
            over: over.clone(),
            end,
        });
    }

    fn as_root(&self, certificate: &Certificate) -> Option<End> {
        let among = |roots: &[Certificate]| roots.contains(certificate);
        let trusted = among(self.roots.trusted);
        (trusted || among(self.roots.known)).then(|| End::Root {
            root: certificate.clone(),
            trusted,
        })
    }

    /// Whether the path already leads over this name and key, in whatever certificate.
    fn leads_back(&self, over: &[usize], issuer: &Certificate) -> bool {
        let passed = over
            .iter()
            .filter_map(|&at| self.sent.get(at)?.certificate.as_ref().ok());
        passed
            .into_iter()
            .any(|passed| is_same_entry(passed, issuer))
    }

    /// A signature that cannot be checked here, as with SHA-1, is taken for one, so that the path can be shown; it is
    /// found again as a fault.
    fn signed(&mut self, certificate: &Certificate, issuer: &Certificate) -> bool {
        self.steps = self.steps.saturating_add(1);
        matches!(
            certificate.verify_signature_with(issuer.public_key()),
            Ok(()) | Err(Error::UnsupportedSignature { .. })
        )
    }

    const fn is_over(&self) -> bool {
        self.paths.len() >= MAX_PATHS || self.steps >= MAX_STEPS
    }
}

/// How many signatures are checked at most: some tenths of a second.
const MAX_STEPS: usize = 1000;
