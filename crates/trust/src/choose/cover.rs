//! The smallest set that meets every demand.

use std::collections::BTreeSet;

/// A set, and whether it is proved to be the smallest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Cover {
    /// Ascending.
    pub(super) members: Vec<usize>,
    pub(super) proved: bool,
}

/// Finds the smallest set that holds, for each demand, all of one of its options, and no two that clash; of several, the
/// first by its members in ascending order.
///
/// Nothing where there is none, or where none was found within `limit` steps.
pub(super) fn smallest(
    demands: &[&Vec<Vec<usize>>],
    clash: &dyn Fn(usize, usize) -> bool,
    limit: usize,
) -> Option<Cover> {
    let mut search = Search {
        demands: reduced(demands, clash),
        clash,
        best: None,
        steps: 0,
        limit,
    };
    search.go(&mut BTreeSet::new());
    let proved = search.steps < limit;
    search.best.map(|members| Cover { members, proved })
}

/// Leaves out what cannot change the answer, so that the usual case needs no search at all.
fn reduced(
    demands: &[&Vec<Vec<usize>>],
    clash: &dyn Fn(usize, usize) -> bool,
) -> Vec<Vec<Vec<usize>>> {
    let mut demands: Vec<Vec<Vec<usize>>> = demands.iter().map(|&demand| demand.clone()).collect();
    loop {
        demands.sort();
        demands.dedup();
        let all: BTreeSet<usize> = demands.iter().flatten().flatten().copied().collect();
        let alone = |member: usize| {
            let mut options = demands.iter().flatten();
            options.all(|option| option.len() == 1 || !option.contains(&member))
        };
        let serves = |member: usize, demand: &Vec<Vec<usize>>| demand.contains(&vec![member]);
        // A member is useless beside an earlier one that serves all that it serves. The earlier one must be free to take
        // its place, so it may clash with nothing.
        let useless = all.iter().copied().find(|&late| {
            let mut earlier = all.iter().copied().take_while(|&early| early < late);
            alone(late)
                && earlier.any(|early| {
                    alone(early)
                        && !all.iter().any(|&other| clash(early, other))
                        && demands
                            .iter()
                            .all(|demand| !serves(late, demand) || serves(early, demand))
                })
        });
        let Some(useless) = useless else {
            return demands;
        };
        for demand in &mut demands {
            demand.retain(|option| !option.contains(&useless));
        }
    }
}

struct Search<'c> {
    demands: Vec<Vec<Vec<usize>>>,
    clash: &'c dyn Fn(usize, usize) -> bool,
    best: Option<Vec<usize>>,
    steps: usize,
    limit: usize,
}

impl Search<'_> {
    /// Takes up the open demand with the fewest ways out, and tries each of them.
    fn go(&mut self, chosen: &mut BTreeSet<usize>) {
        if self.steps >= self.limit {
            return;
        }
        self.steps += 1;
        let open = |demand: &&Vec<Vec<usize>>| {
            !demand
                .iter()
                .any(|option| option.iter().all(|member| chosen.contains(member)))
        };
        let hardest = self
            .demands
            .iter()
            .filter(open)
            .min_by_key(|demand| demand.len());
        let Some(demand) = hardest.cloned() else {
            let found: Vec<usize> = chosen.iter().copied().collect();
            let better = |best: &Vec<usize>| (found.len(), &found) < (best.len(), best);
            if self.best.as_ref().is_none_or(better) {
                self.best = Some(found);
            }
            return;
        };
        for option in demand {
            let new: Vec<usize> = option
                .into_iter()
                .filter(|member| !chosen.contains(member))
                .collect();
            let clashes = |&a: &usize| {
                let mut others = chosen.iter().chain(&new);
                others.any(|&b| (self.clash)(a, b))
            };
            let too_many = self
                .best
                .as_ref()
                .is_some_and(|best| chosen.len() + new.len() > best.len());
            if too_many || new.iter().any(clashes) {
                continue;
            }
            chosen.extend(&new);
            self.go(chosen);
            for member in new {
                chosen.remove(&member);
            }
        }
    }
}

#[cfg(test)]
mod tests;
