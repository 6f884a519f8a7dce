//! TCP, one connection at a time: a node needs no more.
//!
//! The network is QEMU's own: the machine is 10.0.2.15, and reaches what the command line lets it reach. Names are found
//! in a table, since there is nobody to ask.

use core::{cell::Cell, future::poll_fn, net::Ipv4Addr, task::Poll};

use countersign_mbedtls_link::Dial;
use countersign_node::LinkError;
use critical_section::Mutex;
use embedded_io_async::{ErrorType, Read, Write};
use qemu_virt_machine::timer;
use smoltcp::{
    iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage},
    socket::tcp::{Socket, SocketBuffer, State},
    time::Instant,
    wire::{EthernetAddress, IpAddress, IpCidr},
};

use crate::{ethernet::Ethernet, once::Once, random::Random, settings::Hosts};

/// The network.
pub(crate) struct Network {
    ethernet: Ethernet,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    hosts: Hosts,
    random: Random,
}

impl Network {
    /// Brings the network up. To be called once.
    pub(crate) fn new(
        mut ethernet: Ethernet,
        hosts: Hosts,
        random: Random,
    ) -> Option<&'static mut Self> {
        let address = EthernetAddress(ethernet.address());
        let mut config = Config::new(address.into());
        config.random_seed = random.u64();
        let mut interface = Interface::new(config, &mut ethernet, now());
        let mut added = Ok(());
        interface.update_ip_addrs(|addresses| {
            added = addresses.push(IpCidr::new(OURS.into(), 24));
        });
        added.ok()?;
        interface.routes_mut().add_default_ipv4_route(ROUTER).ok()?;
        let mut sockets = SocketSet::new(STORAGE.take()?.as_mut_slice());
        let received = SocketBuffer::new(RECEIVED.take()?.as_mut_slice());
        let sending = SocketBuffer::new(SENDING.take()?.as_mut_slice());
        let mut socket = Socket::new(received, sending);
        // The window is small: who waits before he says that there is room again, waits for himself.
        socket.set_ack_delay(None);
        let socket = sockets.add(socket);
        // In a place of its own, so that it is not on the stack of all that uses it.
        Some(NETWORK.take()?.insert(Self {
            ethernet,
            interface,
            sockets,
            socket,
            hosts,
            random,
        }))
    }

    /// Lets the network move.
    fn poll(&mut self) -> &mut Socket<'static> {
        let Self {
            ethernet,
            interface,
            sockets,
            ..
        } = self;
        interface.poll(now(), ethernet, sockets);
        self.sockets.get_mut(self.socket)
    }
}

/// Bytes of connections since the start, without what TCP and IP add.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    pub(crate) sent: usize,
    pub(crate) taken: usize,
}

/// How many bytes were sent, and how many were read.
pub(crate) fn moved() -> Moved {
    critical_section::with(|section| MOVED.borrow(section).get())
}

/// Counts what came of a call.
fn count(moved: &Result<usize, LinkError>, which: impl FnOnce(&mut Moved) -> &mut usize) {
    let more = *moved.as_ref().unwrap_or(&0);
    critical_section::with(|section| {
        let all = MOVED.borrow(section);
        let mut now = all.get();
        *which(&mut now) += more;
        all.set(now);
    });
}

/// Dials by the network.
pub(crate) struct Dialler(pub(crate) &'static mut Network);

impl Dial for Dialler {
    type Socket<'a> = Connection<'a>;

    async fn dial(&mut self, host: &str, port: u16) -> Result<Connection<'_>, LinkError> {
        let network = &mut *self.0;
        let address = network.hosts.find(host).ok_or(LinkError::Broken)?;
        // At random, since the router may remember ports that were in use before a reset.
        let ours = FIRST_PORT | u16::from_le_bytes(network.random.bytes()) >> 2;
        let Network {
            interface,
            sockets,
            socket,
            ..
        } = network;
        let remote = (IpAddress::from(address), port);
        let socket: &mut Socket<'_> = sockets.get_mut(*socket);
        socket
            .connect(interface.context(), remote, ours)
            .map_err(|_| LinkError::Broken)?;
        // From here on dropping it closes it.
        let connection = Connection { network };
        let network = &mut *connection.network;
        poll_fn(|_| {
            let socket = network.poll();
            match socket.state() {
                State::Closed => Poll::Ready(Err(LinkError::Broken)),
                _ if socket.may_send() => Poll::Ready(Ok(())),
                _ => Poll::Pending,
            }
        })
        .await?;
        Ok(connection)
    }
}

/// The connection.
pub(crate) struct Connection<'a> {
    network: &'a mut Network,
}

impl ErrorType for Connection<'_> {
    type Error = LinkError;
}

impl Read for Connection<'_> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, LinkError> {
        poll_fn(|_| {
            let socket = self.network.poll();
            if into.is_empty() {
                return Poll::Ready(Ok(0));
            }
            if socket.can_recv() {
                let read = socket.recv_slice(into).map_err(|_| LinkError::Broken);
                count(&read, |moved| &mut moved.taken);
                // So that the peer learns of the room.
                self.network.poll();
                return Poll::Ready(read);
            }
            match socket.state() {
                // The peer sends no more, or reset the connection.
                State::CloseWait => Poll::Ready(Ok(0)),
                _ if socket.may_recv() => Poll::Pending,
                _ => Poll::Ready(Err(LinkError::Broken)),
            }
        })
        .await
    }
}

impl Write for Connection<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, LinkError> {
        poll_fn(|_| {
            let socket = self.network.poll();
            if !socket.may_send() {
                return Poll::Ready(Err(LinkError::Broken));
            }
            if !socket.can_send() {
                return Poll::Pending;
            }
            let sent = socket.send_slice(bytes).map_err(|_| LinkError::Broken);
            count(&sent, |moved| &mut moved.sent);
            self.network.poll();
            Poll::Ready(sent)
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), LinkError> {
        poll_fn(|_| {
            let socket = self.network.poll();
            match (socket.send_queue(), socket.may_send()) {
                (0, _) => Poll::Ready(Ok(())),
                (_, true) => Poll::Pending,
                (_, false) => Poll::Ready(Err(LinkError::Broken)),
            }
        })
        .await
    }
}

impl Drop for Connection<'_> {
    /// Ends the connection by a reset: what was to be said was said in TLS, and nobody waits for the rest.
    fn drop(&mut self) {
        self.network.poll().abort();
        self.network.poll();
    }
}

fn now() -> Instant {
    Instant::from_millis(i64::try_from(timer::uptime_ms()).unwrap_or(i64::MAX))
}

/// As QEMU's network hands it out to its first machine.
const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
/// The first port of RFC 6335's dynamic ones.
const FIRST_PORT: u16 = 0xC000;

static MOVED: Mutex<Cell<Moved>> = Mutex::new(Cell::new(Moved { sent: 0, taken: 0 }));
static NETWORK: Once<Option<Network>> = Once::new(None);
static STORAGE: Once<[SocketStorage<'static>; 1]> = Once::new([SocketStorage::EMPTY]);
/// What may be on its way to us.
static RECEIVED: Once<[u8; 8192]> = Once::new([0; 8192]);
static SENDING: Once<[u8; 2048]> = Once::new([0; 2048]);
