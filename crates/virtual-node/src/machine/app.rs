//! The app: the node, with what the flash holds, until it wants a reset or has nothing to do.

use std::future::Future;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::mpsc;
use std::time::Duration;

use countersign_esp_boot::Slot;
use countersign_node::{
    Buffers, Crypto, Entropy, Event as NodeEvent, Link, Next, Node, Observer, Pace, Parts,
    Platform, Settings,
};
use countersign_protocol::Author;
use esp_formats::partition_table;

use crate::Event;
use crate::clock::Uptime;
use crate::flash::FileFlash;
use crate::machine::boot::Booted;
use crate::machine::provisioned::Provisioned;
use crate::machine::{Error, Options, TrustedKeys};

/// Why the app ended.
pub(super) enum Exit {
    /// There is nothing to do until the next check-in, and the machine was to run only so long.
    Idle {
        /// Whether a server answered the last check-in.
        checked_in: bool,
    },
    /// The node wants a reset.
    Reset {
        /// Whether it ever had nothing to do before.
        slept: bool,
    },
}

/// What is new with each start of the app.
pub(super) struct Start<'s> {
    pub(super) flash: &'s mut FileFlash,
    pub(super) booted: &'s Booted,
    pub(super) options: &'s Options,
    pub(super) device: &'s Provisioned,
}

/// How the app tells what happens: its own parts send, and it passes on.
pub(super) struct Channel {
    pub(super) sender: mpsc::Sender<Event>,
    events: mpsc::Receiver<Event>,
}

impl Channel {
    pub(super) fn new() -> Self {
        let (sender, events) = mpsc::channel();
        Self { sender, events }
    }
}

/// Runs the app in fresh memory, over a link and a cryptography that send what they tell to the channel.
pub(super) async fn run<L: Link, C: Crypto + Entropy + Copy>(
    start: Start<'_>,
    link: L,
    crypto: C,
    channel: Channel,
    on_event: &mut impl FnMut(Event),
) -> Result<Exit, Error> {
    let Start {
        flash,
        booted,
        options,
        device,
    } = start;
    let authors: Vec<Author<'_>> = device.authors(&crypto);
    let stores: Vec<&str> = device.stores.iter().map(String::as_str).collect();
    let settings = Settings {
        server_host: &device.server_host,
        server_port: device.server_port,
        product: &device.product,
        authors: &authors,
        stores: &stores,
        secure_boot: options.secure_boot.as_ref().map(TrustedKeys::settings),
        secure_version: options.secure_version,
        built: booted.image.built,
        running_slot: match booted.slot {
            Slot::Factory => None,
            Slot::Ota(slot) => Some(slot),
        },
        rollback: options.rollback,
        partition_table: partition_table::OFFSET,
        pace: pace(options),
    };
    let Channel { sender, mut events } = channel;
    let parts = Parts::<Virtual<'_, L, C>> {
        flash,
        link,
        clock: Uptime::start(options.time.clone()),
        entropy: crypto,
        crypto,
        observer: Watcher {
            events: sender,
            version: booted.image.version.clone(),
        },
    };
    let mut buffers = Buffers::new();
    let mut seen = Seen::default();
    let opening = Node::open(&settings, parts, &mut buffers);
    let opened = watched(opening, &mut events, &mut seen, on_event).await;
    let mut node = opened.map_err(Error::Node)?;
    let mut slept = false;
    loop {
        seen.begin();
        let cycle = watched(node.cycle(), &mut events, &mut seen, on_event);
        let seconds = match cycle.await.map_err(Error::Node)? {
            Next::Reboot => return Ok(Exit::Reset { slept }),
            Next::Sleep { seconds } => seconds,
        };
        if seen.checked_in && !seen.offered {
            on_event(Event::UpToDate {
                version: booted.image.version.clone(),
            });
        }
        // An image on its first boot is not done before it is confirmed, or gives up and asks for the reset.
        let on_trial = booted.pending_verify && !seen.confirmed;
        if options.once && !on_trial {
            return Ok(Exit::Idle {
                checked_in: seen.checked_in,
            });
        }
        slept = slept || !on_trial;
        let time = Duration::from_secs(seconds.into());
        options.time.sleep(time).await;
    }
}

