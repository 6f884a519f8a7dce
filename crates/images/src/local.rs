//! Images in a folder, one file each, named by its digest.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use countersign_protocol::Digest;

use crate::{ImageRead, ImageStore, StoreError, sha256};

/// Keeps images in a folder, each in a file named by its digest's 64 hexadecimal digits, which only its owner may read.
///
/// A file has its name only once its last byte is on the disk. The folder belongs to one process at a time.
#[derive(Debug)]
pub struct LocalStore {
    root: PathBuf,
}

impl LocalStore {
    /// Opens the folder, which is made where there is none, and clears away what a process that was killed left.
    ///
    /// # Errors
    /// [`StoreError`] where the folder cannot be made, read or cleared.
    pub fn open(root: PathBuf) -> Result<Self, StoreError> {
        let failed = |doing, cause| failed(doing, format!("the folder {}", root.display()), cause);
        create_private(&root).map_err(|cause| failed("making", cause))?;
        let entries = fs::read_dir(&root).map_err(|cause| failed("reading", cause))?;
        for entry in entries {
            let entry = entry.map_err(|cause| failed("reading", cause))?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes()) {
                fs::remove_file(entry.path()).map_err(|cause| failed("clearing", cause))?;
            }
        }
        Ok(Self { root })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.root.join(digest.to_string())
    }

    /// Brings the names in the folder to the disk.
    fn sync_folder(&self) -> io::Result<()> {
        // Only Unix lets a folder be opened and synced; elsewhere the file system's journal has to do.
        if cfg!(unix) {
            File::open(&self.root)?.sync_all()?;
        }
        Ok(())
    }

    fn write(&self, image: &[u8], path: &Path) -> io::Result<()> {
        // Dropped before it has its name, a temporary file removes itself. Its mode is 0600.
        let mut file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(&self.root)?;
        file.write_all(image)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // Where only this fails, a whole image stays under its name, and can be put again.
        self.sync_folder()
    }
}

impl ImageStore for LocalStore {
    fn put(&self, image: &[u8]) -> Result<Digest, StoreError> {
        let digest = sha256(image);
        let path = self.path(&digest);
        // What is there may have been cut or changed since by a disk or a hand; then it is replaced.
        if !holds(&path, image) {
            self.write(image, &path)
                .map_err(|cause| failed("writing", format!("image {digest}"), cause))?;
        }
        Ok(digest)
    }

    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn ImageRead>>, StoreError> {
        let failed = |cause| failed("opening", format!("image {digest}"), cause);
        let file = match File::open(self.path(digest)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(failed(cause)),
        };
        let size = file.metadata().map_err(failed)?.len();
        Ok(Some(Box::new(LocalImage {
            digest: *digest,
            size,
            file: Positioned::new(file),
        })))
    }

    fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        match fs::remove_file(self.path(digest)).and_then(|()| self.sync_folder()) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(failed("removing", format!("image {digest}"), cause))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Debug)]
struct LocalImage {
    digest: Digest,
    size: u64,
    file: Positioned,
}

impl ImageRead for LocalImage {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
        let length = buffer.len();
        self.file.read_exact_at(buffer, offset).map_err(|cause| {
            let what = format!("{length} bytes at {offset} of image {}", self.digest);
            failed("reading", what, cause)
        })
    }
}

/// A file that many read at once, each at its own place.
#[cfg(unix)]
#[derive(Debug)]
struct Positioned(File);

#[cfg(unix)]
impl Positioned {
    fn new(file: File) -> Self {
        Self(file)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, buffer, offset)
    }
}

/// A file that many read, one after the other.
#[cfg(not(unix))]
#[derive(Debug)]
struct Positioned(std::sync::Mutex<File>);

#[cfg(not(unix))]
impl Positioned {
    fn new(file: File) -> Self {
        Self(std::sync::Mutex::new(file))
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        use std::io::{Seek as _, SeekFrom};
        // Nothing is left half-changed by a reader that panicked: each seeks first.
        let mut file = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }
}

/// Whether the file at `path` holds `image` and nothing else.
fn holds(path: &Path, image: &[u8]) -> bool {
    let same = || -> io::Result<bool> {
        let mut file = File::open(path)?;
        let mut rest = image;
        let mut chunk = [0; 16 * 1024];
        loop {
            let read = file.read(&mut chunk)?;
            let Some(read) = chunk.get(..read) else {
                return Ok(false);
            };
            match rest.strip_prefix(read) {
                _ if read.is_empty() => return Ok(rest.is_empty()),
                Some(after) => rest = after,
                None => return Ok(false),
            }
        }
    };
    same().unwrap_or(false)
}

fn create_private(root: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(root)
}

fn failed(doing: &str, what: String, cause: io::Error) -> StoreError {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { what },
        _ => StoreError::Io {
            doing: format!("{doing} {what}"),
            cause,
        },
    }
}

/// How the name of a file begins that is not yet an image.
const TEMPORARY: &str = ".incoming-";

#[cfg(test)]
mod tests;
