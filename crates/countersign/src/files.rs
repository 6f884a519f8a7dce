//! Files that are there whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Who may read a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// Its owner only: for secrets.
    Secret,
    /// Everybody.
    Public,
}

/// Reads a file whole, if it has no more than [`LONGEST`] bytes.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    read_up_to(path, LONGEST)
}

/// The same with `longest` bytes at most.
pub(crate) fn read_up_to(path: &Path, longest: u64) -> Result<Vec<u8>> {
    let whole = || {
        let file = File::open(path)?;
        // In one piece, so that a secret leaves no copies behind where the buffer grew.
        let len = file.metadata()?.len().min(longest);
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0).saturating_add(1));
        file.take(longest.saturating_add(1))
            .read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    };
    let bytes = whole().with_context(|| format!("{} cannot be read", path.display()))?;
    if bytes.len() as u64 > longest {
        bail!("{} has more than {longest} bytes", path.display());
    }
    Ok(bytes)
}

/// Reads a text file whole.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?)
        .with_context(|| format!("{} cannot be read: it is no text", path.display()))
}

/// What there is to say where others than the owner may read a secret. It is no reason to stop: the tool that keys come from
/// writes them so.
pub(crate) fn open_door(path: &Path) -> Option<String> {
    let mode = path.metadata().ok()?.permissions().mode() & 0o777;
    let shown = path.display();
    (mode & 0o077 != 0)
        .then(|| format!("others may read {shown} (mode {mode:04o}): chmod 600 {shown}"))
}

/// Writes a file beside its place, makes it last, and puts it there.
///
/// What is there and is no file, such as a pipe, a device or `/dev/stdout`, is written to: another thing in its place would be
/// in everybody's way.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: Mode) -> Result<()> {
    match path.metadata() {
        Ok(there) if there.is_dir() => bail!("{} is a folder", path.display()),
        Ok(there) if !there.is_file() || is_open_already(path) => OpenOptions::new()
            .append(true)
            .open(path)
            .and_then(|mut out| out.write_all(bytes).and_then(|()| out.flush()))
            .with_context(|| format!("{} cannot be written", path.display())),
        _ => put(path, bytes, mode),
    }
}

/// Whether a path leads to what a process has open: `/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/3`.
fn is_open_already(path: &Path) -> bool {
    let is_in_proc = |path: &Path| {
        let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
        folder.is_some_and(|folder| folder.starts_with("/proc"))
    };
    // Whatever `/dev/stdout` leads to in the end, the second step is within /proc.
    is_in_proc(path) || fs::read_link(path).is_ok_and(|to| is_in_proc(&to))
}

