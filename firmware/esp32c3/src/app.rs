//! The parts put together, and the node run until it wants a reset.

use alloc::{format, vec::Vec};
use core::cell::Cell;

use countersign_mbedtls_link::{Error, Library, LinkSettings, MbedCrypto, TlsLink};
use countersign_node::{Buffers, Node, Pace, Parts, Platform, Settings, provisioned::author};
use countersign_protocol::{Author, UnixTime};
use embassy_executor::Spawner;
use embassy_net::StackResources;
use esp_formats::partition_table;
use esp_hal::{efuse, peripherals::Peripherals, rng::Trng, rtc_cntl::Rtc, timer::timg::TimerGroup};
use esp_println::println;
use esp_storage::FlashStorage;
use static_cell::{ConstStaticCell, StaticCell};

use crate::{
    dial::{self, Dialer},
    fault::Fault,
    flash::Flash,
    provisioned::{Chip, Provisioned},
    serial::Serial,
    station,
    uptime::Uptime,
    watchdog,
};

/// Runs the node; ends where it wants a reset.
pub(crate) async fn run(spawner: Spawner, peripherals: Peripherals) -> Result<(), Fault> {
    let mut rtc = Rtc::new(peripherals.RTC_TIMER);
    watchdog::start(&mut rtc);

    let mut chip = Chip::open(FlashStorage::new(peripherals.FLASH))?;
    let running_slot = chip.running_slot()?;
    let place = running_slot.map_or_else(|| "factory".into(), |slot| format!("ota_{slot}"));
    println!("{PROJECT} {VERSION} runs in {place}");
    let device = Provisioned::read(&mut chip)?;
    println!(
        "device {}, a {}, of https://{}:{}",
        device.device, device.product, device.server_host, device.server_port
    );

    // The scheduler, in which the radio's driver has its own tasks.
    let timers = TimerGroup::new(peripherals.TIMG0);
    esp_rtos::start(timers.timer0, peripherals.FROM_CPU_INTR0);
    let (controller, interface) = station::start(peripherals.WIFI, &device.wifi)?;
    // From here on the radio is on, whose noise makes the numbers true ones. Before that they are not, and the type
    // cannot be had.
    let random = Trng::try_new().map_err(|_| Fault::Random)?;
    let mut seed = [0; 8];
    random.read(&mut seed);
    let (stack, runner) = embassy_net::new(
        interface,
        embassy_net::Config::dhcpv4(embassy_net::DhcpConfig::default()),
        SOCKETS.take(),
        u64::from_le_bytes(seed),
    );
    spawner.spawn(watchdog::feed(rtc).map_err(Fault::Task)?);
    spawner.spawn(station::keep_joined(controller).map_err(Fault::Task)?);
    spawner.spawn(station::move_packets(runner).map_err(Fault::Task)?);

    let library = LIBRARY.init(Library::new(RANDOM.init(random)).map_err(Fault::Library)?);
    let crypto = MbedCrypto::new(library);
    let authors: Vec<Author<'_>> = device
        .authors
        .iter()
        .map(|key| author(&crypto, key))
        .collect();
    let settings = Settings {
        server_host: device.server_host,
        server_port: device.server_port,
        product: device.product,
        authors: &authors,
        stores: device.hosts,
        // The boot loader's to check, where the chip has Secure Boot: what it turns down is gone back from.
        secure_boot: None,
        secure_version: secure_version(),
        built: UnixTime(BUILT),
        running_slot,
        // Right for a boot loader without rollback, too: it passes over the states that this writes.
        rollback: true,
        partition_table: partition_table::OFFSET,
        pace: Pace::default(),
    };
    let fault: &'static Cell<Option<Error>> = FAULT.init(Cell::new(None));
    let link = LinkSettings {
        fault: Some(fault),
        ..LinkSettings::new(device.servers, device.stores, device.identity)
    };
    let dialer = Dialer::new(stack, RECEIVE.take(), SEND.take());
    let parts = Parts::<Board> {
        flash: chip.into_flash(),
        link: TlsLink::new(library, link, dialer, Uptime),
        clock: Uptime,
        entropy: crypto,
        crypto,
        observer: Serial::new(fault),
    };
    let mut node = Node::open(&settings, parts, BUFFERS.take())
        .await
        .map_err(Fault::Node)?;
    node.run().await.map_err(Fault::Node)
}

/// The least secure version that the chip boots: so many bits of the eFuse field are set.
#[doc(alias = "esp_efuse_read_secure_version")]
fn secure_version() -> u32 {
    efuse::read_field_le::<u16>(efuse::SECURE_VERSION).count_ones()
}

/// The types of this platform.
#[derive(Debug)]
struct Board;

impl Platform for Board {
    type Flash = Flash;
    type Link = TlsLink<'static, Dialer, Uptime>;
    type Clock = Uptime;
    type Entropy = MbedCrypto<'static>;
    type Crypto = MbedCrypto<'static>;
    type Observer = Serial;
}

/// What was asked for when this was built: see `build.rs`.
const VERSION: &str = env!("APP_VERSION");
const PROJECT: &str = env!("APP_PROJECT");
const BUILT: u64 = match u64::from_str_radix(env!("APP_BUILT"), 10) {
    Ok(seconds) => seconds,
    Err(_) => 0,
};

/// The secure version in the app descriptor.
pub(crate) const SECURE_VERSION: u32 = match u32::from_str_radix(env!("APP_SECURE_VERSION"), 10) {
    Ok(version) => version,
    Err(_) => 0,
};

/// Sockets: DHCP's, DNS's and the connection's.
static SOCKETS: ConstStaticCell<StackResources<3>> = ConstStaticCell::new(StackResources::new());
static RECEIVE: ConstStaticCell<[u8; dial::RECEIVE]> = ConstStaticCell::new([0; dial::RECEIVE]);
static SEND: ConstStaticCell<[u8; dial::SEND]> = ConstStaticCell::new([0; dial::SEND]);
static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new());
static RANDOM: StaticCell<Trng> = StaticCell::new();
static FAULT: StaticCell<Cell<Option<Error>>> = StaticCell::new();
static LIBRARY: StaticCell<Library> = StaticCell::new();
