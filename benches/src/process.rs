//! Servers in processes of their own, held to one core, and what the kernel counts for them.

use std::{
    collections::HashMap,
    fs,
    process::{Child, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context as _, Result};
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

/// A process that is told to end when this is dropped, and is waited for.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

/// Nanoseconds of CPU time of each thread, at one moment.
pub(crate) type Threads = HashMap<u32, u64>;

impl Process {
    /// Starts a program on the servers' core. Its output comes through a pipe where `piped` says so.
    pub(crate) fn start(command: &mut Command, piped: bool) -> Result<Self> {
        let stdout = if piped { Stdio::piped() } else { Stdio::null() };
        command.stdin(Stdio::null()).stdout(stdout);
        // A child has the cores of the thread that made it.
        let ours = sched_getaffinity(None)?;
        sched_setaffinity(None, &one_of(&whole()?, 0))?;
        let started = command.spawn();
        sched_setaffinity(None, &ours)?;
        let name = command.get_program().display().to_string();
        let child = started.with_context(|| format!("{name} cannot be started"))?;
        Ok(Self { child })
    }

    /// What it prints.
    pub(crate) fn output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// Keeps the calling thread, which plays the devices, away from the servers' core, where there is another.
pub(crate) fn keep_apart() -> Result<()> {
    let all = whole()?;
    let last = all.count().saturating_sub(1);
    Ok(sched_setaffinity(
        None,
        &one_of(&all, usize::try_from(last)?),
    )?)
}

/// The CPU time of a process's threads until now.
///
/// # Errors
/// The system tells nothing of it: it has ended, or this is not Linux with `schedstat`.
pub(crate) fn threads(pid: u32) -> Result<Threads> {
    let mut threads = Threads::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = thread?;
        // One that ends while this looks is of no account.
        let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else {
            continue;
        };
        let first = text.split(' ').next().unwrap_or_default();
        let number = thread.file_name().to_string_lossy().parse()?;
        threads.insert(number, first.parse()?);
    }
    Ok(threads)
}

/// The CPU time that a process took since, in microseconds.
///
/// # Errors
/// As [`threads`].
pub(crate) fn cpu_us_since(pid: u32, before: &Threads) -> Result<f64> {
    let mut nanoseconds = 0;
    for (thread, now) in threads(pid)? {
        let had = before.get(&thread).copied().unwrap_or(0);
        nanoseconds += now.saturating_sub(had);
    }
    Ok(crate::cpu::microseconds(nanoseconds))
}

/// The memory of its own that a process has touched (`RssAnon`), in bytes.
///
/// # Errors
/// As [`threads`].
pub(crate) fn own_memory(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kib: u64 = kib.context("the system tells no RssAnon")?.trim().parse()?;
    Ok(kib * 1024)
}

/// The cores that this process was given: as of the first look, which is before any thread was moved.
fn whole() -> Result<CpuSet> {
    static WHOLE: OnceLock<CpuSet> = OnceLock::new();
    if let Some(whole) = WHOLE.get() {
        return Ok(*whole);
    }
    let found = sched_getaffinity(None)?;
    Ok(*WHOLE.get_or_init(|| found))
}

fn one_of(all: &CpuSet, place: usize) -> CpuSet {
    let mut one = CpuSet::new();
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
    if let Some(core) = cores.nth(place) {
        one.set(core);
    }
    one
}
