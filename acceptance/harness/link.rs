//! The links over which a device comes, and scenarios that run over each.

use std::{net::Ipv4Addr, time::Duration};

use countersign_virtual_node::{Ended, Error, Event, Options};
use serde_json::{Value, json};

use super::{Guest, House, Image, composed, image};

/// A link, and whose it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Link {
    /// What most of this computer's is made by.
    Rustls,
    /// What a chip has; the program has it where it was built with it.
    #[cfg(feature = "mbedtls")]
    MbedTls,
    /// The same library in a machine without an operating system.
    Qemu(Guest),
}

impl Link {
    /// An image that a device over this link can run, of a version that QEMU's machine has.
    pub(crate) fn image(self, version: &str) -> Image {
        if let Self::Qemu(guest) = self {
            return guest.image(version);
        }
        image(version)
    }

    /// One that hangs.
    pub(crate) fn hanging(self, version: &str) -> Image {
        if let Self::Qemu(guest) = self {
            return guest.image(version);
        }
        composed(version, "esp32c3", true)
    }

    /// Runs the house's device until it has nothing more to do; `factory` is what it is born with. Gives its events, as
    /// `node run --json` has them.
    pub(crate) fn node(self, house: &House, factory: &Image, tls12: bool) -> Vec<Value> {
        let library = match self {
            Self::Rustls => "rustls",
            #[cfg(feature = "mbedtls")]
            Self::MbedTls => "mbedtls",
            Self::Qemu(_) => return self.told(house, factory, tls12),
        };
        let mut args = vec!["--tls", library];
        if tls12 {
            args.push("--tls12");
        }
        house.node("device", factory, &args)
    }

    fn told(self, house: &House, factory: &Image, tls12: bool) -> Vec<Value> {
        let flash = house.path("device/flash.bin");
        if !flash.exists() {
            house.make_flash("device", factory, |_| {});
        }
        let options = Options {
            tls12_only: tls12,
            ..Options::new(flash)
        };
        let (events, _) = self.power_on(options);
        events.iter().filter_map(told).collect()
    }

    /// Switches a machine on until it has nothing more to do; gives its events, and how it ended.
    pub(crate) fn power_on(self, options: Options) -> (Vec<Event>, Ended) {
        let options = Options {
            once: true,
            hosts: vec![("localhost".to_owned(), Ipv4Addr::LOCALHOST.into())],
            ..options
        };
        let mut events = Vec::new();
        let ended = on_one_thread().block_on(async {
            let machine = self.run(options, |event| events.push(event));
            tokio::time::timeout(HANGS, machine).await
        });
        let ended = ended.unwrap_or_else(|_| panic!("the machine never comes to rest"));
        (events, ended.unwrap())
    }

    /// Runs a machine over this link.
    pub(crate) async fn run(
        self,
        options: Options,
        on_event: impl FnMut(Event),
    ) -> Result<Ended, Error> {
        match self {
            Self::Rustls => countersign_virtual_node::run(options, on_event).await,
            #[cfg(feature = "mbedtls")]
            Self::MbedTls => {
                // There is one library in a process, and tests run side by side.
                static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
                let _alone = ALONE.lock().await;
                let library = countersign_virtual_node::library().unwrap();
                countersign_virtual_node::run_mbedtls(&library, options, on_event).await
            }
            Self::Qemu(guest) => Ok(guest.run(options, on_event).await),
        }
    }
}

/// What of an event the scenarios look at.
fn told(event: &Event) -> Option<Value> {
    let kind = match event {
        Event::Connected { tls, .. } => {
            return Some(json!({ "event": "connected", "tls": format!("TLS {tls}") }));
        }
        Event::AuthorsFollowed { sequence } => {
            return Some(json!({ "event": "authors-followed", "sequence": sequence }));
        }
        Event::AuthorsRefused { .. } => "authors-refused",
        Event::Confirmed { .. } => "confirmed",
        Event::Offered { .. } => "offered",
        Event::Reset { .. } => "reset",
        Event::RolledBack { .. } => "rolled-back",
        Event::Selected { .. } => "selected",
        Event::UpToDate { .. } => "up-to-date",
        Event::Verified => "verified",
        _ => return None,
    };
    Some(json!({ "event": kind }))
}

/// What a machine runs on: it stays on its thread, as a chip has but one.
pub(crate) fn on_one_thread() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap()
}

/// Makes each scenario a test over each library of this computer's.
macro_rules! over_each_library {
    ($($scenario:ident),+ $(,)?) => {
        mod over_rustls {
            $(#[test]
            fn $scenario() {
                super::$scenario($crate::harness::Link::Rustls);
            })+
        }

        #[cfg(feature = "mbedtls")]
        mod over_mbedtls {
            $(#[test]
            fn $scenario() {
                super::$scenario($crate::harness::Link::MbedTls);
            })+
        }
    };
}

/// The same, and over the machine in QEMU.
macro_rules! over_each_link {
    ($($scenario:ident),+ $(,)?) => {
        $crate::harness::over_each_library!($($scenario),+);

        mod over_mbedtls_in_qemu {
            $(#[test]
            fn $scenario() {
                if let Some(guest) = $crate::harness::Guest::find(stringify!($scenario)) {
                    super::$scenario($crate::harness::Link::Qemu(guest));
                }
            })+
        }
    };
}

pub(crate) use {over_each_library, over_each_link};

/// By then a machine that goes on would be done ten times over.
const HANGS: Duration = Duration::from_mins(10);
