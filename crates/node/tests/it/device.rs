//! A device: the chip, the boot loader, the node, and what was seen of them.

use std::{
    ops::Range,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use aws_lc_rs::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    },
};
use countersign_node::{
    Buffers, Clock, Crypto, Entropy, Error, Event, Need, Next, Node, Observer, Pace, Parts,
    Platform, SecureBoot, Settings, Sha256, State,
};
use countersign_protocol::{Author, AuthorId, Es256Verifier, UnixTime};
use esp_formats::{
    otadata::{OtaState, SelectEntry},
    partition_table::{self as table, Label, Partition},
};

use crate::{author, boot, chip::Chip, world::World};

pub(crate) struct Machine;

impl Platform for Machine {
    type Flash = Chip;
    type Link = World;
    type Clock = Uptime;
    type Entropy = Dice;
    type Crypto = Aws;
    type Observer = Watcher;
}

/// A clock on which waiting takes no time.
#[derive(Clone)]
pub(crate) struct Uptime(pub(crate) Arc<AtomicU64>, Arc<AtomicU64>);

impl Default for Uptime {
    fn default() -> Self {
        Self(Arc::default(), Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl Uptime {
    /// Switches the machine off at that many milliseconds of uptime: nothing comes to its end that lasts beyond.
    pub(crate) fn off_at(&self, ms: u64) {
        self.1.store(ms, Ordering::Relaxed);
    }

    /// Lets time pass, unless the machine is switched off meanwhile.
    pub(crate) async fn pass(&self, ms: u64) {
        let now = self.0.fetch_add(ms, Ordering::Relaxed).saturating_add(ms);
        if now >= self.1.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

impl Clock for Uptime {
    fn uptime_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    async fn sleep_ms(&mut self, ms: u64) {
        self.pass(ms).await;
    }
}

pub(crate) struct Dice(pub(crate) u32);

impl Dice {
    /// Marsaglia's xorshift.
    pub(crate) fn roll(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

impl Entropy for Dice {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.roll().to_le_bytes()[0];
        }
    }
}

/// Which checks of a signature find no memory.
#[derive(Clone, Default)]
pub(crate) struct Shortage(Arc<Mutex<(Range<u32>, u32)>>, Arc<AtomicBool>);

impl Shortage {
    /// These, counted from now on.
    pub(crate) fn of(&self, checks: Range<u32>) {
        *self.0.lock().unwrap() = (checks, 0);
    }

    fn strikes(&self) -> bool {
        let (checks, number) = &mut *self.0.lock().unwrap();
        let strikes = checks.contains(number);
        *number += 1;
        self.1.fetch_or(strikes, Ordering::Relaxed);
        strikes
    }
}

pub(crate) struct Aws(Shortage);

pub(crate) struct AwsSha256(digest::Context);

impl Sha256 for AwsSha256 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> [u8; 32] {
        self.0.finish().as_ref().try_into().unwrap()
    }
}

impl Es256Verifier for Aws {
    fn es256_verify(&self, spki: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, spki);
        !self.0.strikes() && key.verify(message, signature).is_ok()
    }
}

impl Crypto for Aws {
    type Sha256 = AwsSha256;

    fn sha256(&self) -> AwsSha256 {
        AwsSha256(digest::Context::new(&digest::SHA256))
    }

    fn rsa3072_pss_verify(
        &self,
        modulus: &[u8; 384],
        exponent: u32,
        digest: &[u8; 32],
        signature: &[u8; 384],
    ) -> bool {
        if self.0.strikes() {
            return false;
        }
        let exponent = exponent.to_be_bytes();
        let key = RsaPublicKeyComponents {
            n: &modulus[..],
            e: &exponent[1..],
        };
        let key = key.to_parsed_public_key(&RSA_PSS_2048_8192_SHA256).unwrap();
        let digest = digest::Digest::import_less_safe(digest, &digest::SHA256).unwrap();
        key.verify_digest_sig(&digest, signature).is_ok()
    }

    fn p256_verify(&self, point: &[u8; 65], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
        if self.0.strikes() {
            return false;
        }
        let digest = digest::Digest::import_less_safe(digest, &digest::SHA256).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify_digest(&digest, signature)
            .is_ok()
    }

    fn could_not_check(&self) -> bool {
        self.0.1.swap(false, Ordering::Relaxed)
    }
}

#[derive(Clone, Default)]
pub(crate) struct Watcher {
    events: Arc<Mutex<Vec<Event<'static>>>>,
    /// What memory was wanted for, and `None` when it was given back.
    pub(crate) room: Arc<Mutex<Vec<Option<Need>>>>,
}

impl Observer for Watcher {
    fn event(&mut self, event: Event<'_>) {
        let event = match event {
            Event::Offered { size, .. } => Event::Offered { version: "", size },
            Event::Progress { done, total } => Event::Progress { done, total },
            Event::CheckInFailed(reason) => Event::CheckInFailed(reason),
            Event::CheckedIn { next_s } => Event::CheckedIn { next_s },
            Event::ServerBusy { seconds } => Event::ServerBusy { seconds },
            Event::Resumed { done } => Event::Resumed { done },
            Event::Retrying { wait_ms } => Event::Retrying { wait_ms },
            Event::AddressEnded => Event::AddressEnded,
            Event::AuthorsFixed => Event::AuthorsFixed,
            Event::AuthorsFollowed { sequence } => Event::AuthorsFollowed { sequence },
            Event::AuthorsRefused(why) => Event::AuthorsRefused(why),
            Event::AuthorsPutOff => Event::AuthorsPutOff,
            Event::Verified => Event::Verified,
            Event::Selected { slot } => Event::Selected { slot },
            Event::Confirmed => Event::Confirmed,
            Event::RolledBack => Event::RolledBack,
            Event::SelfTestFailed => Event::SelfTestFailed,
            Event::Refused(reason) => Event::Refused(reason),
            Event::Failed(reason) => Event::Failed(reason),
            Event::Reported(outcome) => Event::Reported(outcome),
            other => panic!("an event that the tests do not know: {other:?}"),
        };
        self.events.lock().unwrap().push(event);
    }

    fn make_room(&mut self, need: Need) {
        self.room.lock().unwrap().push(Some(need));
    }

    fn room_returned(&mut self) {
        self.room.lock().unwrap().push(None);
    }
}

/// What a boot of the node came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    Reboot,
    Asleep { seconds: u32 },
    Stopped(Error),
    PowerLost,
}

pub(crate) struct Device {
    pub(crate) chip: Chip,
    pub(crate) world: World,
    pub(crate) uptime: Uptime,
    pub(crate) watcher: Watcher,
    pub(crate) authors: Vec<(AuthorId, Vec<u8>)>,
    pub(crate) pace: Pace,
    pub(crate) rollback: bool,
    pub(crate) secure_boot: Option<SecureBoot<'static>>,
    /// What the eFuse says.
    pub(crate) secure_version: u32,
    pub(crate) shortage: Shortage,
    /// What its random numbers begin with.
    pub(crate) seed: u32,
    /// The factory app runs, whatever slot is given.
    pub(crate) factory: bool,
}

impl Device {
    /// A device that runs `image` from slot 0, as it left the factory.
    pub(crate) fn new(image: &[u8], world: &World, author: &author::Signer) -> Self {
        let chip = Chip::blank(CHIP);
        chip.burn(TABLE, &Self::table(true));
        chip.burn(OTADATA, &SelectEntry::new(1, OtaState::Valid).encode());
        chip.burn(SLOTS[0], image);
        Self {
            chip,
            world: world.clone(),
            uptime: Uptime::default(),
            watcher: Watcher::default(),
            authors: vec![(author.id, author.spki.clone())],
            pace: Pace::default(),
            rollback: true,
            secure_boot: None,
            secure_version: 0,
            shortage: Shortage::default(),
            seed: 7,
            factory: false,
        }
    }

    /// The partition table, with or without a place for author sets.
    pub(crate) fn table(authors: bool) -> [u8; table::LEN] {
        let mut bytes = [0; table::LEN];
        let partition = |kind, subtype, offset, size, label| {
            let label = Label::new(label).unwrap();
            Partition {
                kind,
                subtype,
                offset,
                size,
                label,
                flags: 0,
            }
        };
        let partitions = [
            partition(
                table::KIND_DATA,
                table::SUBTYPE_DATA_OTA,
                OTADATA,
                0x2000,
                "otadata",
            ),
            partition(0x40, 0, NODE_STATE, 0x2000, "node_state"),
            partition(
                0x40,
                0,
                AUTHORS,
                0x2000,
                if authors { "authors" } else { "other" },
            ),
            partition(table::KIND_APP, 0x10, SLOTS[0], SLOT, "ota_0"),
            partition(table::KIND_APP, 0x11, SLOTS[1], SLOT, "ota_1"),
        ];
        table::encode(&partitions, &mut bytes).unwrap();
        bytes
    }

    /// Power on, or reset: the boot loader, then so many cycles of the node.
    pub(crate) fn boot(&self, cycles: u32) -> End {
        match self.start() {
            Some(slot) => self.node(slot, cycles),
            None => End::PowerLost,
        }
    }

    /// The boot loader alone: the slot that it starts, unless the power goes.
    pub(crate) fn start(&self) -> Option<u8> {
        self.uptime.0.store(0, Ordering::Relaxed);
        poll_once(boot::start(self.chip.clone(), self.rollback))
    }

    /// Boots until nothing wants a reset any more.
    pub(crate) fn settle(&self) -> End {
        for _ in 0..8 {
            match self.boot(1) {
                End::Reboot => {}
                end => return end,
            }
        }
        panic!("the device reboots without end");
    }

    pub(crate) fn node(&self, slot: u8, cycles: u32) -> End {
        poll_once(self.cycles(slot, cycles)).unwrap_or(End::PowerLost)
    }

    /// The node of a slot until it wants a reset, the time between its cycles passing.
    pub(crate) fn patient(&self, slot: u8) -> End {
        let run = async {
            let settings = self.settings(slot);
            let mut buffers = Buffers::new();
            let mut node = Node::open(&settings, self.parts(), &mut buffers)
                .await
                .unwrap();
            node.run().await.map_or_else(End::Stopped, |()| End::Reboot)
        };
        poll_once(run).unwrap_or(End::PowerLost)
    }

    async fn cycles(&self, slot: u8, cycles: u32) -> End {
        let authors: Vec<_> = self
            .authors
            .iter()
            .map(|(id, key)| Author {
                id: *id,
                public_key: key,
            })
            .collect();
        let settings = Settings {
            authors: &authors,
            ..self.settings(slot)
        };
        let mut buffers = Buffers::new();
        let mut node = match Node::open(&settings, self.parts(), &mut buffers).await {
            Ok(node) => node,
            Err(error) => return End::Stopped(error),
        };
        let mut end = End::Reboot;
        for _ in 0..cycles {
            end = match node.cycle().await {
                Ok(Next::Reboot) => return End::Reboot,
                Ok(Next::Sleep { seconds }) => End::Asleep { seconds },
                Err(error) => return End::Stopped(error),
            };
        }
        end
    }

    pub(crate) fn settings(&self, slot: u8) -> Settings<'static> {
        Settings {
            server_host: "ota.example",
            server_port: 8443,
            product: "lamp",
            authors: &[],
            stores: &["store.example"],
            secure_boot: self.secure_boot,
            secure_version: self.secure_version,
            built: UnixTime(1_790_000_000),
            running_slot: (!self.factory).then_some(slot),
            rollback: self.rollback,
            partition_table: TABLE,
            pace: self.pace,
        }
    }

    pub(crate) fn parts(&self) -> Parts<Machine> {
        Parts {
            flash: self.chip.clone(),
            link: self.world.clone(),
            clock: self.uptime.clone(),
            entropy: Dice(self.seed),
            crypto: Aws(self.shortage.clone()),
            observer: self.watcher.clone(),
        }
    }

    /// What the device remembers, read as the next boot would.
    pub(crate) fn state(&self, slot: u8) -> State {
        let settings = self.settings(slot);
        let mut buffers = Buffers::new();
        let node = poll_once(Node::open(&settings, self.parts(), &mut buffers))
            .unwrap()
            .unwrap();
        *node.state()
    }

    pub(crate) fn events(&self) -> Vec<Event<'static>> {
        std::mem::take(&mut self.watcher.events.lock().unwrap())
    }

    pub(crate) fn slot(&self, slot: usize, len: usize) -> Vec<u8> {
        self.chip.peek(SLOTS[slot], len)
    }
}

/// Runs a future that waits for nothing but power: `None` where that was cut.
pub(crate) fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

pub(crate) const CHIP: usize = 0x7_0000;
pub(crate) const TABLE: u32 = 0x8000;
pub(crate) const OTADATA: u32 = 0x9000;
pub(crate) const NODE_STATE: u32 = 0xB000;
pub(crate) const AUTHORS: u32 = 0xD000;
pub(crate) const SLOTS: [u32; 2] = [0x1_0000, 0x4_0000];
pub(crate) const SLOT: u32 = 0x3_0000;
