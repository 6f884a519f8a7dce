//! Putting the files in their folder: all of them, or none.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    files::{self, Mode, NewFolder},
    trust::{
        lock::HEAD,
        outputs::{BUNDLES, LOCK, Output},
    },
};

/// Writes the files into a new folder, or into one that was written so before. A file that is the same already is left
/// alone, so that no build runs for nothing. Gives the names of those that were written.
pub(crate) fn put<'o>(folder: &Path, outputs: &'o [Output]) -> Result<Vec<&'o str>> {
    let is_new = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if is_new {
        let new = NewFolder::begin_for_all(folder)?;
        for output in outputs {
            files::write(&new.path().join(&output.name), &output.bytes, Mode::Public)?;
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
    if !files::read(&lock)?.starts_with(HEAD.as_bytes()) {
        bail!(
            "{} was not made here; name another folder",
            folder.display()
        );
    }
    let changed: Vec<&Output> = outputs
        .iter()
        .filter(|output| fs::read(folder.join(&output.name)).ok().as_ref() != Some(&output.bytes))
        .collect();
    // What can fail for want of room happens beside; what is left is renaming. The lock file comes last.
    let place = folder.join(UNDER_WAY);
    let _ = fs::remove_dir_all(&place);
    fs::create_dir(&place).with_context(|| format!("{} cannot be made", place.display()))?;
    let placed = changed
        .iter()
        .try_for_each(|output| files::write(&place.join(&output.name), &output.bytes, Mode::Public))
        .and_then(|()| {
            for output in &changed {
                let to = folder.join(&output.name);
                fs::rename(place.join(&output.name), &to)
                    .with_context(|| format!("{} cannot be written", to.display()))?;
            }
            Ok(())
        });
    let _ = fs::remove_dir_all(&place);
    placed?;
    for old in BUNDLES {
        if !outputs.iter().any(|output| output.name == old) {
            let _ = fs::remove_file(folder.join(old));
        }
    }
    Ok(changed.iter().map(|output| output.name.as_str()).collect())
}

/// Where changed files are written before they are put in place.
const UNDER_WAY: &str = ".trust.tmp";
