//! The node, with what this machine has for it.

use core::pin::pin;

use countersign_mbedtls_link::{Library, LinkSettings, MbedCrypto, TlsLink, Versions};
use countersign_node::{
    Buffers, Clock as _, Crypto as _, Next, Node, Pace, Parts, Platform, Settings, Sha256 as _,
};
use countersign_protocol::{Author, AuthorId, UnixTime};
use qemu_virt_machine::{
    chip::{self, Chip},
    say,
};

use crate::{
    clock::Uptime,
    ethernet::Ethernet,
    heap,
    net::{Dialler, Network},
    once::Once,
    provisioned::{Provisioned, Unfit},
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
    Unfit(#[from] Unfit),
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
    let device = Provisioned::read(&mut chip)?;
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
    }; 4];
    let mut known = 0;
    for (author, public_key) in authors.iter_mut().zip(device.authors()) {
        let mut digest = crypto.sha256();
        digest.update(public_key);
        let id = AuthorId::from_spki_sha256(&digest.finish());
        *author = Author { id, public_key };
        known += 1;
    }
    let settings = Settings {
        server_host: device.server_host,
        server_port: device.server_port,
        product: device.product,
        authors: authors.get(..known).unwrap_or_default(),
        stores: &[],
        // No key is burnt into this machine.
        secure_boot: None,
        secure_version: 0,
        built: BUILT,
        running_slot: running,
        rollback: true,
        partition_table: esp_formats::partition_table::OFFSET,
        pace: pace(told.every_s),
    };
    // There is no partition for the anchors of stores yet: in one, the device would believe nobody.
    let mut link = LinkSettings::new(device.servers, None, device.identity);
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
        clock: Uptime,
        entropy: random,
        crypto,
        observer: Watcher { count },
    };
    let buffers = BUFFERS.take().ok_or(Halt::Machine("buffers"))?;
    let work = pin!(async {
        let mut node = Node::open(&settings, parts, buffers).await?;
        loop {
            let next = node.cycle().await?;
            watcher::tell_memory();
            match next {
                Next::Reboot => return Ok(()),
                Next::Sleep { seconds } => Uptime.sleep_ms(u64::from(seconds) * 1000).await,
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
    type Clock = Uptime;
    type Entropy = Random;
    type Crypto = MbedCrypto<'a>;
    type Observer = Watcher;
}

static RANDOM: Once<Option<Random>> = Once::new(None);
static BUFFERS: Once<Buffers> = Once::new(Buffers::new());

/// The descriptor's date, a day before: 1 January 2026.
const BUILT: UnixTime = UnixTime(1_767_225_600);
