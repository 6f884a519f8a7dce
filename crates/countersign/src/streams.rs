//! Images from files or stdin, to files or stdout.

use std::{
    io::{self, Read as _, Write as _},
    path::Path,
};

use anyhow::{Context, Result, bail};

use crate::files::{self, Mode};

/// Whether `-` stands in place of a file.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What an input is called to people.
pub(crate) fn name(path: &Path) -> String {
    if is_standard(path) {
        "stdin".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Reads a file, or stdin, whole, if it has no more than `longest` bytes.
pub(crate) fn read(path: &Path, longest: u64) -> Result<Vec<u8>> {
    if !is_standard(path) {
        return files::read_up_to(path, longest);
    }
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(longest.saturating_add(1))
        .read_to_end(&mut bytes)
        .context("stdin cannot be read")?;
    if bytes.len() as u64 > longest {
        bail!("stdin has more than {longest} bytes");
    }
    Ok(bytes)
}

/// Puts a file in its place, whole or not at all, or writes to stdout.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: Mode) -> Result<()> {
    if !is_standard(path) {
        return files::write(path, bytes, mode);
    }
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .context("stdout cannot be written")
}
