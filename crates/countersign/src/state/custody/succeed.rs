//! One issuing authority takes another's place among the files: whole or not at all, wherever the power goes.
//!
//! From the moment in which the new certificate lies beside the key that waits, the replacement is done; what is left is
//! renaming, and whoever opens the state next does that to its end.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use countersign_operations::authorities::Kind;
use countersign_x509::{Certificate, pem};
use zeroize::Zeroizing;

use super::Layout;
use crate::files::{self, Mode};

/// The name of who shall issue next.
pub(super) fn next(kind: Kind) -> String {
    format!("{}.next", kind.issuing())
}

/// The numbers of those who issued before, the oldest first.
pub(in crate::state) fn superseded(layout: &Layout, kind: Kind) -> Result<Vec<u32>> {
    let folder = layout.authorities();
    let failed = || format!("{} cannot be read", folder.display());
    let before = format!("{}.", kind.issuing());
    let mut numbers = Vec::new();
    for entry in fs::read_dir(&folder).with_context(failed)? {
        let name = entry.with_context(failed)?.file_name();
        let number = name.to_str().and_then(|name| {
            let number = name.strip_prefix(&before)?.strip_suffix(".pem")?;
            number
                .parse::<u32>()
                .ok()
                .filter(|n| n.to_string() == number)
        });
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Puts the key that waits, and its certificate, in the place of the issuing authority's. Gives the number of the old one.
pub(super) fn install(layout: &Layout, kind: Kind, certificate: &Certificate) -> Result<u32> {
    let text = pem::to_pem(std::slice::from_ref(certificate));
    let place = layout.authority(&next(kind));
    files::write(&place, text.as_bytes(), Mode::Public)?;
    settle(layout, kind)?.context("the new certificate is gone from where it was written")
}

/// Does a replacement to its end that was begun. Gives the number of the old one, if there was anything to do.
pub(in crate::state) fn settle(layout: &Layout, kind: Kind) -> Result<Option<u32>> {
    let (next, present) = (next(kind), kind.issuing());
    let (next_pem, next_key) = (layout.authority(&next), layout.authority_key(&next));
    if !next_pem.exists() {
        return Ok(None);
    }
    let (pem, key) = (layout.authority(&present), layout.authority_key(&present));
    let number = number(layout, kind, &pem, &key)?;
    let old = kind.superseded(number);
    let moved = || -> Result<()> {
        let (old_pem, old_key) = (layout.authority(&old), layout.authority_key(&old));
        if !old_pem.exists() {
            if !old_key.exists() {
                fs::hard_link(&key, &old_key)?;
            }
            fs::hard_link(&pem, &old_pem)?;
            files::settle(&layout.authorities())?;
        }
        if next_key.exists() {
            fs::rename(&next_key, &key)?;
        }
        fs::rename(&next_pem, &pem)?;
        files::settle(&layout.authorities())
    };
    moved().with_context(|| {
        format!(
            "{} cannot be put in the place of {}",
            next_pem.display(),
            pem.display()
        )
    })?;
    Ok(Some(number))
}

/// The number under which the present one is kept: the first that is free, or that is its own already.
fn number(layout: &Layout, kind: Kind, pem: &Path, key: &Path) -> Result<u32> {
    let same = |one: &Path, other: &Path| -> Result<bool> {
        let read = |path| files::read(path).map(Zeroizing::new);
        Ok(one.exists() && *read(one)? == *read(other)?)
    };
    let mut number = 1;
    loop {
        let old = kind.superseded(number);
        let (old_pem, old_key) = (layout.authority(&old), layout.authority_key(&old));
        let free = !old_pem.exists() && (!old_key.exists() || same(&old_key, key)?);
        if free || same(&old_pem, pem)? {
            return Ok(number);
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ground {
        _folder: tempfile::TempDir,
        layout: Layout,
    }

    impl Ground {
        /// With an authority, and one that shall follow it.
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let layout = Layout::new(folder.path());
            fs::create_dir(layout.authorities()).unwrap();
            let ground = Self {
                _folder: folder,
                layout,
            };
            ground.put("device-issuing", "old");
            ground.put("device-issuing.next", "new");
            ground
        }

        fn put(&self, name: &str, what: &str) {
            fs::write(self.layout.authority(name), format!("{what} pem")).unwrap();
            fs::write(self.layout.authority_key(name), format!("{what} key")).unwrap();
        }

        fn is(&self, name: &str, what: Option<&str>) {
            for (path, kind) in [
                (self.layout.authority(name), "pem"),
                (self.layout.authority_key(name), "key"),
            ] {
                let found = fs::read_to_string(&path).ok();
                let wanted = what.map(|what| format!("{what} {kind}"));
                assert_eq!(found, wanted, "{}", path.display());
            }
        }

        fn done(&self) {
            self.is("device-issuing", Some("new"));
            self.is("device-issuing.1", Some("old"));
            self.is("device-issuing.2", None);
            self.is("device-issuing.next", None);
        }
    }

    #[test]
    fn a_replacement_that_was_cut_short_is_done_to_its_end() {
        let (old, new) = ("device-issuing.1", "device-issuing");
        let next = "device-issuing.next";
        // After how many of the steps the power goes.
        for steps in 0..=5 {
            let ground = Ground::new();
            let layout = &ground.layout;
            let step = |n: usize, step: &dyn Fn() -> std::io::Result<()>| {
                if n <= steps {
                    step().unwrap();
                }
            };
            step(1, &|| {
                fs::hard_link(layout.authority_key(new), layout.authority_key(old))
            });
            step(2, &|| {
                fs::hard_link(layout.authority(new), layout.authority(old))
            });
            step(3, &|| {
                fs::rename(layout.authority_key(next), layout.authority_key(new))
            });
            step(4, &|| {
                fs::rename(layout.authority(next), layout.authority(new))
            });
            let left = settle(layout, Kind::Device).unwrap();
            assert_eq!(left, (steps < 4).then_some(1), "{steps}");
            ground.done();
            assert_eq!(settle(layout, Kind::Device).unwrap(), None);
            assert_eq!(superseded(layout, Kind::Device).unwrap(), [1]);
            assert_eq!(superseded(layout, Kind::Server).unwrap(), [0; 0]);
        }
    }

    #[test]
    fn each_goes_behind_those_before_it_and_takes_no_place_that_is_taken() {
        let ground = Ground::new();
        ground.put("device-issuing.1", "older");
        fs::write(ground.layout.authority_key("device-issuing.2"), "left over").unwrap();
        assert_eq!(settle(&ground.layout, Kind::Device).unwrap(), Some(3));
        ground.is("device-issuing.3", Some("old"));
        ground.is("device-issuing.1", Some("older"));
        assert_eq!(superseded(&ground.layout, Kind::Device).unwrap(), [1, 3]);
    }

    #[test]
    fn a_key_that_only_waits_changes_nothing() {
        let ground = Ground::new();
        fs::remove_file(ground.layout.authority("device-issuing.next")).unwrap();
        assert_eq!(settle(&ground.layout, Kind::Device).unwrap(), None);
        ground.is("device-issuing", Some("old"));
    }
}
