//! `countersign node run`: a virtual ESP32, made of what `device enroll` wrote.

use std::{io::IsTerminal as _, path::Path, process::ExitCode};

use anyhow::{Context, Result, bail};
use countersign_images::check_image;
use countersign_provision::{
    flash::{Part, assemble},
    layout::{self, FlashLayout},
};
use countersign_virtual_node::{
    Event,
    compose::{App, app_image},
    machine::{self, Options},
};
use esp_formats::app_image::ChipId;
use indicatif::ProgressBar;

use super::device_enroll::{AUTHOR_SET, NVS, SECURE_CERT, TRUST, TRUST_STORES};
use crate::{
    cli::{Global, NodeRun, TlsLibrary},
    files::{self, Mode},
    output,
};

mod event;

/// Runs a virtual ESP32. It ends well when its last check-in was answered.
pub(super) async fn run(global: &Global, asked: &NodeRun) -> Result<ExitCode> {
    if asked.tls == TlsLibrary::Mbedtls && cfg!(not(feature = "mbedtls")) {
        bail!(
            "this program was built without Mbed TLS; build it with `--features mbedtls`, or leave out `--tls mbedtls`"
        )
    }
    let flash = asked.dir.join("flash.bin");
    if !flash.exists() {
        make_flash(&flash, asked)?;
    }
    let mut options = Options::new(flash);
    options.once = asked.once;
    options.poll_override_s = Some(asked.every).filter(|every| *every != 0);
    options.tls12_only = asked.tls12;
    let mut show = Show::new(global.json);
    let mut checked_in = true;
    for _ in 0..asked.repeat {
        let ended = switch_on(asked.tls, options.clone(), |event| show.event(&event)).await?;
        checked_in = ended.checked_in;
    }
    Ok(if checked_in {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs it with the library that was asked for.
async fn switch_on(
    tls: TlsLibrary,
    options: Options,
    on_event: impl FnMut(Event),
) -> Result<machine::Ended> {
    #[cfg(feature = "mbedtls")]
    if tls == TlsLibrary::Mbedtls {
        let library = countersign_virtual_node::library().context("setting Mbed TLS up")?;
        return Ok(machine::run_mbedtls(&library, options, on_event).await?);
    }
    // Without the feature nothing else comes here.
    let _ = tls;
    Ok(machine::run(options, on_event).await?)
}

/// Puts the flash together as a factory would: the partitions of the folder, and an app in `ota_0`.
fn make_flash(path: &Path, asked: &NodeRun) -> Result<()> {
    let part = |name: &str| {
        files::read(&asked.dir.join(name)).with_context(|| {
            format!(
                "{} is no folder of `countersign device enroll`",
                asked.dir.display()
            )
        })
    };
    let (nvs, secure_cert, trust) = (part(NVS)?, part(SECURE_CERT)?, part(TRUST)?);
    // A device without stores has none.
    let stores = match asked.dir.join(TRUST_STORES) {
        path if path.exists() => files::read(&path)?,
        _ => Vec::new(),
    };
    // Nor has one an author set whose product had none when it was enrolled.
    let authors = match asked.dir.join(AUTHOR_SET) {
        path if path.exists() => files::read(&path)?,
        _ => Vec::new(),
    };
    let app = match &asked.image {
        Some(image) => {
            let bytes = files::read(image)?;
            check_image(&bytes).with_context(|| image.display().to_string())?;
            bytes
        }
        None => app_image(&App {
            chip: ChipId::ESP32_C3,
            version: "1.0.0",
            project: "virtual-node",
            hangs: false,
            size: 64 * 1024,
        })?,
    };
    let layout = match asked.flash_size {
        Some(mib) => mib.checked_mul(1024 * 1024).and_then(FlashLayout::of_flash),
        None => FlashLayout::for_image(u32::try_from(app.len())?),
    };
    let Some(layout) = layout else {
        bail!(
            "a virtual ESP32 has 4, 8 or 16 MiB of flash, and an image must fit one of two slots in it"
        )
    };
    let data = |label, data| Part { label, data };
    let flash = assemble(
        &layout,
        &[
            data(layout::NVS, &nvs),
            data(layout::SECURE_CERT, &secure_cert),
            data(layout::TRUST, &trust),
            data(layout::TRUST_STORES, &stores),
            data(layout::AUTHORS, &authors),
            data(layout::OTA_0, &app),
        ],
    )?;
    // The device's private key is in it.
    files::write(path, &flash, Mode::Secret)
}

/// Shows what happens on the device, as it happens.
struct Show {
    json: bool,
    bar: Option<ProgressBar>,
    tenths: u32,
}

impl Show {
    fn new(json: bool) -> Self {
        Self {
            json,
            bar: None,
            tenths: 0,
        }
    }

    fn event(&mut self, event: &Event) {
        if self.json {
            let told = event::json(event);
            println!("{told}");
            return;
        }
        if let Event::Progress { done, total } = event {
            self.progress(*done, *total);
            return;
        }
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        println!("{}", event::text(event));
    }

    /// A bar where somebody looks, a line for each tenth where somebody reads later.
    fn progress(&mut self, done: u32, total: u32) {
        if std::io::stderr().is_terminal() {
            let bar = self
                .bar
                .get_or_insert_with(|| output::download_bar(total.into()));
            bar.set_position(done.into());
            return;
        }
        let tenths = u64::from(done)
            .saturating_mul(10)
            .checked_div(total.into())
            .unwrap_or(0);
        let tenths = u32::try_from(tenths).unwrap_or(10);
        if tenths > self.tenths || done == total {
            println!("downloading  {done} of {total} bytes");
        }
        self.tenths = if done == total { 0 } else { tenths };
    }
}
