//! A device that speaks HTTP through `tls-pipe`.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::harness::{DEVICE, House, skip};

/// A library, built in one way.
pub(super) struct Build {
    /// The environment variable that names its program.
    pub(super) variable: &'static str,
    /// The release of ESP-IDF whose format the bundle has.
    pub(super) idf: &'static str,
    /// How the library calls itself.
    pub(super) library: &'static str,
    /// The largest record that it receives.
    pub(super) in_content_len: u64,
}

impl Build {
    /// Its program; where there is none, the test says so, and is counted as skipped.
    pub(super) fn program(&self, test: &str) -> Option<PathBuf> {
        let program = std::env::var_os(self.variable).map(PathBuf::from);
        let program = program.filter(|program| program.is_file());
        if program.is_none() {
            let what = format!("{} as {}", self.library, self.variable);
            skip(test, &what, "cargo xtask test --only tools,mbedtls");
        }
        program
    }
}

/// A device with its files.
#[derive(Clone)]
pub(super) struct Device {
    program: PathBuf,
    folder: PathBuf,
    bundle: PathBuf,
    name: &'static str,
}

/// What the handshake came to.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) tls: String,
    pub(super) suite: String,
    pub(super) library: String,
    pub(super) in_content_len: u64,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) agreed: Agreed,
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    head: String,
}

/// Why there was none.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: i32,
    pub(super) error: String,
    pub(super) code: String,
    pub(super) detail: String,
}

impl Device {
    /// Enrolls a device of a release of ESP-IDF.
    pub(super) fn enroll(house: &House, build: &Build, program: PathBuf) -> Self {
        let folder = house.path("device");
        let out = house.text("device");
        house.ok(&[
            "device", "enroll", DEVICE, "--idf", build.idf, "--out", &out,
        ]);
        Self {
            program,
            bundle: folder.join("x509_crt_bundle"),
            folder,
            name: "localhost",
        }
    }

    /// The same, but its server has another name.
    pub(super) fn calling(&self, name: &'static str) -> Self {
        Self {
            name,
            ..self.clone()
        }
    }

    /// The same, but it trusts whom the other trusts.
    pub(super) fn believing(&self, other: &Self) -> Self {
        Self {
            bundle: other.bundle.clone(),
            ..self.clone()
        }
    }

    /// Makes a connection, and one request on it.
    pub(super) fn get(&self, url: &str, options: &[&str]) -> Result<Answer, Failure> {
        let (host, path) = url
            .strip_prefix("https://")
            .and_then(|rest| rest.split_once('/'))
            .unwrap();
        let port = host.rsplit_once(':').unwrap().1;
        let mut child = Command::new(&self.program)
            .args(["--connect", &format!("127.0.0.1:{port}")])
            .args(["--name", self.name, "--bundle"])
            .arg(&self.bundle)
            .arg("--cert")
            .arg(self.folder.join("device.pem"))
            .arg("--key")
            .arg(self.folder.join("device.key"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // As `esp_http_client` asks, but that we say when it is over.
        let request = format!(
            "GET /{path} HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        );
        // Without a handshake nobody reads it.
        let _ = child.stdin.take().unwrap().write_all(request.as_bytes());
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        let lines: Vec<Value> = words
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{words}")))
            .collect();
        let line = lines.last().unwrap_or_else(|| panic!("nothing was said"));
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        if !output.status.success() {
            return Err(Failure {
                exit: output.status.code().unwrap_or_default(),
                error: text("error"),
                code: text("code"),
                detail: text("detail"),
            });
        }
        let agreed = Agreed {
            tls: text("tls"),
            suite: text("suite"),
            library: text("library"),
            in_content_len: line["in_content_len"].as_u64().unwrap(),
        };
        Ok(Answer::read(agreed, &output.stdout))
    }
}

impl Answer {
    fn read(agreed: Agreed, bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = bytes.split_at(end.unwrap() + 4);
        let head = String::from_utf8(head.to_vec()).unwrap();
        Self {
            agreed,
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: body.to_vec(),
            head,
        }
    }

    /// Where it redirects to.
    pub(super) fn location(&self) -> String {
        let mut lines = self.head.lines();
        lines
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .starts_with("location: ")
                    .then(|| line[10..].to_owned())
            })
            .unwrap()
    }
}
