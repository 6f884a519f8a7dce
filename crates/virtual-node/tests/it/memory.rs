//! A whole update over Mbed TLS, with each allocation refused in turn: the update fails, the device lives, the next check-in
//! updates.
//!
//! Allocations are those of the C library and of the link over it, for TLS and for the node's own cryptography; the node
//! makes none. They are refused in one of two check-ins: the one that is offered a release and installs it, and the first
//! one of the new image, which confirms it. Either one of them is refused, or that one and all that come after it in the
//! same check-in.

#![expect(clippy::print_stderr, reason = "what a sweep came to is said")]

mod board;

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::net::Ipv4Addr;
use std::ops::Range;

use countersign_mbedtls_link::{Identity, Library, LinkSettings, MbedCrypto, TlsLink, Versions};
use countersign_node::{
    Buffers, Event, Next, Node, Observer, Pace, Parts, Platform, Settings,
    provisioned::{self, NVS, Provisioned, SECURE_CERT, TRUST},
};
use countersign_protocol::{Author, AuthorId, UnixTime};
use countersign_virtual_node::crypto::sha256;
use esp_formats::partition_table;
use tokio::runtime::Runtime;

use self::board::{Chip, Flash, Patience, Time};
use crate::device::{Factory, image_of};
use crate::device_plane::DevicePlane;
use crate::heap::{Use, counted};
use crate::socket::{Loopback, block_on};
use crate::tls::mbedtls::with_library;

#[test]
fn an_update_by_tls_1_2_outlives_every_refused_allocation() {
    sweep("TLS 1.2", Versions::Tls12);
}

#[test]
fn an_update_by_tls_1_3_outlives_every_refused_allocation() {
    sweep("TLS 1.3", Versions::UpTo13);
}

/// Sweeps over both check-ins in both ways.
fn sweep(way: &str, versions: Versions) {
    let scene = Scene::new(versions);
    with_library(|library| {
        let offered = &scene.chip;
        let whole = scene.play(library, offered, 0..0);
        assert!(whole.at_once(), "{way}: {whole:?}");
        let on_trial = &whole.chip;
        for (check_in, start) in [("an offer", offered), ("a first boot", on_trial)] {
            let all = scene.play(library, start, 0..0);
            assert!(all.at_once(), "{way}, {check_in}: {all:?}");
            for (what, later) in [("one", false), ("one and all after it", true)] {
                let mut counts = Counts::default();
                for number in chosen(all.used.allocations) {
                    let end = if later { u64::MAX } else { number + 1 };
                    let played = scene.play(library, start, number..end);
                    let told = format!("{way}, {check_in}, {what}, allocation {number}");
                    scene.judge(&played, start, &told);
                    // Numbers are not as long each time, so that the last ones may not come.
                    if played.used.refused > 0 {
                        counts.refused += 1;
                        counts.failed += u32::from(!played.at_once());
                    }
                }
                eprintln!(
                    "{way}, {check_in}, {what} refused: allocations refused: {} of {} (seed {SEED:#x}), check-ins that \
                     failed: {}, all recovered",
                    counts.refused, all.used.allocations, counts.failed,
                );
                assert!(counts.failed > 0, "{way}, {check_in}");
            }
        }
    });
}

/// Which of so many are refused: one of each so many, unless all are asked for. A whole update takes a tenth of a second, and
/// most of its allocations are numbers of one multiplication after the other.
fn chosen(all: u64) -> Vec<u64> {
    let every = std::env::var_os("COUNTERSIGN_EVERY_ALLOCATION").is_some();
    let step = if every { 1 } else { all.div_ceil(SAMPLES) };
    let mut seed = SEED;
    let mut chosen = Vec::new();
    for first in (1..=all).step_by(usize::try_from(step).unwrap()) {
        // One of each step, somewhere in it (xorshift, Marsaglia 2003).
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        chosen.push((first + seed % step).min(all));
    }
    chosen
}

/// What a sweep came to.
#[derive(Debug, Default)]
struct Counts {
    refused: u32,
    failed: u32,
}

/// A server with a release, in threads of its own, and a device that was never switched on.
struct Scene {
    plane: DevicePlane,
    _threads: Runtime,
    manifest: Vec<u8>,
    old: Vec<u8>,
    new: Vec<u8>,
    chip: Chip,
    versions: Versions,
}

/// What came of one start.
#[derive(Debug)]
struct Played {
    /// Of the check-in in which allocations were refused.
    used: Use,
    /// What the node told in it.
    first: Told,
    /// Check-ins after it, until the new image was selected or confirmed.
    more: u32,
    done: bool,
    /// The slot that ran.
    slot: u8,
    /// The flash as a reset right after that check-in would have found it, and what that would have started.
    cut: (Chip, u8),
    /// The flash in the end.
    chip: Chip,
}

impl Played {
    /// No further check-in was needed.
    fn at_once(&self) -> bool {
        self.done && self.more == 0
    }
}

impl Scene {
    fn new(versions: Versions) -> Self {
        let factory = Factory::new();
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let plane = threads.block_on(DevicePlane::start(&factory));
        let old = image_of("1.0.0", b"", 5_000);
        let new = image_of("1.1.0", b"", 12_000);
        let device = factory.device("dev", plane.port, &old);
        Self {
            manifest: factory.author.sign(&new, "1.1.0", 1),
            chip: Chip(RefCell::new(std::fs::read(device.flash).unwrap())),
            plane,
            _threads: threads,
            old,
            new,
            versions,
        }
    }

