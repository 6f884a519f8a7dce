//! The sources of `core` for the compiler at hand, from Debian's package `rust-src`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::{debian::Debian, process, workspace};

/// Where Debian keeps several recent compilers side by side, then where it keeps the newest.
const SUITES: &[&str] = &["trixie-backports", "forky", "sid"];

/// The folder `library` of the compiler's sources, fetched on the first call.
pub(super) fn find() -> Result<PathBuf> {
    let release = workspace::rustc("release")?;
    let target = workspace::target_dir()?;
    let kept = target.join("rust-src").join(&release);
    let library = kept.join(format!("usr/src/rustc-{release}/library"));
    if library.is_dir() {
        return Ok(library);
    }
    let work = target.join("rust-src/fetching");
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
    let debian = Debian::at(work)?;
    std::fs::create_dir_all(work.join("unpacked")).context("making a folder")?;
    for suite in SUITES {
        debian.use_suites(&[suite])?;
        let offered = process::output(debian.apt("apt-cache").args(["show", "rust-src"]));
        let Some(version) = offered.ok().and_then(|text| version_of(&text, release)) else {
            continue;
        };
        let package = format!("rust-src={version}");
        process::succeed(
            debian
                .apt("apt-get")
                .current_dir(work)
                .args(["--quiet", "download", &package]),
        )?;
        return unpack(work, release);
    }
    bail!("Debian has no rust-src {release} in {}", SUITES.join(", "))
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