fn pace(options: &Options) -> Pace {
    let mut pace = Pace::default();
    if let Some(seconds) = options.poll_override_s {
        (pace.check_in_min_s, pace.check_in_max_s) = (seconds.max(1), seconds.max(1));
    }
    if let Some(seconds) = options.self_test_s {
        pace.self_test_s = seconds;
    }
    pace
}

/// Waits for `work`, telling of events as soon as they were sent: nothing else sends any.
async fn watched<T>(
    work: impl Future<Output = T>,
    events: &mut mpsc::Receiver<Event>,
    seen: &mut Seen,
    on_event: &mut impl FnMut(Event),
) -> T {
    let mut work = pin!(work);
    poll_fn(move |context| {
        let poll = work.as_mut().poll(context);
        for event in events.try_iter() {
            seen.note(&event);
            on_event(event);
        }
        poll
    })
    .await
}

/// What one cycle was about.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    checked_in: bool,
    offered: bool,
    /// Since the boot.
    confirmed: bool,
}

impl Seen {
    fn begin(&mut self) {
        *self = Self {
            confirmed: self.confirmed,
            ..Self::default()
        };
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::CheckedIn { .. } => self.checked_in = true,
            Event::Offered { .. } | Event::Refused { .. } | Event::Failed { .. } => {
                self.offered = true;
            }
            Event::Confirmed { .. } => self.confirmed = true,
            _ => {}
        }
    }
}

/// The types of this platform.
#[derive(Debug)]
struct Virtual<'f, L, C>(PhantomData<(&'f mut FileFlash, L, C)>);

impl<'f, L: Link, C: Crypto + Entropy> Platform for Virtual<'f, L, C> {
    type Flash = &'f mut FileFlash;
    type Link = L;
    type Clock = Uptime;
    type Entropy = C;
    type Crypto = C;
    type Observer = Watcher;
}

/// Passes on what the node tells.
#[derive(Debug)]
struct Watcher {
    events: mpsc::Sender<Event>,
    version: String,
}

impl Observer for Watcher {
    fn event(&mut self, event: NodeEvent<'_>) {
        let event = match event {
            NodeEvent::CheckedIn { next_s } => Event::CheckedIn { next_s },
            NodeEvent::CheckInFailed(reason) => Event::CheckInFailed { reason },
            NodeEvent::ServerBusy { seconds } => Event::ServerBusy { seconds },
            NodeEvent::Offered { version, size } => Event::Offered {
                version: version.to_owned(),
                size,
            },
            NodeEvent::AuthorsFixed => Event::AuthorsFixed,
            NodeEvent::AuthorsFollowed { sequence } => Event::AuthorsFollowed { sequence },
            NodeEvent::AuthorsRefused(why) => Event::AuthorsRefused { why },
            NodeEvent::AuthorsPutOff => Event::AuthorsPutOff,
            NodeEvent::Resumed { done } => Event::Resumed { done },
            NodeEvent::Progress { done, total } => Event::Progress { done, total },
            NodeEvent::Retrying { wait_ms } => Event::Retrying { wait_ms },
            NodeEvent::AddressEnded => Event::AddressEnded,
            NodeEvent::Verified => Event::Verified,
            NodeEvent::Selected { slot } => Event::Selected { slot },
            NodeEvent::Confirmed => Event::Confirmed {
                version: self.version.clone(),
            },
            NodeEvent::SelfTestFailed => Event::SelfTestFailed,
            NodeEvent::Refused(reason) => Event::Refused { reason },
            NodeEvent::Failed(reason) => Event::Failed { reason },
            NodeEvent::Reported(outcome) => Event::Reported { outcome },
            // Of `RolledBack` the boot stage told, with both versions; what else the node may learn to tell, nobody
            // here knows yet.
            _ => return,
        };
        // Nobody listening any more is the end of the machine, not of the node.
        let _ = self.events.send(event);
    }
}
