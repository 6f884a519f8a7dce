//! One installation.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use countersign_provision::{
    flash::{Part, assemble},
    layout::{self, FlashLayout},
    nvs,
};
use serde_json::Value;
use tempfile::TempDir;

use super::Image;

/// The device of most tests.
pub(crate) const DEVICE: &str = "7cdfa1000001";

/// The length of a device's flash.
pub(crate) const FLASH_LEN: u32 = 4 << 20;

/// A state directory, an author's key, and a folder around them.
pub(crate) struct House {
    folder: TempDir,
}

impl House {
    /// Makes one by `countersign init`, with a product `demo` that admits unsigned images.
    pub(crate) fn new() -> Self {
        let house = Self::empty();
        house.ok(&[
            "init",
            "--product",
            "demo",
            "--unsigned-images",
            "--author-key",
            house.path("author.key").to_str().unwrap(),
        ]);
        house
    }

    /// A folder in which nothing is yet.
    pub(crate) fn empty() -> Self {
        Self {
            folder: TempDir::with_prefix("countersign-it-").unwrap(),
        }
    }

    /// A path in the house's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// The program, on this house's state.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .env("COUNTERSIGN_STATE", self.state())
            .args(args)
            .stdin(Stdio::null());
        command
    }

    /// Runs the program, which must succeed; gives its stdout.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = run(&mut self.command(args));
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the program with `--json`, which must succeed; gives what it said.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(args);
        serde_json::from_str(&self.ok(&all)).unwrap()
    }

    /// Runs the program, which must fail without a panic; gives its stderr.
    pub(crate) fn fails(&self, args: &[&str]) -> String {
        let output = run(&mut self.command(args));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{args:?} succeeded");
        assert!(stderr.starts_with("error: "), "{args:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
        stderr
    }

    /// Starts the server on ports that the system gives.
    pub(crate) fn serve(&self) -> Server {
        Server::start(self, &[])
    }

    /// Enrolls the device of most tests, into the folder `device`.
    pub(crate) fn enroll(&self) {
        self.enroll_as(DEVICE, "device");
    }

    /// Enrolls a device.
    pub(crate) fn enroll_as(&self, id: &str, folder: &str) {
        self.ok(&["device", "enroll", id, "--out", &self.text(folder)]);
    }

    /// Writes an image, and signs it.
    pub(crate) fn sign(&self, image: &Image, counter: u64) -> PathBuf {
        let path = self.path(&format!("{}.bin", image.version));
        fs::write(&path, &image.bytes).unwrap();
        self.ok(&[
            "release",
            "sign",
            "--key",
            &self.text("author.key"),
            "--product",
            "demo",
            "--counter",
            &counter.to_string(),
            path.to_str().unwrap(),
        ]);
        path
    }

    /// Signs an image, and publishes it.
    pub(crate) fn publish(&self, image: &Image, counter: u64) {
        let path = self.sign(image, counter);
        self.ok(&["release", "publish", path.to_str().unwrap()]);
    }

    /// Runs the virtual ESP32 in `folder` until it has nothing more to do; `factory` is what it is born with. Gives its
    /// events.
    pub(crate) fn node(&self, folder: &str, factory: &Image, more: &[&str]) -> Vec<Value> {
        let output = run(&mut self.node_command(folder, factory, more));
        let events = events(&output.stdout);
        assert!(
            !events.is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        events
    }

    /// The same as a command that was not started.
    pub(crate) fn node_command(&self, folder: &str, factory: &Image, more: &[&str]) -> Command {
        let path = self.path("factory.bin");
        fs::write(&path, &factory.bytes).unwrap();
        let mut args = vec![
            "--json",
            "node",
            "run",
            "--once",
            "--image",
            path.to_str().unwrap(),
        ];
        args.extend(more);
        let folder = self.text(folder);
        args.push(&folder);
        self.command(&args)
    }

    /// Puts an enrolled device's flash together, as a factory does, into `flash.bin` in its folder; `change` may change its
    /// settings before.
    pub(crate) fn make_flash(
        &self,
        folder: &str,
        factory: &Image,
        change: impl FnOnce(&mut nvs::Settings),
    ) -> PathBuf {
        let folder = self.path(folder);
        let part = |name: &str| fs::read(folder.join(name)).unwrap();
        let enrolled = part("nvs.bin");
        let size = enrolled.len();
        let mut settings = nvs::read(&enrolled).unwrap();
        change(&mut settings);
        let settings = nvs::write(&settings, size).unwrap();
        let data = |label, data| Part { label, data };
        let bytes = assemble(
            &FlashLayout::of_flash(FLASH_LEN).unwrap(),
            &[
                data(layout::NVS, &settings),
                data(layout::SECURE_CERT, &part("esp_secure_cert.bin")),
                data(layout::TRUST, &part("x509_crt_bundle")),
                data(layout::OTA_0, &factory.bytes),
            ],
        );
        let path = folder.join("flash.bin");
        fs::write(&path, bytes.unwrap()).unwrap();
        path
    }

    /// The device as the server knows it.
    pub(crate) fn device(&self) -> Value {
        self.json(&["device", "show", DEVICE])
    }

    /// What the operator socket answers to a `GET`, by curl.
    pub(crate) fn operator(&self, path: &str) -> Value {
        let socket = self.state().join("operator.sock");
        let url = format!("http://countersign{path}");
        let args = ["-sS", "--fail", "--unix-socket"];
        let output = run(Command::new("curl").args(args).arg(socket).arg(url));
        assert!(
            output.status.success(),
            "{path}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// How the offers of a device stand, newest first: version and state.
    pub(crate) fn offers(&self) -> Vec<(String, String)> {
        let device = self.device();
        let offers = device["offers"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        offers
            .iter()
            .map(|offer| (text(&offer["version"]), text(&offer["state"])))
            .collect()
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// The JSON lines of a virtual ESP32.
pub(crate) fn events(stdout: &[u8]) -> Vec<Value> {
    let lines = stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// A running server. It is killed with its handle, as a power cut would.
pub(crate) struct Server {
    child: Child,
    /// Where the device plane is.
    pub(crate) device_url: String,
    /// Where the operator plane is, beside its socket.
    pub(crate) operator: String,
    /// The certificate that it shows, as it says itself.
    pub(crate) certificate: Value,
    log: PathBuf,
}

impl Server {
    /// Starts one and waits until it says where it listens.
    pub(crate) fn start(house: &House, more: &[&str]) -> Self {
        Self::start_by(house, house.command(&[]), more)
    }

    /// The same by a command that ends in the program.
    pub(crate) fn start_by(house: &House, mut command: Command, more: &[&str]) -> Self {
        let log = house.path("server.log");
        let mut args = vec!["--json", "serve"];
        for plane in ["--device-listen", "--download-listen", "--operator-listen"] {
            if !more.contains(&plane) {
                args.extend([plane, "127.0.0.1:0"]);
            }
        }
        args.extend(more);
        command
            .args(&args)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            said.push_str(&line.unwrap());
            if said.ends_with('}') {
                break;
            }
        }
        let said: Value = serde_json::from_str(&said)
            .unwrap_or_else(|_| panic!("{}", fs::read_to_string(&log).unwrap()));
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self {
            child,
            device_url: text("device_url"),
            operator: text("operator"),
            certificate: said["certificate"].clone(),
            log,
        }
    }

    /// `host:port` of the device plane.
    pub(crate) fn device_address(&self) -> &str {
        self.device_url.trim_start_matches("https://")
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Kills it, with no chance to say anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, as a service manager does, and demands that it ends well.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The `curl` options with which the device of a folder comes.
pub(crate) fn curl(folder: &Path) -> Vec<String> {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let options = [
        ("--cert", file("device.pem")),
        ("--key", file("device.key")),
        ("--cacert", file("server-root.pem")),
    ];
    let mut args = vec!["-sS".to_owned(), "--max-time".to_owned(), "30".to_owned()];
    args.extend(
        options
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value]),
    );
    args
}
