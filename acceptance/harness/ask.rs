//! One HTTP request by curl, its answer taken apart.

use std::{path::Path, process::Command, thread::sleep, time::Duration};

use serde_json::Value;

use super::{House, curl, run};

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

/// How a device is refused that may not come: the alert in its handshake, in openssl's words, and the code that the server keeps.
pub(crate) type Bar = (&'static str, &'static str);

/// As one that is revoked.
pub(crate) const REVOKED: Bar = ("alert certificate revoked", "device-revoked");

/// As one that is suspended.
pub(crate) const SUSPENDED: Bar = ("alert access denied", "device-suspended");

/// Demands that the device of `folder` is refused in the handshake, by TLS 1.2 and by 1.3, and that the server keeps why.
pub(crate) fn barred(house: &House, folder: &str, url: &str, (alert, code): Bar) {
    for version in [&["--tls-max", "1.2"][..], &["--tlsv1.3"]] {
        let before = times_refused(house, code);
        let answer = ask(&house.path(folder), &[version, &[url]].concat());
        let told = answer.unwrap_err();
        assert!(told.contains(alert), "{version:?} {url}: {told}");
        let kept = wait_until(|| times_refused(house, code) > before);
        assert!(kept, "{version:?} {url}: no `{code}`");
        let newest = &house.operator("/v1/refusals")[0];
        assert_eq!(newest["reason"], code, "{newest}");
    }
}

/// How often somebody was refused with a code since the server's start.
pub(crate) fn times_refused(house: &House, code: &str) -> u64 {
    let told = house.operator("/v1/server");
    told["refused"][code].as_u64().unwrap_or(0)
}

/// Waits for what follows within a moment.
pub(crate) fn wait_until(mut is_so: impl FnMut() -> bool) -> bool {
    (0..200).any(|_| {
        let so = is_so();
        if !so {
            sleep(Duration::from_millis(50));
        }
        so
    })
}
