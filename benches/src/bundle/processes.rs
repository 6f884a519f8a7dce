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
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
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

    /// So many runs of each program that is there, one behind the other.
    pub(super) fn round(&self, runs: u32) -> Result<Vec<(&'static str, Vec<Times>)>> {
        let commands = [
            (OURS, self.ours("ours")),
            (OURS_ANEW, self.ours(ANEW)),
            (OURS_EMPTY, self.ours_empty()),
            (PYTHON, self.python()),
            (EMPTY_PYTHON, self.empty_python()),
        ];
        let mut rows = Vec::new();
        for (name, command) in commands {
            let Some(mut command) = command else { continue };
            let mut times = Vec::new();
            for _ in 0..runs {
                let anew = self.folder.path().join(ANEW);
                if anew.exists() {
                    fs::remove_dir_all(anew)?;
                }
                let run = Times::of(&mut command);
                times.push(run.with_context(|| name.to_owned())?);
            }
            rows.push((name, times));
        }
        Ok(rows)
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

    /// Five files: bundle, PEM, lock file and the lines for the build. In a folder that has them they are made and
    /// compared, and none is written.
    fn ours(&self, out: &str) -> Option<Command> {
        let mut command = Command::new(self.ours.as_ref()?);
        command.args([
            "trust", "bundle", "--idf", "master", "--out", out, "--pem", ROOTS,
        ]);
        Some(command.here(&self.folder))
    }

    /// What ours takes to start.
    fn ours_empty(&self) -> Option<Command> {
        let mut command = Command::new(self.ours.as_ref()?);
        command.arg("--version");
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

/// What one run took, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// On the clock at the wall.
    pub(crate) wall: f64,
    /// CPU time of its first thread, which is all that these have; where the system tells it: Linux does.
    pub(crate) cpu: Option<f64>,
}

impl Times {
    /// Runs it to its end, which must be a good one.
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let start = Instant::now();
        let mut child = command.spawn()?;
        let pid = Pid::from_child(&child);
        // Who has ended and was not waited for can still be asked.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), ended)?;
        let wall = start.elapsed().as_secs_f64() * 1000.0;
        let cpu = fs::read_to_string(format!("/proc/{}/schedstat", child.id()));
        let status = child.wait()?;
        ensure!(status.success(), "{status}");
        let nanoseconds = cpu.ok().and_then(|text| {
            let first = text.split(' ').next()?;
            first.parse::<f64>().ok()
        });
        Ok(Self {
            wall,
            cpu: nanoseconds.map(|nanoseconds| nanoseconds / 1e6),
        })
    }
}

const ROOTS: &str = "roots.pem";
/// A folder that is not there before a run.
const ANEW: &str = "anew";

pub(super) const OURS: &str = "countersign trust bundle";
pub(super) const OURS_ANEW: &str = "countersign trust bundle, into a new folder";
const OURS_EMPTY: &str = "countersign --version";
pub(super) const PYTHON: &str = "Python with cryptography, the bundle alone";
pub(super) const EMPTY_PYTHON: &str = "Python that does nothing";
