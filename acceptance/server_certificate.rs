//! The servers' own certificate: replaced while devices come, judged by openssl, curl and stock clients.

mod files;
mod own;

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::harness::{House, Server, image, run};

const OPENSSL: &str = "apt-get install openssl";
const VERSIONS: [&str; 2] = ["-tls1_2", "-tls1_3"];

/// `openssl s_client` as the device of a folder, which trusts `root`.
fn s_client(server: &Server, device: &Path, root: &Path, version: &str, more: &[&str]) -> Command {
    let file = |name: &str| device.join(name).to_str().unwrap().to_owned();
    let mut openssl = Command::new("openssl");
    openssl
        .args(["s_client", "-connect", server.device_address(), version])
        .args(["-servername", "localhost", "-verify_return_error"])
        .args(["-verify_hostname", "localhost", "-CAfile"])
        .arg(root)
        .args(["-cert", &file("device.pem"), "-key", &file("device.key")])
        .args(["-cert_chain", &file("device.pem")])
        .args(more);
    openssl
}

/// All that it says of one connection with one request.
fn connect(mut openssl: Command) -> String {
    let mut child = openssl
        .arg("-ign_eof")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ask = b"GET /ota?v=1.1.0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    // A server that refuses us may have closed already.
    let _ = child.stdin.take().unwrap().write_all(ask);
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The serial number of the first certificate in what openssl says or a file holds, lower-case hexadecimal.
fn serial(house: &House, pem: &str) -> String {
    let path = house.path("serial.pem");
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----").unwrap();
    fs::write(&path, format!("-----BEGIN CERTIFICATE-----{rest}")).unwrap();
    let args = ["x509", "-noout", "-serial", "-in"];
    let told = run(Command::new("openssl").args(args).arg(&path)).stdout;
    let told = String::from_utf8(told).unwrap().to_lowercase();
    told.trim().strip_prefix("serial=").unwrap().to_owned()
}

/// Demands that openssl takes a chain for a server of this name, under one root.
fn verifies(root: &Path, chain: &Path, how: &[&str]) {
    let output = run(Command::new("openssl")
        .args(["verify", "-purpose", "sslserver"])
        .args(how)
        .args(["-verify_hostname", "localhost", "-CAfile"])
        .arg(root)
        .arg("-untrusted")
        .arg(chain)
        .arg(chain));
    assert!(output.status.success(), "{output:?}");
}

/// What the operator plane says of the certificate.
fn told(house: &House) -> Value {
    house.operator("/v1/server")["certificate"].clone()
}

/// A virtual ESP32 that checks in every second, in a process of its own; killed with its handle.
struct Node {
    child: Child,
    log: PathBuf,
}

impl Node {
    /// Starts the device of a folder that was enrolled.
    fn start(house: &House, folder: &str, tls12: bool) -> Self {
        let factory = house.path(&format!("{folder}.bin"));
        fs::write(&factory, image("1.1.0").bytes).unwrap();
        let log = house.path(&format!("{folder}.log"));
        let mut command = house.command(&["--json", "node", "run", "--every", "1"]);
        command.arg("--image").arg(factory).arg(house.path(folder));
        if tls12 {
            command.arg("--tls12");
        }
        let to = File::create(&log).unwrap();
        let child = command.stdout(to).stderr(Stdio::null()).spawn().unwrap();
        Self { child, log }
    }

    /// How often it checked in, when nothing else ever came of it.
    fn check_ins(&self) -> usize {
        let told = fs::read_to_string(&self.log).unwrap();
        let of = |event: &str| told.matches(&format!(r#""event":"{event}""#)).count();
        for lost in ["connect-failed", "check-in-failed", "server-busy", "reset"] {
            assert_eq!(of(lost), 0, "{told}");
        }
        of("checked-in")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
