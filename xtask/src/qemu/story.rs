//! The story: one device from its first check-in to its revocation, power cuts included.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{
    emulator::Emulator,
    guest::{Guest, Machine, OUTSIDE},
    heap::Peaks,
    house::{House, Server},
    kit::Kit,
    random::Random,
};

/// What the story is told with.
pub(super) struct Stage<'a> {
    pub(super) emulator: &'a Emulator,
    pub(super) kit: &'a Kit,
    /// The program.
    pub(super) program: PathBuf,
    /// Where everything is made.
    pub(super) folder: PathBuf,
    pub(super) seed: u64,
    /// Ends after one round, with nobody revoked.
    pub(super) short: bool,
}

/// What came of it.
pub(super) struct Told {
    pub(super) peaks: Peaks,
    /// How often the power was cut at a random moment.
    pub(super) cuts: u32,
    /// Lines that were waited for, and came.
    pub(super) lines: u32,
}

/// Tells the whole story; an error is a line that did not come.
pub(super) fn tell(stage: &Stage<'_>) -> Result<Told> {
    // The machine changes it.
    let rom = stage.folder.join("rom.bin");
    std::fs::copy(stage.kit.rom(), &rom).context("copying the boot stage")?;
    // What is signed lies beside its manifest.
    let image = |version: &str| {
        let path = stage.folder.join(format!("{version}.bin"));
        std::fs::copy(stage.kit.image(version), &path)
            .with_context(|| format!("copying version {version}"))?;
        anyhow::Ok(path)
    };

    chapter("an installation, a device, and its flash as a factory makes it");
    let house = House::make(&stage.program, stage.folder.join("house"))?;
    let server = house.serve(None)?;
    let (said, flash) = house.make_device(DEVICE, &image("1.0.0")?)?;
    for line in said.lines() {
        println!("  virtual ESP32: {line}");
    }

    let newest = Machine {
        emulator: stage.emulator,
        rom,
        flash,
        ports: server.ports.to_vec(),
        told: vec![
            ("hosts", format!("localhost={OUTSIDE}")),
            ("every", "1".to_owned()),
        ],
        count: false,
    };
    let mut usual = newest.clone();
    usual.told.push(("tls", "1.2".to_owned()));
    let mut story = Story {
        machine: &newest,
        house,
        random: Random::new(stage.seed),
        told: Told {
            peaks: Peaks::default(),
            cuts: 0,
            lines: 0,
        },
    };
    chapter("the machine checks in");
    let mut guest = story.machine.start()?;
    story.demand(&mut guest, &["app: this is 1.0.0", "node: checked in"])?;
    guest.cut_power()?;

    let rounds = if stage.short { &ROUNDS[..1] } else { ROUNDS };
    for (round, [good, bad]) in rounds.iter().enumerate() {
        let counter = u32::try_from(round * 2)?;
        story.update(counter + 1, good, &image(good)?)?;
        story.roll_back(counter + 2, good, bad, &image(bad)?)?;
        // The second time with what TLS most devices have.
        story.machine = &usual;
    }
    let last = rounds.last().map_or("", |round| round[0]);
    story.take_over(last, rounds)?;
    if stage.short {
        return Ok(story.told);
    }
    let server = story.swap_the_server(stage, server, last)?;
    story.revoke()?;
    story.is_refused("the peer refused our certificate")?;
    story.machine = &newest;
    story.is_refused("node: check-in failed: not-admitted")?;
    drop(server);
    Ok(story.told)
}

struct Story<'a> {
    machine: &'a Machine<'a>,
    house: House,
    random: Random,
    told: Told,
}

