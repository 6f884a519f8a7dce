//! Putting the files in their folder: all of them, or none.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
};

use anyhow::{Context, Result, bail};
use countersign_trust::lock::HEAD;

use crate::{
    files::{self, Mode, NewFolder},
    trust::outputs::{BUNDLES, LOCK, Output},
};

/// Writes the files into a new folder, or into one that was written so before. A file that is the same already is left
/// alone, so that no build runs for nothing. Gives the names of those that were written.
pub(crate) fn put<'o>(folder: &Path, outputs: &'o [Output]) -> Result<Vec<&'o str>> {
    let is_new = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if is_new {
        let new = NewFolder::begin_for_all(folder)?;
        for output in outputs {
            files::write_unplaced(&new.path().join(&output.name), &output.bytes, Mode::Public)?;
        }
        new.finish()?;
        return Ok(outputs.iter().map(|output| output.name.as_str()).collect());
    }
    let lock = folder.join(LOCK);
    if !lock.is_file() {
        bail!(
            "{} has files in it that are not from here; name another folder",
            folder.display()
        );
    }
    let mut head = Vec::new();
    File::open(&lock)
        .and_then(|file| file.take(HEAD_LEN).read_to_end(&mut head))
        .with_context(|| format!("{} cannot be read", lock.display()))?;
    if head != HEAD.as_bytes() {
        bail!(
            "{} was not made here; name another folder",
            folder.display()
        );
    }
    let changed: Vec<&Output> = outputs
        .iter()
        .filter(|output| !is(&folder.join(&output.name), &output.bytes))
        .collect();
    if !changed.is_empty() {
        replace(folder, &changed)?;
    }
    for old in BUNDLES {
        if !outputs.iter().any(|output| output.name == old) {
            let _ = fs::remove_file(folder.join(old));
        }
    }
    Ok(changed.iter().map(|output| output.name.as_str()).collect())
}

/// Whether a file has these bytes, read piece by piece.
fn is(path: &Path, bytes: &[u8]) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    let mut piece = vec![0; PIECE];
    let mut rest = bytes;
    loop {
        let Ok(len) = file.read(&mut piece) else {
            return false;
        };
        if len == 0 {
            return rest.is_empty();
        }
        match rest.split_at_checked(len) {
            Some((first, behind)) if piece.get(..len) == Some(first) => rest = behind,
            _ => return false,
        }
    }
}

/// Puts changed files in the place of what is there.
fn replace(folder: &Path, changed: &[&Output]) -> Result<()> {
    // What can fail for want of room happens beside; what is left is renaming. The lock file comes last.
    let place = folder.join(UNDER_WAY);
    let _ = fs::remove_dir_all(&place);
    fs::create_dir(&place).with_context(|| format!("{} cannot be made", place.display()))?;
    let placed = changed
        .iter()
        .try_for_each(|output| {
            files::write_unplaced(&place.join(&output.name), &output.bytes, Mode::Public)
        })
        .and_then(|()| {
            for output in changed {
                let to = folder.join(&output.name);
                fs::rename(place.join(&output.name), &to)
                    .with_context(|| format!("{} cannot be written", to.display()))?;
            }
            files::settle(folder)
        });
    let _ = fs::remove_dir_all(&place);
    placed
}

/// How much of a file is compared at once.
const PIECE: usize = 32 * 1024;
const HEAD_LEN: u64 = HEAD.len() as u64;

/// Where changed files are written before they are put in place.
const UNDER_WAY: &str = ".trust.tmp";
