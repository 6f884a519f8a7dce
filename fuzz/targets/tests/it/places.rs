//! A target is written down in all the places where it must be.

use std::{collections::BTreeSet, fs};

use countersign_fuzz_targets::TARGETS;

use super::{names, root};

fn targets() -> BTreeSet<String> {
    TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect()
}

#[test]
fn every_target_has_a_libfuzzer_program_that_runs_it() {
    let programs = names(&root("fuzz/fuzz_targets"), |_| true);
    let of_targets = targets().iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(programs, of_targets);
    let manifest = fs::read_to_string(root("fuzz/Cargo.toml")).unwrap();
    for name in targets() {
        let program = root("fuzz/fuzz_targets").join(format!("{name}.rs"));
        let program = fs::read_to_string(program).unwrap();
        assert!(program.contains(&format!("countersign_fuzz_targets::{name}::run")));
        let bin = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&bin), "{name}");
    }
}

#[test]
fn the_readme_says_of_every_target_what_it_reads() {
    let readme = fs::read_to_string(root("fuzz/README.md")).unwrap();
    for name in targets() {
        let row = format!("| `{name}` | ");
        // In the list of targets, and in that of the last run.
        assert_eq!(readme.matches(&row).count(), 2, "{name}");
    }
}
