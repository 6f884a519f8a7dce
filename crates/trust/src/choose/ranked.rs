//! Candidates by their rank, and what follows from a choice among them.

use std::collections::BTreeMap;

use countersign_x509::Certificate;

use super::{Choice, Chosen, Host, Unchosen, Wanted, Why, cover};
use crate::bundle::is_same_entry;

/// Candidates in the order of their rank, one for each name and key.
pub(super) struct Ranked<'a> {
    pub(super) certificates: Vec<&'a Certificate>,
    given: &'a [Certificate],
}

impl<'a> Ranked<'a> {
    pub(super) fn new(wanted: &Wanted<'a>) -> Self {
        let mut places: Vec<usize> = (0..wanted.candidates.len()).collect();
        places.sort_by_cached_key(|&place| {
            let candidate = &wanted.candidates[place];
            (
                !candidate.preferred,
                u64::MAX - candidate.certificate.not_after(),
                candidate.certificate.fingerprint(),
            )
        });
        let mut ranked = Self {
            certificates: Vec::new(),
            given: wanted.given,
        };
        for place in places {
            let certificate = &wanted.candidates[place].certificate;
            let mut known = ranked.certificates.iter().copied().chain(ranked.given);
            if !known.any(|known| is_same_entry(known, certificate)) {
                ranked.certificates.push(certificate);
            }
        }
        ranked
    }

    /// Those that bear the name of an issuer in the chain.
    pub(super) fn relevant(&self, chain: &[&[u8]]) -> Vec<usize> {
        let sent: Vec<Certificate> = chain
            .iter()
            .filter_map(|der| Certificate::from_der(der).ok())
            .collect();
        let named = |&rank: &usize| {
            let certificate = self.certificates[rank];
            // Beside a given one of its name, which of both a device tries would depend on all others in the bundle.
            let free = |given: &Certificate| given.subject() != certificate.subject();
            let issued = |sent: &Certificate| sent.issuer() == certificate.subject();
            sent.iter().any(issued) && self.given.iter().all(free)
        };
        (0..self.certificates.len())
            .filter(named)
            .take(MAX_RELEVANT)
            .collect()
    }

    pub(super) fn clash(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.certificates[a], self.certificates[b]);
        a.subject() == b.subject() && a.public_key() != b.public_key()
    }

    pub(super) fn explain_clash(
        &self,
        hosts: &[Host],
        demands: &BTreeMap<Vec<Vec<usize>>, usize>,
    ) -> Unchosen {
        let label = |host: usize| hosts[host].label.clone();
        let forced = demands.iter().flat_map(|(options, &host)| {
            let all = options.iter().flatten();
            all.map(move |&rank| (rank, host))
        });
        let forced: Vec<(usize, usize)> = forced.collect();
        for (at, &(a, first)) in forced.iter().enumerate() {
            for &(b, second) in &forced[at..] {
                if self.clash(a, b) {
                    return Unchosen::Clash {
                        subject: self.certificates[a].subject_text().to_owned(),
                        first: label(first),
                        second: label(second),
                    };
                }
            }
        }
        Unchosen::TooHard
    }

    /// Puts the given ones before the chosen ones, and adds what the policy asks for.
    pub(super) fn complete(&self, wanted: &Wanted<'_>, cover: &cover::Cover) -> Choice {
        let given = wanted.given.iter().map(|certificate| Chosen {
            certificate: certificate.clone(),
            why: Why::Given,
        });
        let chosen = |&rank: &usize| Chosen {
            certificate: self.certificates[rank].clone(),
            why: Why::Needed,
        };
        let mut choice = Choice {
            roots: given.chain(cover.members.iter().map(chosen)).collect(),
            left_out: Vec::new(),
            smallest: cover.proved,
        };
        if wanted.policy.parents {
            for rank in self.parents(wanted.hosts) {
                choice.add(self.certificates[rank], Why::Parent);
            }
        }
        if wanted.policy.successors {
            for rank in self.successors(wanted, &choice) {
                choice.add(self.certificates[rank], Why::Successor);
            }
        }
        choice
    }

    fn parents(&self, hosts: &[Host]) -> Vec<usize> {
        let mut parents = Vec::new();
        for chain in hosts.iter().flat_map(|host| &host.chains) {
            let sent: Vec<Certificate> = chain
                .iter()
                .filter_map(|der| Certificate::from_der(der).ok())
                .collect();
            for (rank, &certificate) in self.certificates.iter().enumerate() {
                let vouches = |sent: &Certificate| sent.is_issued_by(certificate);
                if sent.iter().any(vouches) && !parents.contains(&rank) {
                    parents.push(rank);
                }
            }
        }
        parents.sort_unstable();
        parents
    }

    /// The successors of what is in, and theirs in turn.
    fn successors(&self, wanted: &Wanted<'_>, choice: &Choice) -> Vec<usize> {
        let entry = |place: usize| &wanted.candidates[place].certificate;
        let mut known: Vec<&Certificate> =
            choice.roots.iter().map(|root| &root.certificate).collect();
        let mut next = 0;
        while let Some(&old) = known.get(next) {
            next += 1;
            for &(from, to) in wanted.successors {
                let new = entry(to);
                if is_same_entry(entry(from), old)
                    && !known.iter().any(|known| is_same_entry(known, new))
                {
                    known.push(new);
                }
            }
        }
        let behind = &known[choice.roots.len()..];
        let is_one = |rank: &usize| {
            let certificate = self.certificates[*rank];
            behind.iter().any(|new| is_same_entry(new, certificate))
        };
        (0..self.certificates.len()).filter(is_one).collect()
    }
}

/// How many candidates are tried for one chain; stops a chain of thousands of certificates.
const MAX_RELEVANT: usize = 24;
