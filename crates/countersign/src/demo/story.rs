//! The story, step by step: the first act, in which all is honest, and what both acts use.

use std::{
    fmt,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use countersign_keys::{FileKey, Passphrases};
use countersign_operations::view::{DeviceView, EnrolledView, ReleaseView};
use countersign_trust::IdfRelease;

use super::{
    cast::{self, Server, Told},
    props::{Images, Prop, Stage},
    report::{Refusal, Report, Step},
};
use crate::{
    cli::{self, Demo},
    command,
    files::{self, Mode},
    operator::{self, Operator},
    state,
};

/// The story under way.
pub(super) struct Story<'a> {
    pub(super) stage: &'a Stage,
    pub(super) images: Images,
    pub(super) report: Report,
    /// Where the download plane is.
    pub(super) download_url: String,
    quiet: bool,
    /// That of the newest manifest that the author has signed.
    counter: u64,
}

/// Plays it all. The server is left up.
pub(super) async fn play(stage: &Stage, asked: &Demo, json: bool) -> Result<(Report, Server)> {
    let start = cast::now();
    let images = Images::make(stage, asked.image.as_deref())?;
    let mut story = Story {
        stage,
        images,
        report: Report::default(),
        download_url: String::new(),
        quiet: json,
        counter: 0,
    };
    let what = if asked.image.is_some() {
        "taken from --image"
    } else {
        "composed"
    };
    let update = story.images.update.clone();
    story.done(
        start,
        "image",
        format!("{} for {}, {what}", update.version, story.images.chip),
        Some(update.size),
    );
    story.init().await?;
    let server = story.serve().await?;
    let enrolled = story.enroll().await?;
    story.update().await?;
    story.roll_back().await?;
    story.measure(&server).await?;
    story.second_act(&server, &enrolled).await?;
    if asked.keep {
        // One that has refused nothing yet, for whoever tries by hand.
        story.enroll_as(BY_HAND, stage.by_hand()).await?;
    }
    Ok((story.report, server))
}

