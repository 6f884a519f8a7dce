//! What there is to run: boot stage and apps, and what else tests take to switch the machine on by themselves.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{
    build::{App, Builds},
    emulator::Emulator,
};

/// A folder with the boot stage, an app for each version, and a script that switches the machine on.
pub(crate) struct Kit {
    folder: PathBuf,
}

impl Kit {
    /// Where it is kept.
    pub(crate) fn folder(target: &Path) -> PathBuf {
        target.join("qemu-kit")
    }

    /// Builds all of it, in place of an earlier one.
    pub(super) fn make(
        emulator: &Emulator,
        builds: &Builds,
        profile: &str,
        versions: &[Version],
        folder: PathBuf,
    ) -> Result<Self> {
        remove(&folder)?;
        // Moved only when complete, so that no test finds half of it.
        let work = folder.with_extension("making");
        remove(&work)?;
        fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
        builds.rom(&work.join(ROM))?;
        for (version, features) in versions {
            let app = App {
                version,
                profile,
                features,
            };
            builds.app(&app, &work.join(format!("{version}.bin")))?;
        }
        script(&emulator.machine(), &work.join("machine"))?;
        fs::rename(&work, &folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// The file of the first flash, with nothing but the boot stage.
    pub(super) fn rom(&self) -> PathBuf {
        self.folder.join(ROM)
    }

    /// An app image.
    pub(super) fn image(&self, version: &str) -> PathBuf {
        self.folder.join(format!("{version}.bin"))
    }
}

/// Removes what an earlier call left, if it left anything.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))
}

/// Writes a script that does what a command does, with more arguments.
fn script(command: &Command, path: &Path) -> Result<()> {
    let mut text = "#!/bin/sh\n".to_owned();
    for (name, value) in command.get_envs() {
        let (name, value) = (name.display(), value.unwrap_or_default());
        let value = quoted(&value.display().to_string());
        let _ = writeln!(text, "export {name}={value}");
    }
    text += "exec";
    for word in [command.get_program()]
        .into_iter()
        .chain(command.get_args())
    {
        text += " ";
        text += &quoted(&word.display().to_string());
    }
    text += " \"$@\"\n";
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).context("making it a program")
}

/// A word of a shell's.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A build, and the features that make it special.
pub(super) type Version = (&'static str, &'static [&'static str]);

/// All builds. The first three are enough for one round of the story.
pub(super) const VERSIONS: &[Version] = &[
    ("1.0.0", &[]),
    ("2.0.0", &[]),
    ("2.0.1", &["hangs"]),
    ("2.1.0", &[]),
    ("2.1.1", &["hangs"]),
    ("2.2.0", &[]),
];
const ROM: &str = "rom.bin";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;

    #[test]
    fn a_script_does_what_its_command_does() {
        let folder = std::env::temp_dir().join(format!("xtask-script-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("it's one");
        let mut command = Command::new("sh");
        command.env("WORD", "a 'b' $c");
        command.args(["-c", "echo \"$WORD|$1|$2\"", "sh", "it's \"this\""]);
        script(&command, &path).unwrap();
        let said = process::output(Command::new(&path).arg("and more"));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(said.unwrap().trim(), "a 'b' $c|it's \"this\"|and more");
    }
}
