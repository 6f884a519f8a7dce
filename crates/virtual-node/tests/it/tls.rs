//! The libraries over which the same scenarios run.

use std::future::Future;
use std::sync::mpsc;

use countersign_node::Link;
use countersign_virtual_node::{
    Anchors, Ended, Error, Event, Identity, LinkSettings, Options, TlsLink, run,
};

/// A library that makes TLS.
pub(crate) trait Tls {
    /// Its links.
    type Link: Link;

    /// A link, and what it tells.
    fn link(
        &self,
        settings: LinkSettings,
        anchors: &Anchors,
        identity: &Identity,
    ) -> (Self::Link, mpsc::Receiver<Event>);

    /// Switches a machine on.
    async fn run(&self, options: Options, on_event: impl FnMut(Event)) -> Result<Ended, Error>;
}

/// rustls, as most that runs on a computer.
pub(crate) struct Rustls;

impl Tls for Rustls {
    type Link = TlsLink;

    fn link(
        &self,
        settings: LinkSettings,
        anchors: &Anchors,
        identity: &Identity,
    ) -> (TlsLink, mpsc::Receiver<Event>) {
        let (sender, events) = mpsc::channel();
        let link = TlsLink::new(settings, anchors, identity).with_events(sender);
        (link, events)
    }

    async fn run(&self, options: Options, on_event: impl FnMut(Event)) -> Result<Ended, Error> {
        run(options, on_event).await
    }
}

/// Waits for a scenario.
pub(crate) fn block_on(scenario: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(scenario);
}

#[cfg(feature = "mbedtls")]
pub(crate) mod mbedtls {
    use std::sync::{Mutex, Once, PoisonError, mpsc};

    use countersign_virtual_node::{
        Anchors, Ended, Error, Event, Identity, Library, LinkSettings, MbedTlsLink, Memory,
        Options, library, run_mbedtls,
    };

    use super::Tls;
    use crate::heap::count_the_library;

    /// Mbed TLS, as on a chip.
    pub(crate) struct MbedTls<'l>(&'l Library);

    impl MbedTls<'_> {
        /// There is one library in a process, and the tests are many.
        pub(crate) fn alone(scenario: impl FnOnce(&MbedTls<'_>)) {
            with_library(|library| scenario(&MbedTls(library)));
        }
    }

    /// The library itself, whose allocations are counted where somebody counts.
    pub(crate) fn with_library(run: impl FnOnce(&Library)) {
        let _alone = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
        COUNTS.call_once(count_the_library);
        run(&library().unwrap());
    }

    static COUNTS: Once = Once::new();

    static LIBRARY: Mutex<()> = Mutex::new(());

    impl<'l> Tls for MbedTls<'l> {
        type Link = MbedTlsLink<'l>;

        fn link(
            &self,
            settings: LinkSettings,
            anchors: &Anchors,
            identity: &Identity,
        ) -> (MbedTlsLink<'l>, mpsc::Receiver<Event>) {
            let (sender, events) = mpsc::channel();
            let memory = Box::leak(Box::new(Memory::new(settings, anchors.clone(), identity)));
            let link = MbedTlsLink::new(self.0, memory).with_events(sender);
            (link, events)
        }

        async fn run(&self, options: Options, on_event: impl FnMut(Event)) -> Result<Ended, Error> {
            run_mbedtls(self.0, options, on_event).await
        }
    }
}

/// Makes each scenario a test over each library.
macro_rules! scenarios {
    ($($scenario:ident),+ $(,)?) => {
        mod over_rustls {
            use crate::tls::{Rustls, block_on};

            $(#[test]
            fn $scenario() {
                block_on(super::$scenario(&Rustls));
            })+
        }

        #[cfg(feature = "mbedtls")]
        mod over_mbedtls {
            use crate::tls::{block_on, mbedtls::MbedTls};

            $(#[test]
            fn $scenario() {
                MbedTls::alone(|tls| block_on(super::$scenario(tls)));
            })+
        }
    };
}

pub(crate) use scenarios;