impl Story<'_> {
    /// 1. A state directory, by the same code as `countersign init`.
    async fn init(&mut self) -> Result<()> {
        let start = cast::now();
        let init = cli::Init {
            name: NAME.to_owned(),
            hosts: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            product: PRODUCT.to_owned(),
            author_key: Some(self.stage.author_key()),
            author: None,
            encrypt_keys: false,
            device_issuing_key: None,
            server_issuing_key: None,
            unsigned_images: true,
            chip: None,
        };
        state::found(&self.stage.state(), &init, &Passphrases::new(None)).await?;
        end_addresses_soon(&state::Layout::new(&self.stage.state()).settings())?;
        self.done(
            start,
            "init",
            "device and server authorities, server certificate, author's key".to_owned(),
            None,
        );
        Ok(())
    }

    /// 2. The server, a process of its own.
    async fn serve(&mut self) -> Result<Server> {
        let start = cast::now();
        let server = Server::start(self.stage).await?;
        self.download_url.clone_from(&server.view.download_url);
        self.done(
            start,
            "serve",
            format!("device plane at {}", server.view.device_url),
            None,
        );
        Ok(server)
    }

    /// 3. A device gets its identity; its flash holds an older version.
    async fn enroll(&mut self) -> Result<EnrolledView> {
        let start = cast::now();
        let enrolled = self.enroll_as(DEVICE, self.stage.device()).await?;
        self.report.device.id.clone_from(&enrolled.id);
        self.report.device.chip = self.images.chip.to_string();
        self.done(
            start,
            "enroll",
            format!("{} as {}", enrolled.id, enrolled.urn),
            None,
        );
        Ok(enrolled)
    }

    /// 4. A release is signed, published, offered, fetched, believed, booted and confirmed.
    async fn update(&mut self) -> Result<()> {
        let image = self.images.update.clone();
        self.publish(&image).await?;
        let start = cast::now();
        let told = self.device(&[]).await?;
        let before = version_of(told.0.iter().find(|event| event["event"] == "boot"))?;
        let after = version_of(Some(told.must("confirmed")?))?;
        if after != image.version {
            bail!(
                "the device confirmed {after}, and {} was published",
                image.version
            );
        }
        let connected = told.must("connected")?;
        connected["tls"]
            .as_str()
            .unwrap_or("?")
            .clone_into(&mut self.report.device.tls);
        self.report.device.handshake_us = connected["handshake_us"].as_u64().unwrap_or(0);
        let slot = told.must("selected")?["slot"]
            .as_str()
            .unwrap_or("?")
            .to_owned();
        self.report
            .device
            .running_version
            .before
            .clone_from(&before);
        self.report
            .device
            .running_version
            .after_update
            .clone_from(&after);
        let detail = format!(
            "{before} to {after}: downloaded, verified, written to {slot}, booted, confirmed"
        );
        self.done(start, "update", detail, Some(image.size));
        self.expect_offer(&after, "confirmed").await
    }

    /// 5. A release that never confirms goes back at the next boot, and the server hears of it.
    async fn roll_back(&mut self) -> Result<()> {
        let image = self.images.hangs.clone();
        self.publish(&image).await?;
        let start = cast::now();
        let told = self.device(&[]).await?;
        told.must("rolled-back")?;
        let after = version_of(told.last("boot"))?;
        self.report
            .device
            .running_version
            .after_rollback
            .clone_from(&after);
        if after != self.report.device.running_version.after_update {
            bail!("the device went back to {after}");
        }
        let detail = format!(
            "{} started, hung and was reset; back on {after}, and the server knows",
            image.version
        );
        self.done(start, "roll-back", detail, Some(image.size));
        self.expect_offer(&image.version, "rolled-back").await
    }

    /// 6. What a check-in costs the server, each with a handshake of its own.
    async fn measure(&mut self, server: &Server) -> Result<()> {
        let start = cast::now();
        let before = server.look(self.stage).await?;
        self.device(&["--repeat", CHECK_INS]).await?;
        let after = server.look(self.stage).await?;
        let count = after.check_ins.saturating_sub(before.check_ins);
        let spent = after.cpu_us.saturating_sub(before.cpu_us);
        self.report.server.check_ins_measured = count;
        self.report.server.cpu_us_per_check_in = spent
            .checked_div(count)
            .context("the device never checked in")?;
        self.done(
            start,
            "check-ins",
            format!("{count} more, with a full handshake each"),
            None,
        );
        Ok(())
    }

    /// Has the author sign an image, and publishes it.
    pub(super) async fn publish(&mut self, image: &Prop) -> Result<ReleaseView> {
        let start = cast::now();
        let manifest = self.signed(image)?;
        let mut operator = self.operator().await?;
        let release = command::publish(&mut operator, &image.path, &manifest).await?;
        let detail = format!("{} signed by its author and published", release.version);
        self.done(start, "publish", detail, Some(image.size));
        Ok(release)
    }

    /// The author signs an image, as newer than all that came before; gives where the manifest is.
    pub(super) fn signed(&mut self, image: &Prop) -> Result<PathBuf> {
        command::sign(&self.terms(image), &Passphrases::new(None))
    }

    /// What the author would say of an image.
    pub(super) fn terms(&mut self, image: &Prop) -> cli::ReleaseSign {
        self.counter += 1;
        cli::ReleaseSign {
            image: image.path.clone(),
            key: self.stage.author_key(),
            product: PRODUCT.to_owned(),
            counter: Some(self.counter),
            not_after: None,
            add: false,
            out: None,
            image_keys: Vec::new(),
            image_out: None,
        }
    }

    /// Gives a device its identity, in a folder of the stage.
    pub(super) async fn enroll_as(&self, id: &str, out: PathBuf) -> Result<EnrolledView> {
        let asked = cli::DeviceEnroll {
            stores: cli::Stores::default(),
            wifi: cli::Wifi::default(),
            id: id.to_owned(),
            out,
            product: None,
            idf: IDF.to_owned(),
        };
        command::enroll(&mut self.operator().await?, &asked).await
    }

    /// Runs the device of the first act until it has nothing more to do.
    pub(super) async fn device(&self, more: &[&str]) -> Result<Told> {
        self.run(&self.stage.device(), more).await
    }

    /// Runs the device of a folder until it has nothing more to do.
    pub(super) async fn run(&self, folder: &Path, more: &[&str]) -> Result<Told> {
        let bar = !self.quiet && std::io::stderr().is_terminal();
        cast::device(self.stage, folder, &self.images, more, bar).await
    }

    /// The server must have heard how the offer of a version ended.
    pub(super) async fn expect_offer(&self, version: &str, state: &str) -> Result<()> {
        let path = operator::path("/v1/devices/", DEVICE, "");
        let device: DeviceView = self.operator().await?.get(&path).await?;
        let offer = device
            .offers
            .iter()
            .find(|offer| offer.version.as_deref() == Some(version));
        match offer {
            Some(offer) if offer.state == state => Ok(()),
            other => bail!("the server should know that {version} was {state}, and has {other:?}"),
        }
    }

    pub(super) async fn operator(&self) -> Result<Operator> {
        Operator::running(&self.stage.state()).await
    }

    /// Keeps a step for the report, and shows it.
    pub(super) fn done(
        &mut self,
        start: Instant,
        name: &'static str,
        detail: String,
        bytes: Option<u64>,
    ) {
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !self.quiet {
            eprintln!("{:<10} {detail}", name.replace('-', " "));
        }
        self.report.steps.push(Step {
            name,
            detail,
            bytes,
            ms,
        });
    }

    /// Keeps a refusal for the report, and shows it.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        if !self.quiet {
            let (what, by) = (refusal.what, refusal.by);
            eprintln!("refused    {what}, by the {by}: {}", refusal.because());
        }
        self.report.refusals.push(refusal);
    }
}