impl Story<'_> {
    /// A release that works, with the power cut at random moments until it is in the flash.
    fn update(&mut self, counter: u32, version: &str, image: &std::path::Path) -> Result<()> {
        chapter(&format!(
            "{version} is published; the power is cut at random moments, until it is selected"
        ));
        self.house.publish(image, counter)?;
        for _ in 0..CUTS_PER_UPDATE {
            let mut guest = self.machine.start()?;
            if let Some(cut) = self.at_some_moment(&mut guest)? {
                guest.cut_power()?;
                println!("  -- power cut {cut}");
                self.told.cuts += 1;
            } else {
                return self.first_boot(guest, version);
            }
        }
        let mut guest = self.machine.start()?;
        self.demand(&mut guest, &[SELECTED])?;
        self.first_boot(guest, version)
    }

    /// Lets the machine run to a moment at random; none where the new image was selected before. From then on a cut of
    /// power would be the image's failed first boot, which is another story.
    fn at_some_moment(&mut self, guest: &mut Guest<'_>) -> Result<Option<String>> {
        let some = usize::try_from(self.random.below(MOMENTS.len() as u64))?;
        let after = MOMENTS.get(some).copied().unwrap_or_default();
        let ms = self.random.below(LONGEST_MS);
        let peaks = &mut self.told.peaks;
        let line = guest.wait_for(&[after, SELECTED], peaks)?;
        let time = Duration::from_millis(ms);
        if line.contains(SELECTED) || guest.run_for(time, SELECTED, peaks)? {
            return Ok(None);
        }
        Ok(Some(format!("{ms} ms after '{after}'")))
    }

    /// The image that was selected starts, and proves itself.
    fn first_boot(&mut self, mut guest: Guest<'_>, version: &str) -> Result<()> {
        self.demand(
            &mut guest,
            &[
                "its first boot",
                &format!("app: this is {version}"),
                &format!("node: confirmed {version}"),
                "node: reported confirmed",
            ],
        )?;
        guest.cut_power()?;
        Ok(())
    }

    /// A release that hangs on its first boot.
    fn roll_back(
        &mut self,
        counter: u32,
        good: &str,
        bad: &str,
        image: &std::path::Path,
    ) -> Result<()> {
        chapter(&format!(
            "{bad} is published, which hangs; the watchdog ends it"
        ));
        self.house.publish(image, counter)?;
        let mut guest = self.machine.start()?;
        self.demand(
            &mut guest,
            &[
                &format!("app: this is {good}"),
                &format!("node: offered {bad}"),
                SELECTED,
                "its first boot",
                &format!("app: this is {bad}"),
                "never confirmed itself",
                &format!("app: this is {good}"),
                "that release is barred",
                "node: reported rolled-back",
                "node: checked in",
            ],
        )?;
        guest.cut_power()
    }

    /// Another server at the same address, with a root of its own; then ours again.
    fn swap_the_server(&mut self, stage: &Stage<'_>, ours: Server, last: &str) -> Result<Server> {
        chapter("another server is at the address, with another root");
        let ports = ours.ports;
        drop(ours);
        let impostor = House::make(&stage.program, stage.folder.join("impostor"))?;
        let swapped = impostor.serve(Some(ports))?;
        let mut guest = self.machine.start()?;
        self.demand(
            &mut guest,
            &[
                &format!("app: this is {last}"),
                "the peer could not prove itself",
                "node: check-in failed",
            ],
        )?;
        drop(swapped);
        chapter("ours is back");
        let ours = self.house.serve(Some(ports))?;
        self.demand(&mut guest, &["node: checked in"])?;
        guest.cut_power()?;
        Ok(ours)
    }

    /// The computer's own device goes on with the machine's flash, and the server knows how every offer ended.
    fn take_over(&mut self, version: &str, rounds: &[[&str; 2]]) -> Result<()> {
        chapter("a virtual ESP32 goes on with the machine's flash");
        let device = self.house.text(DEVICE);
        let said = self.house.run(&["node", "run", "--once", &device])?;
        for line in said.lines() {
            println!("  virtual ESP32: {line}");
        }
        self.require(&said, &format!("up to date   {version}"))?;
        let shown = self.house.run(&["--json", "device", "show", DEVICE])?;
        let shown: Value = serde_json::from_str(&shown).context("what the server knows")?;
        let ends = shown["offers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|offer| {
                let text = |name: &str| offer[name].as_str().unwrap_or_default();
                format!("{} {}", text("version"), text("state"))
            });
        let ends = ends.collect::<Vec<_>>().join("; ");
        println!("  server: {ends}");
        for [good, bad] in rounds {
            self.require(&ends, &format!("{good} confirmed"))?;
            self.require(&ends, &format!("{bad} rolled-back"))?;
        }
        Ok(())
    }

    fn revoke(&mut self) -> Result<()> {
        chapter("the device is revoked");
        let args = ["device", "revoke", DEVICE, "--reason", "stolen"];
        self.house.run(&args).map(drop)
    }

    /// No check-in is answered, and the machine says why.
    fn is_refused(&mut self, why: &str) -> Result<()> {
        let mut guest = self.machine.start()?;
        self.demand(&mut guest, &[why])?;
        if guest.said.iter().any(|line| line.contains("checked in")) {
            bail!("a revoked device was answered");
        }
        guest.cut_power()
    }

    /// Looks for something in what somebody said.
    fn require(&mut self, said: &str, wanted: &str) -> Result<()> {
        if !said.contains(wanted) {
            bail!("nothing was said of '{wanted}'");
        }
        self.told.lines += 1;
        Ok(())
    }

    /// Waits for lines, in this order.
    fn demand(&mut self, guest: &mut Guest<'_>, wanted: &[&str]) -> Result<()> {
        for line in wanted {
            guest.wait_for(&[line], &mut self.told.peaks)?;
            self.told.lines += 1;
        }
        Ok(())
    }
}

fn chapter(text: &str) {
    println!("\n{text}");
}

/// The device's name.
const DEVICE: &str = "7cdfa1000001";

/// A release that works and one that does not, twice from the same flash.
const ROUNDS: &[[&str; 2]] = &[["2.0.0", "2.0.1"], ["2.1.0", "2.1.1"]];

const CUTS_PER_UPDATE: u32 = 8;
/// After which lines the power is cut,
const MOMENTS: &[&str] = &[
    "boot: ota_",
    "app: this is",
    "node: checked in",
    "node: offered",
    "node: downloaded",
];
/// and within how many milliseconds.
const LONGEST_MS: u64 = 400;
const SELECTED: &str = "node: selected";
