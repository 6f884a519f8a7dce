//! Whole processes that make one bundle of the same 121 roots.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use countersign_roots::{BundleSettings, Release};
use countersign_x509::pem;
use tempfile::TempDir;

/// The programs, and a folder with the roots.
#[derive(Debug)]
pub(super) struct Bench {
    folder: TempDir,
    ours: Option<PathBuf>,
    python: Option<PathBuf>,
}

impl Bench {
    /// Writes the roots of ESP-IDF's branch `master`, without its local ones, and looks for the programs.
    pub(super) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("countersign-bench-")
            .tempdir()?;
        let release = Release::find("master").context("no branch master")?;
        let settings = BundleSettings {
            cross_signed: true,
            ..release.settings()
        };
        let roots: Vec<_> = release
            .roots(settings)
            .map(|root| root.certificate().clone())
            .collect();
        ensure!(roots.len() == 121, "there are {} roots", roots.len());
        fs::write(folder.path().join(ROOTS), pem::to_pem(&roots))?;
        // target/release/deps/bundle-0123456789abcdef
        let here = env::current_exe()?;
        let built = here.parent().and_then(Path::parent);
        let ours = built.map(|folder| folder.join("countersign"));
        let tools = env::var_os("COUNTERSIGN_TEST_TOOLS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin"),
            PathBuf::from,
        );
        Ok(Self {
            folder,
            ours: ours.filter(|program| program.is_file()),
            python: Some(tools.join("python")).filter(|program| program.is_file()),
        })
    }

    /// The mean of so many runs of each program that is there, in milliseconds; they take turns.
    pub(super) fn round(&self, runs: u32) -> Result<Vec<(&'static str, f64)>> {
        let mut times = Vec::new();
        let commands = [
            (OURS, self.ours()),
            (PYTHON, self.python()),
            (EMPTY_PYTHON, self.empty_python()),
        ];
        for (name, command) in commands {
            if command.is_some() {
                times.push((name, 0.0));
            }
        }
        for _ in 0..runs {
            let commands = [self.ours(), self.python(), self.empty_python()];
            for ((name, time), mut command) in times.iter_mut().zip(commands.into_iter().flatten())
            {
                *time += milliseconds(name, &mut command)? / f64::from(runs);
            }
        }
        Ok(times)
    }

    /// Demands that both made the same bundle.
    pub(super) fn compare(&self) -> Result<()> {
        if self.ours.is_some() && self.python.is_some() {
            let ours = fs::read(self.folder.path().join("ours/x509_crt_bundle"))?;
            let theirs = fs::read(self.folder.path().join("theirs"))?;
            ensure!(ours == theirs, "the bundles differ");
            ensure!(ours.len() == 56_244, "it has {} bytes", ours.len());
        }
        Ok(())
    }

    /// Six files: bundle, PEM, lock file and the lines for the build, the first time; then none, since nothing changed.
    fn ours(&self) -> Option<Command> {
        let mut command = Command::new(self.ours.as_ref()?);
        command.args([
            "trust", "bundle", "--idf", "master", "--out", "ours", "--pem", ROOTS,
        ]);
        Some(command.here(&self.folder))
    }

    /// The bundle alone.
    fn python(&self) -> Option<Command> {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../acceptance/tools/crt_bundle.py"
        );
        let mut command = Command::new(self.python.as_ref()?);
        command.args([script, "offsets", "theirs", ROOTS]);
        Some(command.here(&self.folder))
    }

    /// What Python takes to start.
    fn empty_python(&self) -> Option<Command> {
        let mut command = Command::new(self.python.as_ref()?);
        command.args(["-c", ""]);
        Some(command.here(&self.folder))
    }
}

trait Here {
    fn here(self, folder: &TempDir) -> Self;
}

impl Here for Command {
    /// In the folder, without a word.
    fn here(mut self, folder: &TempDir) -> Self {
        self.current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn milliseconds(name: &str, command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let status = command.status().with_context(|| name.to_owned())?;
    let time = start.elapsed().as_secs_f64() * 1000.0;
    ensure!(status.success(), "{name}: {status}");
    Ok(time)
}

const ROOTS: &str = "roots.pem";

pub(super) const OURS: &str = "countersign trust bundle";
pub(super) const PYTHON: &str = "Python with cryptography, the bundle alone";
pub(super) const EMPTY_PYTHON: &str = "Python that does nothing";
