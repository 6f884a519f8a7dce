//! The machine around the node: power, boot stage, watchdog, resets.

mod app;
mod boot;
mod build_time;
mod error;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod image;
mod provisioned;
mod secure_boot;
mod tls;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use countersign_esp_boot::Slot;

pub use error::Error;
pub use image::VIRTUAL_HANG;
pub use secure_boot::TrustedKeys;

use crate::clock::Time;
use crate::flash::FileFlash;
use crate::{Event, LinkSettings, ResetCause};
use app::Exit;
use boot::BootStage;
use tls::{Rustls, Tls};

/// Which machine is switched on, and how it is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file with the whole chip's flash.
    pub flash: PathBuf,
    /// Ends when the node has nothing to do until its next check-in: an update, its reboot, its confirmation and its
    /// report included. Otherwise the machine runs until its future is dropped.
    pub once: bool,
    /// Seconds between check-ins, whatever the server says.
    pub poll_override_s: Option<u32>,
    /// Offers TLS 1.2 alone.
    pub tls12_only: bool,
    /// Whether boot stage and app are built with `CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE`.
    pub rollback: bool,
    /// The keys in the chip's eFuse, where it has Secure Boot v2: the app refuses what they did not sign. The boot stage does
    /// not look at signatures, so that a test sees what the app let through.
    pub secure_boot: Option<TrustedKeys>,
    /// The secure version in the chip's eFuse.
    pub secure_version: u32,
    /// How long an image on its first boot has for its first successful check-in, in seconds.
    pub self_test_s: Option<u32>,
    /// How long an image may hang before the watchdog resets the machine.
    pub watchdog: Duration,
    /// Addresses of names that are not asked for in DNS.
    pub hosts: Vec<(String, IpAddr)>,
    /// How time passes.
    pub time: Time,
    /// Counts the bytes that the machine takes from the network, those of TLS included.
    pub taken: Arc<AtomicU64>,
}

impl Options {
    /// A machine with this flash that runs until it is dropped, with rollback and both versions of TLS.
    pub fn new(flash: PathBuf) -> Self {
        Self {
            flash,
            once: false,
            poll_override_s: None,
            tls12_only: false,
            rollback: true,
            secure_boot: None,
            secure_version: 0,
            self_test_s: None,
            watchdog: Duration::from_millis(200),
            hosts: Vec::new(),
            time: Time::default(),
            taken: Arc::default(),
        }
    }

    fn link(&self) -> LinkSettings {
        LinkSettings {
            tls12_only: self.tls12_only,
            hosts: self.hosts.clone(),
            time: self.time.clone(),
            taken: Arc::clone(&self.taken),
            ..LinkSettings::default()
        }
    }
}

/// How a machine stood when it had nothing more to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ended {
    /// The slot that ran.
    pub slot: Slot,
    /// The version that ran.
    pub version: String,
    /// Whether a server answered the last check-in.
    pub checked_in: bool,
    /// How often the machine was reset.
    pub resets: u32,
}

/// Switches a machine on and runs it, telling what happens.
///
/// To drop the future is to cut the power. It is `Send` where `on_event` is, and needs a tokio runtime with I/O and
/// time.
///
/// # Errors
/// [`Error`] where the flash does not hold what a device needs, nothing in it boots, or the machine does nothing but
/// reset.
pub async fn run(options: Options, on_event: impl FnMut(Event)) -> Result<Ended, Error> {
    power_on(&Rustls, options, on_event).await
}

/// Does what [`run`] does with Mbed TLS, the library that a chip has, for TLS and cryptography.
///
/// The future stays on the library's thread.
///
/// # Errors
/// Those of [`run`].
#[cfg(feature = "mbedtls")]
pub async fn run_mbedtls(
    library: &countersign_mbedtls_link::Library,
    options: Options,
    on_event: impl FnMut(Event),
) -> Result<Ended, Error> {
    power_on(&tls::MbedTls(library), options, on_event).await
}

async fn power_on(
    tls: &impl Tls,
    options: Options,
    mut on_event: impl FnMut(Event),
) -> Result<Ended, Error> {
    let mut flash = FileFlash::open(&options.flash)?;
    let stage = BootStage::new(&mut flash, options.rollback)?;
    let (mut resets, mut in_a_row) = (0_u32, 0_u32);
    loop {
        let booted = stage.boot(&mut flash, &mut on_event)?;
        let why = if booted.image.hangs {
            tokio::time::sleep(options.watchdog).await;
            ResetCause::Watchdog
        } else {
            let app = tls.app(&mut flash, &stage, &booted, &options, &mut on_event);
            match app.await? {
                Exit::Idle { checked_in } => {
                    let (slot, version) = (booted.slot, booted.image.version);
                    return Ok(Ended {
                        slot,
                        version,
                        checked_in,
                        resets,
                    });
                }
                Exit::Reset { slept } => {
                    in_a_row = if slept { 0 } else { in_a_row };
                    ResetCause::Node
                }
            }
        };
        on_event(Event::Reset { why });
        resets = resets.saturating_add(1);
        in_a_row += 1;
        if in_a_row > MAX_RESETS {
            return Err(Error::ResetLoop { resets: in_a_row });
        }
    }
}

/// Resets in a row, without the node ever having had nothing to do in between: an update that works needs one, one that
/// hangs two.
const MAX_RESETS: u32 = 8;

#[cfg(test)]
mod tests;
