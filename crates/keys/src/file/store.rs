//! Files that hold a secret.

use std::{
    ffi::OsString,
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::Error;

/// Reads a small text file, if nobody but its owner may.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    let metadata = path.metadata().map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })?;
    refuse_open_doors(path, &metadata)?;
    read_from_others(path)
}

/// Reads a small text file that another tool may have written, whoever may read it: such tools do not ask.
pub(crate) fn read_from_others(path: &Path) -> Result<Zeroizing<String>, Error> {
    let failed = |cause| Error::Read {
        path: path.to_owned(),
        cause,
    };
    let file = File::open(path).map_err(failed)?;
    // Room for all of it at once: a growing buffer leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST));
    file.take(LONGEST as u64)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

/// Writes a new file that only its owner may read: beside it, to the disk, then into its place.
///
/// `distinct` keeps the file beside it apart from that of another writer.
pub(crate) fn write_new(path: &Path, secret: &[u8], distinct: &[u8]) -> Result<(), Error> {
    let beside = beside(path, distinct);
    // Unlike a rename, a link fails where something is there.
    let written = write(&beside, secret).and_then(|()| fs::hard_link(&beside, path));
    // Whatever came of it, no second copy may lie about.
    let removed = fs::remove_file(&beside);
    let failed = |cause: io::Error| {
        let path = path.to_owned();
        match cause.kind() {
            io::ErrorKind::AlreadyExists => Error::AlreadyThere { path },
            _ => Error::Write { path, cause },
        }
    };
    written.map_err(failed)?;
    removed.map_err(failed)?;
    sync_folder(path).map_err(failed)
}

/// PKCS#8 in PEM; what it passes through on its way is wiped.
pub(crate) fn encode(der: &[u8]) -> Zeroizing<String> {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    let block = pem::Pem::new("PRIVATE KEY", der);
    let text = Zeroizing::new(pem::encode_config(&block, config));
    drop(Zeroizing::new(block.into_contents()));
    text
}

fn write(path: &Path, secret: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(secret)?;
    file.sync_all()
}

fn beside(path: &Path, distinct: &[u8]) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let mut suffix = String::from(".");
    for byte in countersign_x509::sha256(distinct).iter().take(8) {
        let _ = write!(suffix, "{byte:02x}");
    }
    name.push(suffix);
    name.push(".tmp");
    path.with_file_name(name)
}

/// The name in the folder must survive a power cut as the content does.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(unix)]
fn refuse_open_doors(path: &Path, metadata: &fs::Metadata) -> Result<(), Error> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    let others = mode & 0o077;
    if others != 0 {
        let path = path.to_owned();
        return Err(Error::TooOpen { path, mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_open_doors(_: &Path, _: &fs::Metadata) -> Result<(), Error> {
    Ok(())
}

/// A P-256 key takes some 300 bytes; the rest is for text around it.
const LONGEST: usize = 16 * 1024;
