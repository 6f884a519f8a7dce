//! What several tests share.

use std::io::Write as _;

/// Says loudly that a test could not run, and has it counted.
#[expect(clippy::print_stderr, reason = "a skip is said loudly")]
pub(crate) fn skip(test: &str, program: &str, install: &str) {
    let line = format!("SKIPPED: {test}: needs {program}; install it with: {install}\n");
    eprint!("{line}");
    if let Some(file) = std::env::var_os("COUNTERSIGN_SKIP_FILE") {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}
