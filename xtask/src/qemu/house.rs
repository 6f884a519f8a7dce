//! One installation of the server, by the program as it is.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::pack;
use crate::process;

/// A state directory, and an author's key beside it.
pub(super) struct House {
    program: PathBuf,
    folder: PathBuf,
}

impl House {
    /// Makes one in a new folder.
    pub(super) fn make(program: &Path, folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let house = Self {
            program: program.to_owned(),
            folder,
        };
        let key = house.text("author.key");
        let args = ["init", "--product", PRODUCT, "--unsigned-images"];
        house.run(&[&args[..], &["--author-key", &key]].concat())?;
        Ok(house)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Runs the program on this state.
    pub(super) fn run(&self, args: &[&str]) -> Result<String> {
        process::output(self.command().args(args))
    }

    /// Signs a release, and publishes it.
    pub(super) fn publish(&self, image: &Path, counter: u32) -> Result<()> {
        let (key, image) = (self.text("author.key"), image.display().to_string());
        let counter = counter.to_string();
        let args = ["release", "sign", "--product", PRODUCT, "--key", &key];
        self.run(&[&args[..], &["--counter", &counter, &image]].concat())?;
        self.run(&["release", "publish", &image])?;
        Ok(())
    }

    /// Enrolls a device into a folder of its name, and makes its flash as a factory does, by letting a
    /// virtual ESP32 boot it: the machine is given the very file. Gives what that one said, and where the flash is.
    pub(super) fn make_device(&self, id: &str, image: &Path) -> Result<(String, PathBuf)> {
        let folder = self.text(id);
        self.run(&["device", "enroll", id, "--out", &folder])?;
        let image = image.display().to_string();
        let args = [
            "node",
            "run",
            "--once",
            "--flash-size",
            "4",
            "--image",
            &image,
            &folder,
        ];
        let said = self.run(&args)?;
        let flash = self.path(id).join("flash.bin");
        pack::lengthen(&flash)?;
        Ok((said, flash))
    }

    /// Starts the server, on ports that the system gives or on those of an earlier one.
    pub(super) fn serve(&self, ports: Option<[u16; 2]>) -> Result<Server> {
        let log = self.path("server.log");
        let [device, download] = ports.unwrap_or_default();
        let mut command = self.command();
        command.args(["--json", "serve"]);
        let planes = [
            ("--device-listen", device),
            ("--download-listen", download),
            ("--operator-listen", 0),
        ];
        for (flag, port) in planes {
            command.arg(flag).arg(format!("127.0.0.1:{port}"));
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(File::create(&log).context("making the server's log")?)
            .spawn()
            .context("starting the server")?;
        let stdout = child.stdout.take().context("the server has no stdout")?;
        // From here on it is stopped, whatever happens.
        let mut server = Server {
            child,
            ports: [0; 2],
        };
        let mut said = String::new();
        for line in BufReader::new(stdout).lines() {
            said.push_str(&line?);
            if said.ends_with('}') {
                break;
            }
        }
        let Ok(said) = serde_json::from_str::<Value>(&said) else {
            bail!("the server: {}", std::fs::read_to_string(&log)?);
        };
        let port = |name: &str| {
            let url = said[name].as_str().unwrap_or_default();
            let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
            port.with_context(|| format!("the server's {name} is {url}"))
        };
        server.ports = [port("device_url")?, port("download_url")?];
        Ok(server)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("COUNTERSIGN_STATE", self.path("state"))
            .stdin(Stdio::null());
        command
    }
}

/// A running server; killed with its handle.
pub(super) struct Server {
    child: Child,
    /// Those of the device plane and the download plane.
    pub(super) ports: [u16; 2],
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The product that the device is of.
const PRODUCT: &str = "demo";
