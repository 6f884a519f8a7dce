//! The search for paths: depth first, every signature checked, ended by a bound.

use std::collections::{HashMap, hash_map::Entry};

use countersign_x509::{Certificate, Error};

use super::{End, MAX_PATHS, Path, Roots, Sent};
use crate::bundle::is_same_entry;

/// All paths from the first certificate, the best first, and whether the search was cut.
pub(super) fn paths(sent: &[Sent], roots: Roots<'_>) -> (Vec<Path>, bool) {
    let search = searched(sent, roots);
    let cut = search.is_over();
    let mut paths = search.paths;
    paths.sort_by_key(|path| (rank(&path.end), path.over.len()));
    paths.truncate(MAX_PATHS);
    (paths, cut)
}

fn searched<'a>(sent: &'a [Sent], roots: Roots<'a>) -> Search<'a> {
    let mut search = Search {
        sent,
        roots,
        paths: Vec::new(),
        checked: HashMap::new(),
        steps: 0,
    };
    if let Some(Ok(own)) = sent.first().map(|first| &first.certificate) {
        search.climb(&mut vec![0], own);
    }
    search
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
    /// What came of the signatures that were checked, by certificate and issuer: in a thicket one meets them again and
    /// again.
    checked: HashMap<(Certificate, Certificate), bool>,
    /// How often a signature was asked for.
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
        match self.checked.entry((certificate.clone(), issuer.clone())) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => *new.insert(matches!(
                certificate.verify_signature_with(issuer.public_key()),
                Ok(()) | Err(Error::UnsupportedSignature { .. })
            )),
        }
    }

    const fn is_over(&self) -> bool {
        self.paths.len() >= MAX_PATHS || self.steps >= MAX_STEPS
    }
}

/// How often a signature is asked for at most: some hundredths of a second.
const MAX_STEPS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::{Chain, MAX_SENT},
        mint::Ca,
    };

    #[test]
    fn two_hundred_certificates_that_vouch_for_each_other_cost_a_bounded_number_of_checks() {
        let cas: Vec<Ca> = (0..15).map(|n| Ca::root(&format!("ca {n}"))).collect();
        // Those of the first few CAs come first: what is looked at is as dense as can be.
        let mut all = vec![cas[0].leaf(&["a.test"])];
        for (n, ca) in cas.iter().enumerate() {
            let below = cas.iter().take(n);
            all.extend(below.flat_map(|other| [ca.under(other), other.under(ca)]));
        }
        assert!(all.len() > 200);
        let last = [cas[5].certificate.clone()];
        for trusted in [&[][..], &last] {
            let roots = Roots {
                trusted,
                known: &[],
            };
            let chain = Chain::new(&all, roots);
            assert!(chain.cut && chain.paths.len() == MAX_PATHS);
            assert_eq!(
                (chain.sent.len(), chain.left_off),
                (MAX_SENT, all.len() - MAX_SENT)
            );
            let found = chain.best().is_some_and(|best| rank(&best.end) == 0);
            assert_eq!(found, !trusted.is_empty());

            let search = searched(&chain.sent, roots);
            let after_the_end = MAX_SENT * (MAX_SENT + trusted.len());
            assert!(search.steps < MAX_STEPS + after_the_end, "{}", search.steps);
            assert!(search.checked.len() < 200, "{}", search.checked.len());
        }
    }

    #[test]
    fn many_roots_of_one_name_and_key_make_no_more_paths_than_are_kept() {
        let (old, new) = (Ca::root("old"), Ca::root("new"));
        // One name and key, as often certified.
        let trusted: Vec<Certificate> = (0..2 * MAX_PATHS)
            .map(|_| Certificate::from_der(&new.under(&old)).unwrap())
            .collect();
        let roots = Roots {
            trusted: &trusted,
            known: &[],
        };
        let chain = Chain::new(&[new.leaf(&["a.test"])], roots);
        assert!(chain.cut && chain.paths.len() == MAX_PATHS);
    }
}
