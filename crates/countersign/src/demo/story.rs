//! The story, step by step.

use std::{fmt, io::IsTerminal as _, path::PathBuf, time::Instant};

use anyhow::{Context as _, Result, bail};
use countersign_operations::view::{DeviceView, RefusedView, ReleaseView};

use super::{
    cast::{self, Server, Told},
    forger, impostor,
    props::{Images, Prop, Stage},
    report::{Refusal, Report, Step},
};
use crate::{
    cli::{self, Demo},
    command,
    operator::{self, Operator},
    state,
};

/// The story under way.
struct Story<'a> {
    stage: &'a Stage,
    images: Images,
    report: Report,
    quiet: bool,
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
    story.meet_impostor(&enrolled).await?;
    story.meet_forger().await?;
    if asked.keep {
        // One that has refused nothing yet, for whoever tries by hand.
        let asked = device(BY_HAND, stage.by_hand());
        command::enroll(&mut story.operator().await?, &asked).await?;
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
            unsigned_images: true,
            chip: None,
        };
        state::found(&self.stage.state(), &init).await?;
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
        self.done(
            start,
            "serve",
            format!("device plane at {}", server.view.device_url),
            None,
        );
        Ok(server)
    }

    /// 3. A device gets its identity; its flash holds an older version.
    async fn enroll(&mut self) -> Result<countersign_operations::view::EnrolledView> {
        let start = cast::now();
        let asked = device(DEVICE, self.stage.device());
        let enrolled = command::enroll(&mut self.operator().await?, &asked).await?;
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

    /// 7. Somebody else's CA certified a device under our device's name: the server refuses it.
    async fn meet_impostor(
        &mut self,
        enrolled: &countersign_operations::view::EnrolledView,
    ) -> Result<()> {
        let start = cast::now();
        impostor::make(self.stage, enrolled, NAME)?;
        let told =
            cast::device(self.stage, &self.stage.impostor(), &self.images, &[], false).await?;
        if told.last("confirmed").is_some() || told.last("up-to-date").is_some() {
            bail!("the impostor was admitted");
        }
        let refusals: Vec<RefusedView> = self.operator().await?.get("/v1/refusals").await?;
        let refused = refusals
            .into_iter()
            .find(|refused| refused.claimed.as_deref() == Some(DEVICE))
            .context("the server does not say that it refused anybody")?;
        self.report.refusals.push(Refusal {
            name: "impostor",
            what: format!("a device that another CA certified as {DEVICE}"),
            by: "server",
            reason: refused.reason,
            reason_text: refused.reason_text,
        });
        self.done(
            start,
            "impostor",
            format!("came as {DEVICE}, and was turned away"),
            None,
        );
        Ok(())
    }

    /// 8. The owner of the server changed a release: the device refuses it.
    async fn meet_forger(&mut self) -> Result<()> {
        let image = self.images.forged.clone();
        let release = self.publish(&image).await?;
        let start = cast::now();
        let honest = forger::forge(self.stage, &image, &release).await?;
        let told = self.device(&[]).await?;
        forger::repent(self.stage, &honest).await?;
        let refused = told.must("refused")?;
        let text = |name: &str| refused[name].as_str().unwrap_or("?").to_owned();
        self.report.refusals.push(Refusal {
            name: "forger",
            what: format!("release {}, changed by the server's owner", image.version),
            by: "device",
            reason: text("reason"),
            reason_text: text("reason_text"),
        });
        self.done(
            start,
            "forger",
            format!(
                "{} was changed in store and database, and not taken",
                image.version
            ),
            None,
        );
        self.expect_offer(&image.version, "refused").await
    }

    async fn publish(&mut self, image: &Prop) -> Result<ReleaseView> {
        let start = cast::now();
        self.counter += 1;
        let manifest = command::sign(&cli::ReleaseSign {
            image: image.path.clone(),
            key: self.stage.author_key(),
            product: PRODUCT.to_owned(),
            counter: Some(self.counter),
            not_after: None,
            out: None,
        })?;
        let mut operator = self.operator().await?;
        let release = command::publish(&mut operator, &image.path, &manifest).await?;
        let detail = format!("{} signed by its author and published", release.version);
        self.done(start, "publish", detail, Some(image.size));
        Ok(release)
    }

    async fn device(&self, more: &[&str]) -> Result<Told> {
        let bar = !self.quiet && std::io::stderr().is_terminal();
        cast::device(self.stage, &self.stage.device(), &self.images, more, bar).await
    }

    /// The server must have heard how the offer of a version ended.
    async fn expect_offer(&self, version: &str, state: &str) -> Result<()> {
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

    async fn operator(&self) -> Result<Operator> {
        Operator::running(&self.stage.state()).await
    }

    fn done(&mut self, start: Instant, name: &'static str, detail: String, bytes: Option<u64>) {
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
}

impl fmt::Debug for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Story")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

fn device(id: &str, out: PathBuf) -> cli::DeviceEnroll {
    cli::DeviceEnroll {
        id: id.to_owned(),
        out,
        product: None,
        idf: "v5.5".to_owned(),
    }
}

fn version_of(event: Option<&serde_json::Value>) -> Result<String> {
    let version = event.and_then(|event| event["version"].as_str());
    Ok(version
        .context("the device did not say what it runs")?
        .to_owned())
}

/// What the authorities are called.
const NAME: &str = "Countersign demo";
/// The product.
const PRODUCT: &str = "demo";
/// The device: a MAC address.
const DEVICE: &str = "7cdfa1000001";
/// The device for trying by hand.
const BY_HAND: &str = "7cdfa1000002";
/// How many check-ins the server's cost is measured over.
const CHECK_INS: &str = "50";
