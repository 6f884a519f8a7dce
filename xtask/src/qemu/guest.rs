//! A machine that is switched on.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{emulator::Emulator, heap::Peaks, kit::quoted};

/// What a machine is switched on with.
#[derive(Clone)]
pub(super) struct Machine<'a> {
    pub(super) emulator: &'a Emulator,
    /// The file of the first flash, with the boot stage; the machine changes it.
    pub(super) rom: PathBuf,
    /// The file of the chip's flash.
    pub(super) flash: PathBuf,
    /// The server's ports on this computer, which are the machine's way out.
    pub(super) ports: Vec<u16>,
    /// What the app is told: names of files and their text.
    pub(super) told: Vec<(&'static str, String)>,
    /// Has instructions counted, and told; time follows them.
    pub(super) count: bool,
}

impl Machine<'_> {
    /// Switches it on.
    pub(super) fn start(&self) -> Result<Guest<'_>> {
        let (child, lines) = self.power_on()?;
        Ok(Guest {
            machine: self,
            child,
            lines,
            said: Vec::new(),
        })
    }

    fn power_on(&self) -> Result<(Child, Receiver<String>)> {
        let mut command = self.emulator.machine();
        command.args(["-netdev", &self.netdev()?]);
        for (node, path) in [("rom", &self.rom), ("flash", &self.flash)] {
            let file = option(&path.display().to_string());
            command.arg("-blockdev");
            command.arg(format!("driver=file,node-name={node},filename={file}"));
        }
        for (name, text) in &self.told {
            let text = option(text);
            command.arg("-fw_cfg");
            command.arg(format!("name=opt/countersign/{name},string={text}"));
        }
        if self.count {
            command.args(["-fw_cfg", "name=opt/countersign/count,string=yes"]);
            command.args(["-icount", "shift=3"]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting QEMU")?;
        let stdout = child.stdout.take().context("QEMU has no stdout")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok((child, lines))
    }

    /// A network that leads nowhere but to our ports.
    fn netdev(&self) -> Result<String> {
        let ourselves = std::env::current_exe().context("finding this program")?;
        let program = option(&quoted(&ourselves.display().to_string()));
        let ways = self.ports.iter().map(|port| {
            format!(",guestfwd=tcp:{OUTSIDE}:{port}-cmd:{program} pipe 127.0.0.1:{port}")
        });
        let ways: Vec<String> = ways.collect();
        Ok(format!("user,id=net,restrict=on{}", ways.concat()))
    }
}

/// A machine that is on. It is switched off, as by a cut of power, with its handle.
pub(super) struct Guest<'a> {
    machine: &'a Machine<'a>,
    child: Child,
    lines: Receiver<String>,
    /// All that it said.
    pub(super) said: Vec<String>,
}

impl Guest<'_> {
    /// Waits for a line that contains one of `wanted`, and shows all lines until then.
    pub(super) fn wait_for(&mut self, wanted: &[&str], peaks: &mut Peaks) -> Result<String> {
        let deadline = now() + PATIENCE;
        while let Some(line) = self.next(deadline, peaks)? {
            if wanted.iter().any(|wanted| line.contains(wanted)) {
                return Ok(line);
            }
        }
        let wanted = wanted.join("' or '");
        bail!("the machine did not say '{wanted}' within {PATIENCE:?}")
    }

    /// Lets the machine run for a while, or until it says `until`; tells whether it did.
    pub(super) fn run_for(
        &mut self,
        time: Duration,
        until: &str,
        peaks: &mut Peaks,
    ) -> Result<bool> {
        let deadline = now() + time;
        while let Some(line) = self.next(deadline, peaks)? {
            if line.contains(until) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next line, which is shown; none where none comes in time. A machine that is reset is started again.
    fn next(&mut self, deadline: Instant, peaks: &mut Peaks) -> Result<Option<String>> {
        loop {
            let left = deadline.saturating_duration_since(now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    println!("  {line}");
                    peaks.note(&line);
                    if WRONG.iter().any(|wrong| line.contains(wrong)) {
                        bail!("the machine is at fault: {line}");
                    }
                    self.said.push(line.clone());
                    return Ok(Some(line));
                }
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait().context("waiting for QEMU")?;
                    if !status.success() {
                        bail!("QEMU ended with {status}");
                    }
                    (self.child, self.lines) = self.machine.power_on()?;
                }
            }
        }
    }

    /// Switches it off, as a cut of power does.
    pub(super) fn cut_power(mut self) -> Result<()> {
        self.child.kill().context("killing QEMU")?;
        self.child.wait().context("waiting for QEMU")?;
        Ok(())
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A value within QEMU's options, in which a comma ends it.
fn option(text: &str) -> String {
    text.replace(',', ",,")
}

#[expect(
    clippy::disallowed_methods,
    reason = "no machine is waited for without end"
)]
fn now() -> Instant {
    Instant::now()
}

/// Where the machine finds us.
pub(super) const OUTSIDE: &str = "10.0.2.100";

/// What no machine of ours says.
const WRONG: &[&str] = &[
    "panicked",
    "trap:",
    "boot: nothing can be started",
    "app: the ",
];

/// How long a line may take; most take a second.
const PATIENCE: Duration = Duration::from_mins(2);
