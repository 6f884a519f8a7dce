use super::*;

const MEMBERS: usize = 7;

/// Small numbers that look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Looks at every set there is.
fn by_force(demands: &[&Vec<Vec<usize>>], clashes: &[(usize, usize)]) -> Option<Vec<usize>> {
    let sets = (0..1_usize << MEMBERS).map(|bits| -> Vec<usize> {
        (0..MEMBERS)
            .filter(|member| bits >> member & 1 == 1)
            .collect()
    });
    sets.filter(|set| {
        let meets = |demand: &&Vec<Vec<usize>>| {
            let within = |option: &Vec<usize>| option.iter().all(|member| set.contains(member));
            demand.iter().any(within)
        };
        let clash = |&(a, b): &(usize, usize)| set.contains(&a) && set.contains(&b);
        demands.iter().all(meets) && !clashes.iter().any(clash)
    })
    .min_by_key(|set| (set.len(), set.clone()))
}

#[test]
fn the_choice_is_the_smallest_that_there_is() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let (mut solved, mut unsolved) = (0, 0);
    for case in 0..4000 {
        let demands: Vec<Vec<Vec<usize>>> = (0..numbers.below(7))
            .map(|_| {
                let size = if numbers.below(4) == 0 { 2 } else { 1 };
                let option = |numbers: &mut Numbers| -> Vec<usize> {
                    let set: BTreeSet<usize> = (0..size).map(|_| numbers.below(MEMBERS)).collect();
                    set.into_iter().collect()
                };
                (0..=numbers.below(3))
                    .map(|_| option(&mut numbers))
                    .collect()
            })
            .collect();
        let clashes: Vec<(usize, usize)> = (0..numbers.below(4))
            .map(|_| (numbers.below(MEMBERS), numbers.below(MEMBERS)))
            .filter(|(a, b)| a != b)
            .collect();
        let clash = |a: usize, b: usize| clashes.contains(&(a, b)) || clashes.contains(&(b, a));
        let lists: Vec<&Vec<Vec<usize>>> = demands.iter().collect();
        let found = smallest(&lists, &clash, usize::MAX);
        let expected = by_force(&lists, &clashes);
        assert_eq!(
            found.as_ref().map(|cover| &cover.members),
            expected.as_ref(),
            "case {case}: {demands:?} {clashes:?}"
        );
        assert!(found.is_none_or(|cover| cover.proved));
        *(if expected.is_some() {
            &mut solved
        } else {
            &mut unsolved
        }) += 1;
    }
    assert!(solved > 2000 && unsolved > 20, "{solved} {unsolved}");
}

#[test]
fn a_search_that_is_given_up_says_so() {
    // Twelve pairs in a ring: nothing can be left out beforehand, since each clashes with one that nobody asks for.
    let demands: Vec<Vec<Vec<usize>>> = (0..24)
        .map(|n| vec![vec![n], vec![(n + 7) % 24], vec![(n + 11) % 24]])
        .collect();
    let lists: Vec<&Vec<Vec<usize>>> = demands.iter().collect();
    let clash = |a: usize, b: usize| a != b && a + b == 23 && a.min(b) == 0;
    let whole = smallest(&lists, &clash, usize::MAX).unwrap();
    assert!(whole.proved);
    let given_up = smallest(&lists, &clash, 30).unwrap();
    assert!(!given_up.proved);
    assert!(given_up.members.len() >= whole.members.len());
    assert_eq!(smallest(&lists, &clash, 1), None);
}

#[test]
fn many_equal_demands_need_no_search() {
    let demands: Vec<Vec<Vec<usize>>> = (0..300)
        .map(|n| vec![vec![2 * (n % 100)], vec![2 * (n % 100) + 1]])
        .collect();
    let lists: Vec<&Vec<Vec<usize>>> = demands.iter().collect();
    let cover = smallest(&lists, &|_, _| false, 200).unwrap();
    assert!(cover.proved);
    assert_eq!(cover.members, (0..100).map(|n| 2 * n).collect::<Vec<_>>());
}
