//! The operator plane's socket, however deep its folder lies.

use std::{
    fs::File,
    io,
    os::{fd::AsRawFd as _, unix::fs::PermissionsExt as _},
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

/// Connects to the socket of a running server.
///
/// # Errors
/// That of the system; `ConnectionRefused` or `NotFound` where no server runs.
pub async fn connect(path: &Path) -> io::Result<UnixStream> {
    let (reachable, _folder) = reachable(path)?;
    UnixStream::connect(reachable).await
}

/// Makes the socket, with mode 0600. One that lies there is a dead server's: whoever calls holds the state directory's
/// lock.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (reachable, _folder) = reachable(path)?;
    let socket = UnixListener::bind(reachable)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(socket)
}

/// A path that a socket's address has room for (`sun_path`, unix(7)), and the folder that must stay open meanwhile: a
/// long one is reached through its folder's descriptor.
fn reachable(path: &Path) -> io::Result<(PathBuf, Option<File>)> {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if path.as_os_str().len() > LONGEST => {
            let folder = File::open(folder)?;
            let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
            Ok((short.join(name), Some(folder)))
        }
        _ => Ok((path.to_owned(), None)),
    }
}

/// The longest path that every system has room for, in bytes: 103 on macOS, 107 on Linux.
const LONGEST: usize = 103;
