//! What is committed under `fuzz/corpus/` passes, and stays small.

use std::collections::BTreeSet;

use countersign_fuzz_targets::TARGETS;

use super::{corpus, files, names, root, run};

#[test]
fn every_target_passes_its_corpus() {
    for (name, target) in TARGETS {
        for (file, bytes) in corpus(name) {
            run(name, *target, &file, &bytes).unwrap();
        }
    }
}

#[test]
fn every_target_passes_every_vector_of_the_crates() {
    let mut vectors = Vec::new();
    for folder in names(&root("crates"), |path| path.join("tests/data").is_dir()) {
        vectors.extend(files(&root("crates").join(folder).join("tests/data")));
    }
    assert!(vectors.len() > 20, "{}", vectors.len());
    for (name, target) in TARGETS {
        for (file, bytes) in &vectors {
            run(name, *target, file, bytes).unwrap();
        }
    }
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "two targets have one name");
    let folders = names(&root("fuzz/corpus"), |_| true);
    assert_eq!(folders, targets);
    for name in &targets {
        assert!(!corpus(name).is_empty(), "{name} has no input");
    }
}

#[test]
fn corpora_stay_small() {
    let mut whole = 0;
    for (name, _) in TARGETS {
        let files = corpus(name);
        let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(files.len() <= MOST_FILES, "{name}: {} files", files.len());
        assert!(bytes <= MOST_BYTES, "{name}: {bytes} bytes");
        whole += bytes;
    }
    assert!(whole <= MOST_IN_ALL, "{whole} bytes in all");
}

/// Every clone carries the corpora, and every run of the tests reads them.
const MOST_FILES: usize = 40;
const MOST_BYTES: usize = 60 * 1024;
const MOST_IN_ALL: usize = 800 * 1024;
