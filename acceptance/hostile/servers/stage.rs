//! One installation, and a device of its own for each attack.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use countersign_keys::FileKey;
use countersign_operations::sign::{Terms, sign};
use countersign_pki::Signer;
use countersign_protocol::UnixTime;
use countersign_provision::layout::FlashLayout;
use countersign_virtual_node::{Ended, Event, Options, Time};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::time::Instant;

use super::{
    Attack,
    scene::{Address, Cast, Props, Release, Scene, now},
};
use crate::harness::{
    Authority, FLASH_LEN, Guest, House, Image, Leaf, Link, Server, ca::Ca, composed, on_one_thread,
    secured,
};

/// One installation with its server, which offers release 2.0.0.
pub(super) struct Stage {
    pub(super) house: House,
    server: Server,
    factory: Image,
    props: Arc<Props>,
}

/// What was seen of an attack.
pub(super) struct Seen {
    /// The newest version of TLS that the device offered.
    pub(super) tls: &'static str,
    /// What the device said of it, and how often it said so does not count.
    pub(super) says: String,
    /// Of the device's time.
    pub(super) seconds: u64,
    pub(super) connections: usize,
    /// Bytes that the device took from the network.
    pub(super) taken: u64,
    /// Length of the image that it was offered.
    pub(super) image: u64,
    /// The version that the boot stage starts after the attack.
    pub(super) runs: String,
    /// What came of the next check-in with our server.
    pub(super) afterwards: String,
}

impl Stage {
    /// Makes an installation with so many devices.
    ///
    /// They are enrolled before any is switched on: a program that is just being started holds for a moment the locks
    /// of whoever starts it.
    pub(super) fn new(devices: usize) -> Self {
        Self::with(devices, |version| secured(version, SECURE))
    }

    /// The same for machines in QEMU, which run what they fetch.
    pub(super) fn of(guest: Guest, devices: usize) -> Self {
        Self::with(devices, |version| guest.image(version))
    }

    fn with(devices: usize, image: impl Fn(&str) -> Image) -> Self {
        let house = House::new();
        let server = house.serve();
        let enroll = |number: usize| {
            let id = format!("7cdfa1{:06x}", 0x10_0000 + number);
            house.enroll_as(&id, &folder_of(number));
        };
        thread::scope(|scope| {
            for first in 0..4 {
                scope.spawn(move || (first..devices).step_by(4).for_each(enroll));
            }
        });
        let newest = image("2.0.0");
        house.publish(&newest, 1);
        let props = Arc::new(props(&house, &newest, &image("2.1.0")));
        Self {
            house,
            server,
            factory: image("1.0.0"),
            props,
        }
    }

    pub(super) fn props(&self) -> Arc<Props> {
        Arc::clone(&self.props)
    }

    /// Where our server's device plane is.
    pub(super) fn honest(&self) -> SocketAddr {
        let address = self.server.device_address();
        let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
        (Ipv4Addr::LOCALHOST, port).into()
    }

