//! On what the figures were made.

use std::{fs, thread};

use serde_json::{Value, json};

/// The machine and the libraries.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) cpu: String,
    pub(crate) rustls: String,
    pub(crate) aws_lc_rs: String,
}

impl Machine {
    pub(crate) fn look() -> Self {
        Self {
            cores: thread::available_parallelism().map_or(0, usize::from),
            cpu: cpu().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            rustls: locked("rustls"),
            aws_lc_rs: locked("aws-lc-rs"),
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "cores": self.cores,
            "cpu": self.cpu,
            "rustls": self.rustls,
            "aws_lc_rs": self.aws_lc_rs,
        })
    }
}

/// The CPU's name, where the system tells it: Linux on x86 does.
fn cpu() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The version of a package that we were built with: no library says its own.
fn locked(package: &str) -> String {
    let mut lines = include_str!("../../Cargo.lock").lines();
    let name = format!("name = \"{package}\"");
    let version = lines
        .find(|line| *line == name)
        .and_then(|_| lines.next()?.strip_prefix("version = "));
    version.unwrap_or("unknown").trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_names_the_libraries() {
        assert!(locked("rustls").starts_with("0.23."));
        assert!(locked("aws-lc-rs").starts_with("1."));
        assert_eq!(locked("no-such-package"), "unknown");
    }
}
