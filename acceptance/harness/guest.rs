//! The machine in QEMU as a device: `cargo xtask qemu` built it, its flash is a virtual ESP32's, and what it says on its
//! serial line is told as that one tells it.

mod told;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{OnceLock, atomic::Ordering},
    thread,
    time::Duration,
};

use countersign_node::{Blocks, Scheme};
use countersign_virtual_node::{Ended, Event, Options, ResetCause, Time, TrustedKeys};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use self::told::{Said, Told};
use super::{Image, skip};

/// What the gate's step `qemu` left for tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Guest {
    folder: &'static Path,
}

impl Guest {
    /// Finds it; where it is not there, the test says so loudly, and is counted as skipped.
    pub(crate) fn find(test: &str) -> Option<Self> {
        static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
        let folder = FOLDER.get_or_init(|| std::env::var_os("COUNTERSIGN_QEMU").map(PathBuf::from));
        if folder.is_none() {
            let install = "cargo xtask test --only qemu,tests";
            skip(test, "the node built for QEMU, and QEMU 9.0", install);
        }
        let folder = folder.as_deref()?;
        Some(Self { folder })
    }

    /// One of its apps; those of a later version are as long as the first.
    pub(crate) fn image(&self, version: &str) -> Image {
        let path = self.folder.join(format!("{version}.bin"));
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Image {
            version: version.to_owned(),
            bytes,
        }
    }

    /// Runs it, as [`countersign_virtual_node::run`] does: to drop the future is to cut the power.
    ///
    /// Time is hurried: what the node waits for is added to the options' time. Of that, whatever else is added passes for
    /// the machine as well.
    pub(crate) async fn run(&self, options: Options, mut on_event: impl FnMut(Event)) -> Ended {
        let rom = self.rom_for(&options.flash);
        let mut hurry = Hurry::new(options.time.clone());
        let mut told = Told::default();
        let mut resets = 0;
        let mut power = self.power_on(&rom, &options);
        loop {
            let line = tokio::time::timeout(LOOK, power.lines.recv()).await;
            power.tell(&hurry.due());
            let Ok(line) = line else { continue };
            let Some(line) = line else {
                power.has_ended();
                on_event(Event::Reset {
                    why: ResetCause::Node,
                });
                resets += 1;
                assert!(resets <= MAX_RESETS, "the machine does nothing but reset");
                power = self.power_on(&rom, &options);
                continue;
            };
            match told.hear(&line) {
                Said::Nothing => {}
                Said::Event(event) => on_event(event),
                Said::Taken(bytes) => {
                    options.taken.fetch_add(bytes, Ordering::Relaxed);
                }
                Said::Waits(time) => power.tell(&hurry.wait(time)),
                Said::Idle => {
                    let booted = told.booted();
                    if told.up_to_date() {
                        on_event(Event::UpToDate {
                            version: booted.version.clone(),
                        });
                    }
                    if options.once && !booted.on_trial {
                        return Ended {
                            slot: booted.slot,
                            version: booted.version.clone(),
                            checked_in: told.checked_in(),
                            resets,
                        };
                    }
                    told.begin_cycle();
                }
            }
        }
    }

    /// Gives a machine a first flash of its own, since code is copied into it, and its second one the length that QEMU wants:
    /// of what is added, nobody reads.
    fn rom_for(&self, flash: &Path) -> PathBuf {
        let rom = flash.with_extension("rom");
        if !rom.exists() {
            let mut boot = fs::read(self.folder.join("rom.bin")).unwrap();
            boot.truncate(BOOT_STAGE);
            fs::write(&rom, boot).unwrap();
        }
        for file in [&rom, flash] {
            let file = fs::File::options().write(true).open(file).unwrap();
            file.set_len(FLASH_LEN).unwrap();
        }
        rom
    }

    fn power_on(&self, rom: &Path, options: &Options) -> Power {
        let mut machine = Command::new(self.folder.join("machine"));
        // Who is at this computer's own address is found by the machine at its router's.
        let outside = |address: &IpAddr| match address {
            IpAddr::V4(Ipv4Addr::LOCALHOST) => Ipv4Addr::new(10, 0, 2, 2),
            other => panic!("the machine has no way to {other}"),
        };
        let hosts = options.hosts.iter();
        let hosts = hosts.map(|(name, address)| format!("{name}={}", outside(address)));
        let hosts = hosts.collect::<Vec<_>>().join(" ");
        let tls = if options.tls12_only { "1.2" } else { "1.3" };
        let mut efuse = options.secure_version.to_string();
        if let Some(TrustedKeys {
            scheme,
            digests,
            blocks: Blocks::Any,
        }) = &options.secure_boot
        {
            let [digest] = &digests[..] else {
                panic!("the machine takes one key")
            };
            efuse += match scheme {
                Scheme::Rsa3072 => " rsa3072 ",
                _ => " p256 ",
            };
            efuse.extend(digest.iter().map(|byte| format!("{byte:02x}")));
        }
        for (name, text) in [
            ("efuse", &*efuse),
            ("hosts", &hosts),
            ("hurried", "yes"),
            ("tls", tls),
        ] {
            let file = format!("name=opt/countersign/{name},string={text}");
            machine.args(["-fw_cfg", &file]);
        }
        for (node, file) in [("rom", rom), ("flash", &options.flash)] {
            let file = file.to_str().unwrap().replace(',', ",,");
            let drive = format!("driver=file,node-name={node},filename={file}");
            machine.args(["-blockdev", &drive]);
        }
        machine.args(["-netdev", "user,id=net"]);
        let mut child = machine
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{machine:?}: {error}"));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = unbounded_channel();
        thread::spawn(move || {
            for line in stdout.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let stdin = child.stdin.take().unwrap();
        Power {
            child,
            stdin,
            lines,
        }
    }
}

/// A machine that is on. It is switched off with its handle.
struct Power {
    child: Child,
    stdin: ChildStdin,
    lines: UnboundedReceiver<String>,
}

impl Power {
    /// A machine that is just being reset hears nothing.
    fn tell(&mut self, bytes: &[u8]) {
        let _ = self.stdin.write_all(bytes);
    }

    /// Demands that it ended by a reset, and not by a fault.
    fn has_ended(&mut self) {
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        assert!(status.success(), "QEMU ended with {status}: {said}");
    }
}

impl Drop for Power {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The time of the scenario and that of the machine, kept together.
struct Hurry {
    time: Time,
    /// What of the time's skipping the machine knows.
    known: Duration,
}

impl Hurry {
    fn new(time: Time) -> Self {
        let known = time.skipped();
        Self { time, known }
    }

    /// What the machine has to be told: a byte for each second that was skipped meanwhile.
    fn due(&mut self) -> Vec<u8> {
        let seconds = self.time.skipped().saturating_sub(self.known).as_secs();
        self.known += Duration::from_secs(seconds);
        vec![b's'; usize::try_from(seconds).unwrap()]
    }

    /// Lets a wait of the machine be over.
    fn wait(&mut self, time: Duration) -> Vec<u8> {
        let before = self.time.skipped();
        self.time.skip(time);
        // Nothing where time is not hurried; then it is for the machine all the same.
        self.known += self.time.skipped().saturating_sub(before).min(time);
        b"+".to_vec()
    }
}

/// How often it is looked whether time was skipped.
const LOOK: Duration = Duration::from_millis(2);
/// In all: an update that works needs one, one that hangs two.
const MAX_RESETS: u32 = 8;
/// Where the region begins that code is copied to.
const BOOT_STAGE: usize = 256 << 10;
/// The length of each flash.
const FLASH_LEN: u64 = 32 << 20;
