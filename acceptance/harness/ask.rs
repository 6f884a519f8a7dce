//! One HTTP request by curl, its answer taken apart.

use std::{path::Path, process::Command};

use serde_json::Value;

use super::{curl, run};

/// An answer's status, headers and body.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// Names in lower case, and values.
    headers: Vec<(String, String)>,
    /// What follows the head.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Where it redirects to.
    pub(crate) fn location(&self) -> String {
        self.header("location").unwrap().to_owned()
    }

    /// The stable code of an error.
    pub(crate) fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)));
        assert!(!body["message"].as_str().unwrap().is_empty());
        body["error"].as_str().unwrap().to_owned()
    }
}

/// Asks as the device of `folder`, and follows no redirect; `args` are curl's. Where there was no answer at all, gives
/// curl's words.
pub(crate) fn ask(folder: &Path, args: &[&str]) -> Result<Answer, String> {
    let mut command = Command::new("curl");
    command.args(curl(folder)).arg("--include").args(args);
    let output = run(&mut command);
    let told = output.stdout;
    let Some(end) = told.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    };
    let head = std::str::from_utf8(&told[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap();
    let pair = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    Ok(Answer {
        status: first.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: lines.map(pair).collect(),
        body: told[end + 4..].to_vec(),
    })
}
