//! Who holds a state directory.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// Held for as long as it lives; the system gives it back even where the process is killed.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock. Another command holds it for a moment only, so a little patience is worth it.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .with_context(|| {
                format!(
                    "{} cannot be written; the state directory must be",
                    path.display()
                )
            })?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    file.set_len(0)?;
                    file.rewind()?;
                    write!(file, "{}", std::process::id())
                        .with_context(|| format!("{} cannot be written", path.display()))?;
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(cause)) => {
                    return Err(cause)
                        .with_context(|| format!("{} cannot be locked", path.display()));
                }
            }
        }
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        bail!(
            "the state directory is held by process {}, which does not answer on its operator socket: it is starting \
             or ending, or it hangs; try again, or stop it",
            if holder.is_empty() { "?" } else { &holder }
        )
    }
}

/// How often the lock is tried.
const TRIES: u32 = 30;
/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(100);
