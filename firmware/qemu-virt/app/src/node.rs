//! The node, with what this machine has for it.

use core::{pin::pin, slice};

use countersign_mbedtls_link::{Library, LinkSettings, MbedCrypto, TlsLink, Versions};
use countersign_node::{
    Blocks, Buffers, Clock as _, Next, Node, Pace, Parts, Platform, Scheme, SecureBoot, Settings,
    provisioned::{MAX_NUMBERED, author as author_of},
};
use countersign_protocol::{Author, AuthorId, UnixTime};
use qemu_virt_machine::{
    chip::{self, Chip},
    efuse::{Efuse, Garbled},
    say,
};

use crate::{
    clock::{Uptime, Waits},
    ethernet::Ethernet,
    heap,
    net::{Dialler, Network},
    once::Once,
    provisioned::{self, Provisioned},
    random::Random,
    run::block_on,
    settings,
    virtio::{Adapter, Devices},
    watcher::{self, Told, Watcher},
};

/// Why the app cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    /// The flash does not hold what a device needs.
    #[error("the flash is not as a factory leaves it: {0}")]
    Unfit(#[from] provisioned::Fault),
    /// What was burnt into the machine.
    #[error(transparent)]
    Efuse(#[from] Garbled),
    /// A device is not there, or somebody took it.
    #[error("the machine has no {0}")]
    Machine(&'static str),
    /// Mbed TLS.
    #[error("Mbed TLS: {0}")]
    Library(countersign_mbedtls_link::Error),
    /// The node.
    #[error("node: {0}")]
    Node(#[from] countersign_node::Error),
}

/// Runs the node until it wants a reset.
pub(crate) fn run(running: Option<u8>) -> Result<(), Halt> {
    let told = settings::Settings::read();
    let (_, mut chip) = chip::take().ok_or(Halt::Machine("flash"))?;
    let Provisioned {
        settings: device,
        identity,
        servers,
        stores,
    } = Provisioned::read(&mut chip)?;
    let devices = Devices::find().ok_or(Halt::Machine("network, or no random numbers"))?;
    let random = Random::new(devices.rng);
    let ethernet = Adapter::new(devices.net).and_then(Ethernet::new);
    let network = ethernet.and_then(|ethernet| Network::new(ethernet, told.hosts, random));
    let network = network.ok_or(Halt::Machine("network"))?;
    let library = Library::new(
        RANDOM
            .take()
            .ok_or(Halt::Machine("random numbers"))?
            .insert(random),
    );
    let library = library.map_err(Halt::Library)?;
    say!(
        "app: device {} of product {}, {} bytes of heap, {}",
        device.device,
        device.product,
        heap::used().size,
        countersign_mbedtls_link::LIBRARY,
    );

    let crypto = MbedCrypto::new(&library);
    let mut authors = [const {
        Author {
            id: AuthorId([0; 8]),
            public_key: &[],
        }
    }; MAX_NUMBERED];
    let mut known = 0;
    for (author, public_key) in authors.iter_mut().zip(device.authors()) {
        *author = author_of(&crypto, public_key);
        known += 1;
    }
    let efuse = Efuse::read()?;
    let trusted = efuse.secure_boot.map(|key| {
        let scheme = if key.rsa {
            Scheme::Rsa3072
        } else {
            Scheme::EcdsaP256
        };
        (scheme, key.digest)
    });
    let settings = Settings {
        server_host: device.server_host,
        server_port: device.server_port,
        product: device.product,
        authors: authors.get(..known).unwrap_or_default(),
        stores: device.stores(),
        secure_boot: trusted.as_ref().map(|(scheme, key)| SecureBoot {
            scheme: *scheme,
            keys: slice::from_ref(key),
            blocks: Blocks::Any,
        }),
        secure_version: efuse.secure_version,
        built: BUILT,
        running_slot: running,
        rollback: true,
        partition_table: esp_formats::partition_table::OFFSET,
        pace: pace(told.every_s),
    };
    let mut link = LinkSettings::new(servers, stores, identity);
    if told.tls12_only {
        link.versions = Versions::Tls12;
    }
    let count = told.count;
    let parts = Parts::<Machine<'_>> {
        flash: chip,
        link: Told {
            link: TlsLink::new(&library, link, Dialler(network), Uptime),
            count,
        },
        clock: Waits,
        entropy: random,
        crypto,
        observer: Watcher { count },
    };
    let buffers = BUFFERS.take().ok_or(Halt::Machine("buffers"))?;
    let work = pin!(async {
        let mut node = Node::open(&settings, parts, buffers).await?;
        loop {
            let next = node.cycle().await?;
            watcher::tell_use();
            match next {
                Next::Reboot => return Ok(()),
                Next::Sleep { seconds } => {
                    say!("app: nothing to do for {seconds} s");
                    Waits.sleep_ms(u64::from(seconds) * 1000).await;
                }
            }
        }
    });
    block_on(work)
}

fn pace(every_s: Option<u32>) -> Pace {
    let mut pace = Pace::default();
    if let Some(seconds) = every_s {
        (pace.check_in_min_s, pace.check_in_max_s) = (seconds.max(1), seconds.max(1));
    }
    pace
}

/// The machine as the node's platform.
#[derive(Debug)]
struct Machine<'a>(core::marker::PhantomData<&'a ()>);

impl<'a> Platform for Machine<'a> {
    type Flash = Chip;
    type Link = Told<'a>;
    type Clock = Waits;
    type Entropy = Random;
    type Crypto = MbedCrypto<'a>;
    type Observer = Watcher;
}

static RANDOM: Once<Option<Random>> = Once::new(None);
static BUFFERS: Once<Buffers> = Once::new(Buffers::new());

/// The descriptor's date, a day before: 1 January 2026.
const BUILT: UnixTime = UnixTime(1_767_225_600);
