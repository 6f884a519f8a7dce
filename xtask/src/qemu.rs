//! `cargo xtask qemu`: the node on a bare rv32imc machine in QEMU, against a real server.

mod bench;
mod build;
mod emulator;
mod guest;
mod heap;
mod house;
mod kit;
mod pack;
mod pipe;
mod random;
mod story;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use self::{
    kit::VERSIONS,
    story::{Stage, Told},
};
use crate::{gate, process, riscv::Core, workspace};

pub(crate) use self::{
    build::Builds,
    emulator::Emulator,
    kit::{Kit, remove},
};

/// Hands a connection of the machine on to the server; QEMU starts it.
///
/// # Errors
///
/// When nobody listens at the address.
pub(crate) fn pipe(address: &str) -> Result<()> {
    pipe::run(address)
}

/// What the command was asked for.
#[derive(Default)]
struct Asked {
    /// Measures, rather than telling the story.
    bench: bool,
    /// Plays the tests' scenarios, rather than telling the story.
    scenarios: bool,
    /// Tells one round of the story.
    short: bool,
    keep: Option<PathBuf>,
    seed: Option<u64>,
}

/// Tells the story, or says what is missing for it.
///
/// # Errors
///
/// When a line of the story does not come, or something that it takes is not there.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let asked = Asked::read(options)?;
    let emulator = Emulator::find()?.map_err(anyhow::Error::msg)?;
    let core = Core::find()?.map_err(anyhow::Error::msg)?;
    let builds = Builds::new(core)?;
    if asked.bench {
        return measure(&emulator, &builds, &asked);
    }
    let kit = make_kit(&emulator, &builds)?;
    if asked.scenarios {
        return gate::scenarios(&kit);
    }
    tell(&emulator, &kit, profile(), &asked)
}

/// Tells the story for the gate, and leaves what the step `tests` plays its scenarios with.
///
/// # Errors
///
/// When a line of the story does not come.
pub(crate) fn tell_for_gate(emulator: &Emulator, builds: &Builds) -> Result<()> {
    let kit = make_kit(emulator, builds)?;
    tell(emulator, &kit, profile(), &Asked::default())?;
    if profile() == PREBUILT {
        return Ok(());
    }
    // One round of it with what is there without a C compiler.
    let folder = Kit::folder(&workspace::target_dir()?).with_extension(PREBUILT);
    let versions = VERSIONS.get(..3).unwrap_or_default();
    let kit = Kit::make(emulator, builds, PREBUILT, versions, folder)?;
    let asked = Asked {
        short: true,
        ..Asked::default()
    };
    tell(emulator, &kit, PREBUILT, &asked)
}

fn make_kit(emulator: &Emulator, builds: &Builds) -> Result<Kit> {
    let folder = Kit::folder(&workspace::target_dir()?);
    Kit::make(emulator, builds, profile(), VERSIONS, folder)
}

/// The library that comes compiled.
const PREBUILT: &str = "prebuilt";

/// What is enough for our servers, where it can be compiled; else what was compiled beforehand.
pub(crate) fn profile() -> &'static str {
    if can_compile() {
        "small,records-4096"
    } else {
        PREBUILT
    }
}

/// Whether Mbed TLS can be compiled here.
fn can_compile() -> bool {
    let there = |program: &str| process::works(Command::new(program).arg("--version"));
    ["clang", "cmake", "ninja"].into_iter().all(there)
}

fn tell(emulator: &Emulator, kit: &Kit, profile: &str, asked: &Asked) -> Result<()> {
    let folder = Folder::make(asked)?;
    let seed = asked.seed.unwrap_or_else(any_seed);
    println!("{}, Mbed TLS {profile}, seed {seed}", emulator.version());
    let told = story::tell(&Stage {
        emulator,
        kit,
        program: program()?,
        folder: folder.path.clone(),
        seed,
        short: asked.short,
    })
    .with_context(|| format!("with seed {seed}"))?;
    folder.leave()?;
    let Told { peaks, cuts, lines } = told;
    println!("\n{lines} lines as they should be, power cut {cuts} times at random moments");
    println!(
        "peak heap: {} bytes; stack: {} bytes; Mbed TLS {profile}",
        peaks.heap, peaks.stack
    );
    Ok(())
}

fn measure(emulator: &Emulator, builds: &Builds, asked: &Asked) -> Result<()> {
    if !can_compile() {
        bail!("compiling Mbed TLS takes clang, cmake and ninja");
    }
    let folder = Folder::make(asked)?;
    let table = bench::measure(emulator, builds, &program()?, &folder.path)?;
    folder.leave()?;
    println!("\n{}\n\n{table}", emulator.version());
    Ok(())
}

/// Where everything is made.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn make(asked: &Asked) -> Result<Self> {
        let path = match &asked.keep {
            Some(folder) => folder.clone(),
            None => workspace::target_dir()?.join("qemu-story"),
        };
        let keep = asked.keep.is_some();
        if !keep && path.exists() {
            std::fs::remove_dir_all(&path).context("clearing an earlier story")?;
        }
        if path.join("house").exists() {
            bail!("there is a story in {} already", path.display());
        }
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self { path, keep })
    }

    /// Clears up, unless it is to be kept.
    fn leave(self) -> Result<()> {
        if self.keep {
            return Ok(());
        }
        std::fs::remove_dir_all(&self.path).context("clearing up")
    }
}

/// Builds the program, with the features that the gate's tests have, so that both share one build.
fn program() -> Result<PathBuf> {
    let args = [
        "build",
        "--locked",
        "--package",
        "countersign",
        "--features",
    ];
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    process::succeed(cargo.args(args).arg(gate::features()))?;
    Ok(workspace::target_dir()?.join("debug/countersign"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "other moments each time; the seed that is shown gives the same ones again"
)]
fn any_seed() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| since.as_secs())
}

impl Asked {
    fn read(options: &[&str]) -> Result<Self> {
        let mut asked = Self::default();
        let mut rest = options;
        loop {
            rest = match rest {
                [] => return Ok(asked),
                ["--bench", rest @ ..] => {
                    asked.bench = true;
                    rest
                }
                ["--scenarios", rest @ ..] => {
                    asked.scenarios = true;
                    rest
                }
                ["--short", rest @ ..] => {
                    asked.short = true;
                    rest
                }
                ["--keep", folder, rest @ ..] => {
                    asked.keep = Some(Path::new(folder).to_owned());
                    rest
                }
                ["--seed", seed, rest @ ..] => {
                    asked.seed = Some(seed.parse().context("--seed takes a number")?);
                    rest
                }
                other => bail!(
                    "unknown arguments: {}; see `cargo xtask --help`",
                    other.join(" ")
                ),
            };
        }
    }
}
