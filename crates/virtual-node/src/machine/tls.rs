//! Which library makes a machine's TLS, and its cryptography.

use std::future::Future;

use crate::crypto::AwsLc;
use crate::flash::FileFlash;
use crate::machine::app::{self, Channel, Exit, Start};
use crate::machine::boot::{BootStage, Booted};
use crate::machine::provisioned::Provisioned;
use crate::machine::{Error, Options};
use crate::{Event, TlsLink};

/// A library, by which the app can be run.
pub(super) trait Tls {
    /// Runs the app in fresh memory, until it wants a reset or has nothing to do.
    fn app(
        &self,
        flash: &mut FileFlash,
        stage: &BootStage,
        booted: &Booted,
        options: &Options,
        on_event: &mut impl FnMut(Event),
    ) -> impl Future<Output = Result<Exit, Error>>;
}

/// rustls and aws-lc.
pub(super) struct Rustls;

impl Tls for Rustls {
    async fn app(
        &self,
        flash: &mut FileFlash,
        stage: &BootStage,
        booted: &Booted,
        options: &Options,
        on_event: &mut impl FnMut(Event),
    ) -> Result<Exit, Error> {
        let device = &Provisioned::read(flash, stage)?;
        let channel = Channel::new();
        let link = TlsLink::new(options.link(), &device.anchors, &device.identity)
            .with_events(channel.sender.clone());
        let start = Start {
            flash,
            booted,
            options,
            device,
        };
        Box::pin(app::run(start, link, AwsLc, channel, on_event)).await
    }
}

/// Mbed TLS.
#[cfg(feature = "mbedtls")]
pub(super) struct MbedTls<'a>(pub(super) &'a countersign_mbedtls_link::Library);

#[cfg(feature = "mbedtls")]
impl Tls for MbedTls<'_> {
    async fn app(
        &self,
        flash: &mut FileFlash,
        stage: &BootStage,
        booted: &Booted,
        options: &Options,
        on_event: &mut impl FnMut(Event),
    ) -> Result<Exit, Error> {
        use crate::link::mbedtls::{MbedTlsLink, Memory};

        let device = &Provisioned::read(flash, stage)?;
        let channel = Channel::new();
        let memory = Memory::new(options.link(), device.anchors.clone(), &device.identity);
        let link = MbedTlsLink::new(self.0, &memory).with_events(channel.sender.clone());
        let start = Start {
            flash,
            booted,
            options,
            device,
        };
        let crypto = countersign_mbedtls_link::MbedCrypto::new(self.0);
        Box::pin(app::run(start, link, crypto, channel, on_event)).await
    }
}