    /// Starts what a flash boots, and lets it check in while these of its allocations are refused, and then again until it
    /// is done, while none are.
    fn play(&self, library: &Library, start: &Chip, refuse: Range<u64>) -> Played {
        // However it ended before.
        self.plane.memory.lock().unwrap().release = Some((self.manifest.clone(), self.new.clone()));
        let chip = start.clone();
        let slot = chip.boot();
        let [nvs, secret, trust] = [NVS, SECURE_CERT, TRUST].map(|label| chip.partition(label));
        let device = Provisioned::read(&nvs).unwrap();
        let identity = provisioned::identity(&secret).unwrap();
        let identity = Identity {
            chain: identity.chain,
            key: identity.key,
        };
        let author = |public_key| Author {
            id: AuthorId::from_spki_sha256(&sha256(public_key)),
            public_key,
        };
        let authors: Vec<Author<'_>> = device.authors().map(author).collect();
        let settings = Settings {
            server_host: device.server_host,
            server_port: device.server_port,
            product: device.product,
            authors: &authors,
            stores: &[],
            secure_boot: None,
            secure_version: 0,
            built: UnixTime(1_790_000_000),
            running_slot: Some(slot),
            rollback: true,
            partition_table: partition_table::OFFSET,
            pace: Pace::default(),
        };
        let link = LinkSettings {
            versions: self.versions,
            ..LinkSettings::new(provisioned::servers(&trust).unwrap(), None, identity)
        };
        let (told, time) = (Cell::new(Told::default()), Cell::new(0));
        let crypto = MbedCrypto::new(library);
        let parts = Parts::<Board<'_>> {
            flash: Flash(&chip),
            link: TlsLink::new(
                library,
                link,
                Loopback(Ipv4Addr::LOCALHOST.into()),
                Patience(&time),
            ),
            clock: Time(&time),
            entropy: crypto,
            crypto,
            observer: Notes(&told),
        };
        let mut buffers = Buffers::new();
        let mut node = block_on(Node::open(&settings, parts, &mut buffers)).unwrap();

        let (ended, used) = counted(refuse, || block_on(node.cycle()));
        let first = told.get();
        let cut = chip.clone();
        let cut_slot = cut.boot();
        // It wants the reset that starts the new image, or has confirmed it.
        let done = |next| next == Next::Reboot || told.get().confirmed;
        let (mut next, mut more) = (ended.unwrap(), 0);
        while !done(next) && more < MORE {
            next = block_on(node.cycle()).unwrap();
            more += 1;
        }
        let done = done(next);
        drop(node);
        Played {
            used,
            first,
            more,
            done,
            slot,
            cut: (cut, cut_slot),
            chip,
        }
    }

    /// The device lived, ran and would have started nothing but the author's images, and the next check-in did it.
    fn judge(&self, played: &Played, start: &Chip, told: &str) {
        let holds = |chip: &Chip, slot: u8, image: &[u8]| chip.slot(slot).starts_with(image);
        let trial = holds(start, 1, &self.new) && played.slot == 1;
        assert!(
            played.done && played.more <= 1,
            "{told}: {:?} {}",
            played.first,
            played.more
        );

        let (cut, slot) = &played.cut;
        let old = *slot == 0 && holds(cut, 0, &self.old);
        let new = *slot == 1 && holds(cut, 1, &self.new);
        // The new image only where it was selected, or confirmed.
        let may_be_new = played.at_once();
        assert!(
            old && (!may_be_new || !trial) || new && may_be_new,
            "{told}: boots {slot}"
        );
        if !played.at_once() {
            assert!(played.first.complained, "{told}: nothing was said");
            assert!(
                !played.first.refused,
                "{told}: the release was refused for good"
            );
        }

        let end = played.chip.clone();
        assert_eq!(end.boot(), 1, "{told}");
        assert!(holds(&end, 1, &self.new), "{told}");
    }
}

/// What the node told.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    confirmed: bool,
    /// A release was refused for good.
    refused: bool,
    /// Something did not go as it should.
    complained: bool,
}

/// Keeps what the node tells, and allocates nothing.
#[derive(Debug)]
struct Notes<'a>(&'a Cell<Told>);

impl Observer for Notes<'_> {
    fn event(&mut self, event: Event<'_>) {
        let mut told = self.0.get();
        match event {
            Event::Confirmed => told.confirmed = true,
            Event::Refused(_) => (told.refused, told.complained) = (true, true),
            Event::CheckInFailed(_) | Event::Failed(_) => told.complained = true,
            _ => {}
        }
        self.0.set(told);
    }
}

/// The types of this platform.
#[derive(Debug)]
struct Board<'a>(PhantomData<&'a ()>);

impl<'a> Platform for Board<'a> {
    type Flash = Flash<'a>;
    type Link = TlsLink<'a, Loopback, Patience<'a>>;
    type Clock = Time<'a>;
    type Entropy = MbedCrypto<'a>;
    type Crypto = MbedCrypto<'a>;
    type Observer = Notes<'a>;
}

/// How many allocations of a check-in are refused in one sweep, where not all are.
const SAMPLES: u64 = 64;

/// What they are chosen by.
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// More check-ins than a device should need.
const MORE: u32 = 4;
