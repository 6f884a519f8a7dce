//! New inputs in every gate, without a fuzzer: not many, and always the same.

use countersign_fuzz_targets::TARGETS;

use super::{corpus, mutator::Mutator, run};

/// Tries one part of the targets, so that the parts run side by side.
fn try_every(nth: usize) {
    for (name, target) in TARGETS.iter().skip(nth).step_by(PARTS) {
        let corpus = corpus(name);
        let mut mutator = Mutator::new(&corpus);
        for round in 0..ROUNDS {
            let bytes = mutator.next();
            run(name, *target, &format!("mutation {round}"), &bytes).unwrap();
        }
    }
}

#[test]
fn no_target_panics_on_damaged_inputs_first_part() {
    try_every(0);
}

#[test]
fn no_target_panics_on_damaged_inputs_second_part() {
    try_every(1);
}

const PARTS: usize = 2;
const ROUNDS: usize = 2000;