fn put(path: &Path, bytes: &[u8], mode: Mode) -> Result<()> {
    let folder = folder_of(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = write_new(&beside, bytes, mode).or_else(|error| {
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Err(error);
        }
        // A power cut left it there, and this process has the number of that one: in a container it always has.
        fs::remove_file(&beside)?;
        write_new(&beside, bytes, mode)
    });
    let written = written.and_then(|()| {
        fs::rename(&beside, path)?;
        sync_folder(folder)
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}

/// Writes a new file and makes it last, but not its name: for a folder that is still to be put in its place, by which
/// that is done for all of them at once.
pub(crate) fn write_unplaced(path: &Path, bytes: &[u8], mode: Mode) -> Result<()> {
    write_new(path, bytes, mode).with_context(|| format!("{} cannot be written", path.display()))
}

/// Makes the names in a folder last.
pub(crate) fn settle(folder: &Path) -> Result<()> {
    sync_folder(folder).with_context(|| format!("{} cannot be written", folder.display()))
}

fn write_new(path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let bits = if mode == Mode::Secret { 0o600 } else { 0o644 };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(bits)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A folder under way: made beside its place, with mode 0700 unless it is for all, put there whole by [`NewFolder::finish`], and removed
/// where that is never reached.
#[derive(Debug)]
pub(crate) struct NewFolder {
    beside: PathBuf,
    place: PathBuf,
    finished: bool,
}

impl NewFolder {
    /// Begins a folder that shall lie at `place`, where nothing may be, or an empty folder.
    pub(crate) fn begin(place: &Path) -> Result<Self> {
        Self::begin_with(place, 0o700)
    }

    /// The same for a folder in which there are no secrets: whoever the system's mask lets may read it.
    pub(crate) fn begin_for_all(place: &Path) -> Result<Self> {
        Self::begin_with(place, 0o777)
    }

    fn begin_with(place: &Path, mode: u32) -> Result<Self> {
        if fs::symlink_metadata(place).is_ok() {
            let empty = fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
            if !empty {
                bail!(
                    "{} is there already; name another folder, or remove it",
                    place.display()
                );
            }
        }
        let folder = folder_of(place);
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let beside = folder.join(format!(".{name}.{}.tmp", std::process::id()));
        fs::DirBuilder::new()
            .mode(mode)
            .create(&beside)
            .with_context(|| format!("{} cannot be made", beside.display()))?;
        Ok(Self {
            beside,
            place: place.to_owned(),
            finished: false,
        })
    }

    /// Where the folder is being made.
    pub(crate) fn path(&self) -> &Path {
        &self.beside
    }

    /// Puts the folder in its place.
    pub(crate) fn finish(mut self) -> Result<()> {
        sync_folder(&self.beside)
            .and_then(|()| fs::rename(&self.beside, &self.place))
            .and_then(|()| sync_folder(folder_of(&self.place)))
            .with_context(|| format!("{} cannot be made", self.place.display()))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_dir_all(&self.beside);
        }
    }
}

/// The most bytes of a file, more than any ESP32's flash has. It stops a wrong file, or an endless one such as `/dev/zero`.
const LONGEST: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn writes_whole_files_with_their_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write(&path, b"old", Mode::Public).unwrap();
        write(&path, b"new", Mode::Secret).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_file_is_written_to_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (place, link) = (folder.path().join("place"), folder.path().join("link"));
        let open = File::create(&place).unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&open);
        std::os::unix::fs::symlink(format!("/proc/self/fd/{number}"), &link).unwrap();
        write(&link, b"one", Mode::Public).unwrap();
        write(&link, b", two", Mode::Secret).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read(&place).unwrap(), b"one, two");

        // As root too: it has another in its place where a file is put there.
        let full = Path::new("/dev/full");
        let said = format!("{:#}", write(full, b"one", Mode::Public).unwrap_err());
        assert!(said.contains("No space left"), "{said}");
        assert!(!full.metadata().unwrap().is_file());
        let said = format!(
            "{:#}",
            write(folder.path(), b"one", Mode::Public).unwrap_err()
        );
        assert!(said.ends_with("is a folder"), "{said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_a_power_cut_left_beside_is_in_nobody_s_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let beside = format!(".key.{}.tmp", std::process::id());
        fs::write(folder.path().join(beside), b"ha").unwrap();
        write(&path, b"whole", Mode::Secret).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unplaced_file_takes_no_other_ones_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        write_unplaced(&path, b"first", Mode::Public).unwrap();
        write_unplaced(&path, b"second", Mode::Public).unwrap_err();
        settle(folder.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        settle(&path.join("none")).unwrap_err();
    }

    #[test]
    fn an_unfinished_folder_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("state");
        let folder = NewFolder::begin(&place).unwrap();
        write(&folder.path().join("a"), b"a", Mode::Public).unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        let folder = NewFolder::begin(&place).unwrap();
        write(&folder.path().join("a"), b"a", Mode::Public).unwrap();
        folder.finish().unwrap();
        assert!(place.join("a").is_file());
        NewFolder::begin(&place).unwrap_err();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_endless_file_is_not_read_for_ever() {
        let error = read(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(error, "/dev/zero has more than 67108864 bytes");
    }
}
