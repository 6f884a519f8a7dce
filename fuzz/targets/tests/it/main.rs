//! Every target on stable Rust: with its corpus, with the crates' vectors, and with damaged copies of both.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

mod corpus;
mod mutations;
mod mutator;
mod places;

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use countersign_fuzz_targets::Target;

/// A folder of the workspace.
fn root(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder)
}

/// The names in a folder, of those that `take` takes.
fn names(folder: &Path, take: impl Fn(&Path) -> bool) -> BTreeSet<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.filter(|path| take(path)).map(name).collect()
}

/// The files of a folder with their names, in the order of those.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| (name.clone(), fs::read(folder.join(name)).unwrap());
    names(folder, Path::is_file).into_iter().map(read).collect()
}

/// The corpus of a target.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    files(&root("fuzz/corpus").join(target))
}

/// Runs a target; where it panics, says what on. The panic itself is in the test's output.
fn run(name: &str, target: Target, what: &str, bytes: &[u8]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| target(bytes))).map_err(|_| {
        let shown = &bytes[..bytes.len().min(400)];
        format!(
            "{name} panics on {what}, {} bytes: {shown:02x?}",
            bytes.len()
        )
    })
}
