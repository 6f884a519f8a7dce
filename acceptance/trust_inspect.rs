//! `trust inspect`, `trust show`, `trust diff` and `trust verify`, on servers and files of every kind.

mod addresses;
mod bad_input;
mod bad_servers;
mod bundles;
mod logs;
mod servers;
mod shows;
mod verdicts;

use serde_json::Value;

use crate::harness::{House, run};

/// What the program said.
struct Said {
    verified: bool,
    stdout: String,
    stderr: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}{}", self.stdout, self.stderr);
        })
    }
}

/// Runs `trust` with these arguments. It may find against what it is shown, and must not panic.
fn trust(house: &House, args: &[&str]) -> Said {
    let mut all = vec!["trust"];
    all.extend(args);
    let output = run(&mut house.command(&all));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let said = Said {
        verified: output.status.success(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
    assert_eq!(
        output.status.code(),
        Some(i32::from(!said.verified)),
        "{args:?}: {}",
        said.stderr
    );
    assert_eq!(
        said.verified,
        !said.stderr.contains("error: "),
        "{args:?}: {}{}",
        said.stdout,
        said.stderr
    );
    said
}