    /// Plays an attack on a device of its own, then lets our server come back.
    pub(super) fn play(&self, number: usize, attack: &Attack, tls12: bool, link: Link) -> Seen {
        let name = attack.name;
        let time = Time::hurried();
        let script = Arc::clone(&attack.script);
        let address = Address::listen(self.props(), time.clone(), script, self.honest());
        let options = Options {
            once: attack.check_ins.is_none(),
            tls12_only: tls12,
            hosts: ["localhost", STORE]
                .map(|host| (host.to_owned(), Ipv4Addr::LOCALHOST.into()))
                .into(),
            time: time.clone(),
            ..Options::new(self.flash(number, address.port()))
        };

        // The boot loader writes its own entry when it first starts an image.
        let first = Options {
            once: true,
            ..options.clone()
        };
        let by = if matches!(link, Link::Qemu(_)) {
            // Whose flash is the same, and whose boot stage goes by the same rules.
            Link::Rustls
        } else {
            link
        };
        power_on(by, &first, &address.scene, None, name);
        let otadata = read_otadata(&options.flash);

        address.cast(Cast::Hostile);
        let (taken, skipped, start) = (
            options.taken.load(Ordering::Relaxed),
            time.skipped(),
            Instant::now(),
        );
        let events = power_on(link, &options, &address.scene, attack.check_ins, name).0;
        let passed = time.skipped().saturating_sub(skipped) + start.elapsed();
        let taken = options.taken.load(Ordering::Relaxed) - taken;
        if !attack.updates {
            assert!(
                read_otadata(&options.flash) == otadata,
                "{name}: otadata is another"
            );
        }

        address.cast(Cast::Honest);
        let (afterwards, ended) = power_on(link, &first, &address.scene, None, name);
        let ended =
            ended.unwrap_or_else(|| panic!("{name}: it does not come to rest: {afterwards:?}"));
        let runs = afterwards.iter().find_map(|event| match event {
            Event::Boot {
                version,
                pending_verify: false,
                ..
            } => Some(version.clone()),
            _ => None,
        });
        Seen {
            tls: if tls12 { "1.2" } else { "1.3" },
            says: says(&events),
            seconds: passed.as_secs(),
            connections: events.iter().filter(|event| is_connection(event)).count(),
            taken,
            image: u64::try_from(self.props.newest.image.len()).unwrap(),
            runs: runs.unwrap_or_default(),
            afterwards: format!(
                "{} {}",
                if ended.checked_in {
                    "runs"
                } else {
                    "does not reach it:"
                },
                ended.version
            ),
        }
    }

    /// Puts a device's flash together; its server is at a port.
    pub(super) fn flash(&self, number: usize, port: u16) -> PathBuf {
        self.house
            .make_flash(&folder_of(number), &self.factory, |settings| {
                settings.server = format!("https://localhost:{port}");
                settings.allowed_hosts = vec![STORE.to_owned()];
            })
    }
}

impl Seen {
    /// Holds it to what the attack may cost, and what it must not change.
    pub(super) fn judge(&self, attack: &Attack) {
        let (name, budget) = (attack.name, attack.budget);
        assert!(self.seconds <= budget.seconds, "{name}: {} s", self.seconds);
        assert!(
            self.connections <= budget.connections,
            "{name}: {} connections",
            self.connections
        );
        // It has room for so many images of 200 KiB; a machine's own is longer.
        let (kib, images) = (budget.kib, budget.kib / 200);
        let longer = self.image.saturating_sub(200 << 10);
        assert!(
            self.taken <= (kib << 10) + images * longer,
            "{name}: {} bytes",
            self.taken
        );
        assert_eq!(
            self.runs,
            if attack.updates { "2.0.0" } else { "1.0.0" },
            "{name}"
        );
        assert_eq!(self.afterwards, "runs 2.0.0", "{name}");
    }
}

