//! The sources of `core` for the compiler at hand, from Debian's package `rust-src`.
//!
//! Taken with a configuration of our own below the target folder, so that the machine's package sources stay as they
//! are; from the mirror that the machine itself uses; checked by apt against Debian's keys.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::super::Context;
use crate::{process, workspace};

/// Where Debian keeps several recent compilers side by side, then where it keeps the newest.
const SUITES: &[&str] = &["trixie-backports", "forky", "sid"];

const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The folder `library` of the compiler's sources, fetched on the first call.
pub(super) fn find(context: &Context) -> Result<PathBuf> {
    let release = workspace::rustc("release")?;
    let kept = context.target.join("rust-src").join(&release);
    let library = kept.join(format!("usr/src/rustc-{release}/library"));
    if library.is_dir() {
        return Ok(library);
    }
    let work = context.target.join("rust-src/fetching");
    fetch(&work, &release).context("fetching Debian's rust-src")?;
    // Moved only when complete, so that a broken fetch is repeated and not believed.
    std::fs::rename(work.join("unpacked"), &kept).context("keeping the sources")?;
    std::fs::remove_dir_all(&work).context("clearing up after the fetch")?;
    if !library.is_dir() {
        bail!("Debian's rust-src has no {}", library.display());
    }
    Ok(library)
}

fn fetch(work: &Path, release: &str) -> Result<()> {
    if !Path::new(KEYS).exists() {
        bail!("this machine has no Debian keys ({KEYS})");
    }
    let mirror = mirror()?;
    if work.exists() {
        std::fs::remove_dir_all(work).context("clearing an earlier fetch")?;
    }
    for folder in ["state/lists/partial", "cache/archives/partial", "unpacked"] {
        std::fs::create_dir_all(work.join(folder)).with_context(|| format!("making {folder}"))?;
    }
    for suite in SUITES {
        let source = format!("deb [signed-by={KEYS}] {mirror} {suite} main\n");
        std::fs::write(work.join("sources.list"), source).context("writing sources.list")?;
        process::succeed(apt(work, "apt-get").args(["--quiet", "update"]))?;
        let offered = process::output(apt(work, "apt-cache").args(["show", "rust-src"]));
        let Some(version) = offered.ok().and_then(|text| version_of(&text, release)) else {
            continue;
        };
        let package = format!("rust-src={version}");
        process::succeed(
            apt(work, "apt-get")
                .current_dir(work)
                .args(["--quiet", "download", &package]),
        )?;
        return unpack(work, release);
    }
    bail!("Debian has no rust-src {release} in {}", SUITES.join(", "))
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

/// An apt command that knows only our folder; proxies and the like stay the machine's.
fn apt(work: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    let options = [
        format!("Dir::State={}", work.join("state").display()),
        "Dir::State::status=/var/lib/dpkg/status".to_owned(),
        format!("Dir::Cache={}", work.join("cache").display()),
        format!(
            "Dir::Etc::sourcelist={}",
            work.join("sources.list").display()
        ),
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

/// The Debian version of this upstream release in what `apt-cache show` says.
fn version_of(text: &str, release: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("Version: "))
        .find(|version| {
            let rest = version.strip_prefix(release);
            rest.is_some_and(|rest| rest.starts_with(['+', '-', '~']))
        })
        .map(str::to_owned)
}

/// Takes the library's sources out of the package; the compiler's are not needed.
fn unpack(work: &Path, release: &str) -> Result<()> {
    let package = std::fs::read_dir(work)
        .context("looking for the package")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt left no package")?;
    let mut archive = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting dpkg-deb")?;
    let stdout = archive.stdout.take().context("dpkg-deb has no output")?;
    let unpacked = Command::new("tar")
        .arg("--extract")
        .arg("--directory")
        .arg(work.join("unpacked"))
        .arg(format!("./usr/src/rustc-{release}/library"))
        .stdin(stdout)
        .status()
        .context("starting tar")?;
    let read = archive.wait().context("waiting for dpkg-deb")?;
    if !unpacked.success() || !read.success() {
        bail!("unpacking rust-src failed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn finds_the_package_of_exactly_this_compiler() {
        let text = "Package: rust-src\nVersion: 1.95.10-1\n\nVersion: 1.95.1+dfsg1-2~bpo13+1\n";
        assert_eq!(
            version_of(text, "1.95.1").as_deref(),
            Some("1.95.1+dfsg1-2~bpo13+1")
        );
        assert_eq!(version_of(text, "1.95.0"), None);
        assert_eq!(version_of(text, "1.95.10").as_deref(), Some("1.95.10-1"));
    }
}
