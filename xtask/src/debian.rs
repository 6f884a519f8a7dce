//! Debian's packages, into a folder of ours.
//!
//! Taken with a configuration of our own, so that the machine's package sources stay as they are; from the mirror that the
//! machine itself uses; checked by apt against Debian's keys. It takes no rights but to write to the folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;

/// A folder with apt's state in it.
pub(crate) struct Debian {
    folder: PathBuf,
    mirror: String,
}

impl Debian {
    /// Makes the folder anew.
    ///
    /// # Errors
    ///
    /// When this machine is no Debian, or the folder cannot be made.
    pub(crate) fn at(folder: &Path) -> Result<Self> {
        if !Path::new(KEYS).exists() {
            bail!("this machine has no Debian keys ({KEYS})");
        }
        let mirror = mirror()?;
        if folder.exists() {
            std::fs::remove_dir_all(folder).context("clearing an earlier fetch")?;
        }
        for name in ["state/lists/partial", "cache/archives/partial"] {
            std::fs::create_dir_all(folder.join(name)).with_context(|| format!("making {name}"))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            mirror,
        })
    }

    /// Reads what the mirror has in these suites.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn use_suites(&self, suites: &[&str]) -> Result<()> {
        let mirror = &self.mirror;
        let lines: Vec<String> = suites
            .iter()
            .map(|suite| format!("deb [signed-by={KEYS}] {mirror} {suite} main\n"))
            .collect();
        std::fs::write(self.sources(), lines.concat()).context("writing sources.list")?;
        process::succeed(self.apt("apt-get").args(["--quiet", "update"]))
    }

    /// An apt command that knows only our folder; proxies and the like stay the machine's.
    pub(crate) fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let options = [
            format!("Dir::State={}", self.folder.join("state").display()),
            "Dir::State::status=/var/lib/dpkg/status".to_owned(),
            format!("Dir::Cache={}", self.folder.join("cache").display()),
            format!("Dir::Etc::sourcelist={}", self.sources().display()),
            "Dir::Etc::sourceparts=/dev/null".to_owned(),
            "Dir::Etc::preferences=/dev/null".to_owned(),
            "Dir::Etc::preferencesparts=/dev/null".to_owned(),
            "Acquire::Languages=none".to_owned(),
            // The folder may lie where apt's own user cannot write.
            "APT::Sandbox::User=root".to_owned(),
        ];
        command.args(options.iter().flat_map(|option| ["-o", option]));
        command
    }

    /// The packages that were fetched by `--download-only`.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub(crate) fn fetched(&self) -> Result<Vec<PathBuf>> {
        let archives = self.folder.join("cache/archives");
        let mut packages = Vec::new();
        for entry in std::fs::read_dir(archives).context("looking for packages")? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                packages.push(path);
            }
        }
        Ok(packages)
    }

    fn sources(&self) -> PathBuf {
        self.folder.join("sources.list")
    }
}

/// What this machine's release is called: `bookworm`.
pub(crate) fn release() -> Result<String> {
    let text = std::fs::read_to_string("/etc/os-release").context("reading /etc/os-release")?;
    text.lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|name| name.trim_matches('"').to_owned())
        .context("/etc/os-release names no release")
}

/// The mirror by which this machine's own Debian packages come.
fn mirror() -> Result<String> {
    let format = "$(REPO_URI) $(COMPONENT)";
    let targets = ["indextargets", "--format", format, "Created-By: Packages"];
    let text = process::output(Command::new("apt-get").args(targets))?;
    text.lines()
        .filter_map(|line| line.strip_suffix(" main"))
        .find(|uri| uri.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
        .context("this machine's package sources name no Debian mirror")
}

const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