/// Runs the device until it has nothing more to do, was answered so many check-ins, or is a month older; gives its events, and how it
/// ended by itself.
fn power_on(
    link: Link,
    options: &Options,
    scene: &Scene,
    check_ins: Option<usize>,
    name: &str,
) -> (Vec<Event>, Option<Ended>) {
    let mut events = Vec::new();
    let ended = on_one_thread().block_on(async {
        let enough = async {
            let answered = || check_ins.is_some_and(|count| scene.check_ins() > count);
            let end = options.time.skipped() + A_MONTH;
            while !answered() && options.time.skipped() < end {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let machine = link.run(options.clone(), |event| events.push(event));
        let ended = tokio::select! {
            ended = machine => Some(ended),
            () = enough => None,
            () = tokio::time::sleep(HANGS) => panic!("{name}: the device hangs"),
        };
        ended.map(|ended| ended.unwrap_or_else(|error| panic!("{name}: {error}")))
    });
    (events, ended)
}

/// What a device says of its servers, each thing once.
fn says(events: &[Event]) -> String {
    let mut said = Vec::new();
    let mut known = BTreeSet::new();
    for event in events {
        let text = match event {
            Event::CheckInFailed { reason } => format!("no check-in: {}", reason.code()),
            Event::ServerBusy { seconds } => format!("busy: {seconds} s"),
            Event::UpToDate { .. } => "nothing new".to_owned(),
            Event::Refused { reason } => format!("refused: {}", reason.code()),
            Event::Failed { reason } => format!("put off: {}", reason.code()),
            Event::Confirmed { version } => format!("runs {version}"),
            _ => continue,
        };
        if known.insert(text.clone()) {
            said.push(text);
        }
    }
    said.join("; ")
}

fn is_connection(event: &Event) -> bool {
    matches!(event, Event::Connected { .. } | Event::ConnectFailed { .. })
}

fn read_otadata(flash: &Path) -> Vec<u8> {
    let place = flash_layout().partition("otadata").unwrap();
    let at = |offset: u32| usize::try_from(offset).unwrap();
    fs::read(flash).unwrap()[at(place.offset)..at(place.end())].to_vec()
}

fn folder_of(number: usize) -> String {
    format!("device-{number}")
}

fn flash_layout() -> FlashLayout {
    FlashLayout::of_flash(FLASH_LEN).unwrap()
}

/// What the attackers have, by having our server, or nothing at all.
fn props(house: &House, newest: &Image, other: &Image) -> Props {
    let author = FileKey::load(&house.path("author.key")).unwrap();
    let release = |image: &Image, product: &str, counter, not_after, author: &dyn Signer| {
        let terms = Terms {
            product,
            counter,
            created: UnixTime(now()),
            not_after,
        };
        let manifest = sign(&image.bytes, &terms, author).unwrap();
        Release {
            manifest,
            image: image.bytes.clone(),
        }
    };
    let good = |image: &Image, counter| release(image, "demo", counter, None, &author);
    let ended = Some(UnixTime(now() - 100 * 24 * 3600));
    let other_chip = composed("2.0.0", "esp32s3", false);
    let refused = vec![
        ("product", release(newest, "other", 1, None, &author)),
        ("chip", good(&other_chip, 1)),
        ("counter", good(newest, 0)),
        (
            "secure",
            release(&secured("2.0.0", SECURE - 1), "demo", 1, None, &author),
        ),
        ("ended", release(newest, "demo", 1, ended, &author)),
        (
            "author",
            release(newest, "demo", 1, None, &FileKey::generate().unwrap()),
        ),
    ];
    let chain = fs::read(house.state().join("server/server.pem")).unwrap();
    let key = fs::read(house.state().join("server/server.key")).unwrap();
    let stranger = Authority::foreign("server").server("localhost");
    let copies = (1 << 20) / stranger.chain.len() * 2;
    let endless = stranger.chain.repeat(copies);
    Props {
        newest: good(newest, 1),
        other: good(other, 2),
        refused,
        ours: config(&chain, &key),
        endless: config(endless.as_bytes(), stranger.key.as_bytes()),
        impostors: impostors(house),
    }
}

/// Servers that cannot prove that they are ours, though the first two have certificates of our own hierarchy.
fn impostors(house: &House) -> Vec<(&'static str, Arc<ServerConfig>)> {
    let ours = Authority::stolen(house, "server");
    let proof = |leaf: Leaf| config(leaf.chain.as_bytes(), leaf.key.as_bytes());
    let public = Ca::root("Public Trust Services Root").leaf(&["localhost"]);
    vec![
        ("ended", proof(ours.server_until("localhost", 2020))),
        ("another name", proof(ours.server("other.example"))),
        (
            "public CA",
            config(public.pem.as_bytes(), public.key.serialize_pem().as_bytes()),
        ),
    ]
}

/// A server that shows a chain and asks for no certificate. Its records are as long as ours: the machine in QEMU takes no
/// longer ones.
fn config(chain: &[u8], key: &[u8]) -> Arc<ServerConfig> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let key = PrivateKeyDer::from_pem_slice(key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(chain.unwrap(), key).unwrap();
    config.max_fragment_size = Some(4096);
    Arc::new(config)
}

/// The secure version of all devices and releases, but for one.
const SECURE: u32 = 1;

/// A host that the devices' settings allow images from.
pub(super) const STORE: &str = "store.example";

/// Of the device's time: longer than any attack may take.
const A_MONTH: Duration = Duration::from_hours(30 * 24);

/// By then a device that goes on would be done ten times over.
const HANGS: Duration = Duration::from_mins(10);
