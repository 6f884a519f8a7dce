//! Tests that cannot run, because a program is missing: they say so and are counted, since something that is never run is
//! not tested.

use std::{env, fs::OpenOptions, io::Write as _};

/// Says on stderr that `test` could not run since `program` is missing, and appends the line to the file that
/// `COUNTERSIGN_SKIP_FILE` names, if it names one. There `cargo xtask test` counts it; to its runner the test has passed.
///
/// # Panics
/// Where the line cannot be appended: the skip would go uncounted.
#[expect(
    clippy::print_stderr,
    clippy::expect_used,
    reason = "only tests call this, and must not pass in silence"
)]
pub fn skip(test: &str, program: &str, install: &str) {
    let line = format!("SKIPPED: {test}: needs {program}; install it with: {install}\n");
    eprint!("{line}");
    if let Some(file) = env::var_os("COUNTERSIGN_SKIP_FILE") {
        let file = OpenOptions::new().append(true).create(true).open(file);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("COUNTERSIGN_SKIP_FILE names a file that can be written");
    }
}