impl fmt::Debug for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Story")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

/// Has signed URLs end within seconds, so that one that has ended can be shown: a setting like any other.
fn end_addresses_soon(settings: &Path) -> Result<()> {
    let text = files::read_text(settings)?;
    let mut found = 0;
    let lines = text.lines().map(|line| {
        let name = line.split_once(" = ").map_or("", |(name, _)| name);
        let value = match name {
            "slowest_rate" => SLOWEST_RATE,
            "patience_s" => PATIENCE_S,
            _ => return format!("{line}\n"),
        };
        found += 1;
        format!("{name} = {value}\n")
    });
    let text: String = lines.collect();
    if found != 2 {
        bail!("{} does not say how long URLs live", settings.display());
    }
    files::write(settings, text.as_bytes(), Mode::Public)
}

/// Writes the folder of an enrolled device again, with another address or other trust.
pub(super) fn write_again(folder: &Path, enrolled: &EnrolledView) -> Result<()> {
    let key = FileKey::load(&folder.join("device.key"))?;
    let idf: IdfRelease = IDF.parse().context(IDF)?;
    command::write_device(folder, enrolled, &key, idf, command::DeviceExtra::default())
}

fn version_of(event: Option<&serde_json::Value>) -> Result<String> {
    let version = event.and_then(|event| event["version"].as_str());
    Ok(version
        .context("the device did not say what it runs")?
        .to_owned())
}

/// What the authorities are called.
pub(super) const NAME: &str = "Countersign demo";
/// The product.
pub(super) const PRODUCT: &str = "demo";
/// The device: a MAC address.
const DEVICE: &str = "7cdfa1000001";
/// The device for trying by hand.
const BY_HAND: &str = "7cdfa1000002";
/// How many check-ins the server's cost is measured over.
const CHECK_INS: &str = "50";
/// The ESP-IDF release of the devices' firmware.
pub(super) const IDF: &str = "v5.5";
/// The slowest download that URLs are made for, in bytes per second, and what they live beyond it, in seconds: 3 in all
/// for an image of ours, which takes a tenth of a second on loopback.
const SLOWEST_RATE: u32 = 1024 * 1024;
const PATIENCE_S: u32 = 2;
