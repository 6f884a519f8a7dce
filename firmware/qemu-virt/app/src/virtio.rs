//! The machine's virtio devices: network and random numbers.

#![expect(
    unsafe_code,
    reason = "devices read and write memory behind the compiler's back"
)]

use core::{
    ptr::{NonNull, with_exposed_provenance_mut},
    sync::atomic::{AtomicUsize, Ordering},
};

use virtio_drivers::{
    BufferDirection, Hal, PAGE_SIZE, PhysAddr,
    device::{net::VirtIONetRaw, rng::VirtIORng},
    transport::{
        DeviceType, Transport as _,
        mmio::{MmioTransport, VirtIOHeader},
    },
};

use crate::once::Once;

/// The network device.
pub(crate) type Net = VirtIONetRaw<Machine, MmioTransport<'static>, RECEIVING>;
/// The random number generator.
pub(crate) type Rng = VirtIORng<Machine, MmioTransport<'static>>;

/// The devices that the app needs.
pub(crate) struct Devices {
    pub(crate) net: Net,
    pub(crate) rng: Rng,
}

impl Devices {
    /// Looks for them in all of the machine's places. To be called once; `None` where one is not there.
    pub(crate) fn find() -> Option<Self> {
        let (mut net, mut rng) = (None, None);
        for place in PLACES {
            let header = NonNull::new(with_exposed_provenance_mut::<VirtIOHeader>(place))?;
            // SAFETY: each place is a device's registers, which nobody else uses, or reads as an empty one's.
            let Ok(transport) = (unsafe { MmioTransport::new(header, PLACE_LEN) }) else {
                continue;
            };
            match transport.device_type() {
                DeviceType::Network => net = Net::new(transport).ok(),
                DeviceType::EntropySource => rng = Rng::new(transport).ok(),
                _ => {}
            }
        }
        Some(Self {
            net: net?,
            rng: rng?,
        })
    }
}

/// The machine to its drivers: addresses are what they are, and pages for queues come from a pool.
#[derive(Debug)]
pub(crate) struct Machine;

// SAFETY: pages are given out once each and never taken back; there is no memory management unit, so that every address
// is the device's address of the same place.
unsafe impl Hal for Machine {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let first = NEXT_PAGE.load(Ordering::Relaxed);
        let start = PAGES.0.get().cast::<u8>().wrapping_add(first * PAGE_SIZE);
        match NonNull::new(start).filter(|_| first + pages <= QUEUE_PAGES) {
            Some(place) => {
                NEXT_PAGE.store(first + pages, Ordering::Relaxed);
                (physical(start), place)
            }
            // The driver knows by the address that there is none.
            None => (0, NonNull::dangling()),
        }
    }

    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }

    unsafe fn mmio_phys_to_virt(at: PhysAddr, _: usize) -> NonNull<u8> {
        let at = usize::try_from(at).unwrap_or_default();
        NonNull::new(with_exposed_provenance_mut(at)).unwrap_or(NonNull::dangling())
    }

    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        physical(buffer.as_ptr().cast())
    }

    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}

fn physical(place: *mut u8) -> PhysAddr {
    place.expose_provenance() as u64
}

/// The network device, the buffers that it receives into, and the one that it sends from.
pub(crate) struct Adapter {
    net: Net,
    buffers: &'static mut [Frame; RECEIVING],
    /// What the driver calls each buffer's turn.
    tokens: [u16; RECEIVING],
    sending: &'static mut Frame,
    /// The turn of what is being sent, and its length.
    going: Option<u16>,
    going_len: usize,
}

impl Adapter {
    /// Has the device receive into all buffers.
    pub(crate) fn new(mut net: Net) -> Option<Self> {
        let buffers = BUFFERS.take()?;
        let mut tokens = [0; RECEIVING];
        for (buffer, token) in buffers.iter_mut().zip(&mut tokens) {
            // SAFETY: the buffer is not touched before its token comes back, in `receive`; it stays where it is.
            *token = unsafe { net.receive_begin(&mut buffer.0) }.ok()?;
        }
        Some(Self {
            net,
            buffers,
            tokens,
            sending: SENDING.take()?,
            going: None,
            going_len: 0,
        })
    }

    pub(crate) fn address(&self) -> [u8; 6] {
        self.net.mac_address()
    }

    /// Copies a frame into `into`, if one has come, and gives its length.
    pub(crate) fn receive(&mut self, into: &mut [u8]) -> Option<usize> {
        let token = self.net.poll_receive()?;
        let index = self.tokens.iter().position(|known| *known == token)?;
        let buffer = &mut self.buffers.get_mut(index)?.0;
        // SAFETY: it is the buffer that was given with this token.
        let (header, len) = unsafe { self.net.receive_complete(token, buffer) }.ok()?;
        let frame = buffer.get(header..header + len);
        let copied = frame.and_then(|frame| {
            into.get_mut(..len)?.copy_from_slice(frame);
            Some(len)
        });
        // SAFETY: as in `new`.
        *self.tokens.get_mut(index)? = unsafe { self.net.receive_begin(buffer) }.ok()?;
        copied
    }

    /// Says whether a frame can be sent: the one before has gone.
    pub(crate) fn can_send(&mut self) -> bool {
        let Some(token) = self.going else {
            return true;
        };
        if self.net.poll_transmit() != Some(token) {
            return false;
        }
        let frame = self.sending.0.get(..self.going_len).unwrap_or_default();
        // SAFETY: it is what was given with this token, and was not touched since.
        let _ = unsafe { self.net.transmit_complete(token, frame) };
        self.going = None;
        true
    }

    /// Has a frame of that length filled in, and sends it. One that cannot be sent is lost, as frames may be.
    pub(crate) fn send<R>(&mut self, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        let free = self.can_send();
        let header = self.net.fill_buffer_header(&mut self.sending.0);
        let (header, room) = (header.unwrap_or_default(), self.sending.0.len());
        let end = (header + len).min(room);
        let filled = fill(self.sending.0.get_mut(header..end).unwrap_or_default());
        if free && let Some(frame) = self.sending.0.get(..end) {
            // SAFETY: the frame is not touched before its token comes back, in `can_send`; it stays where it is.
            self.going = unsafe { self.net.transmit_begin(frame) }.ok();
            self.going_len = end;
        }
        filled
    }
}

/// A frame, with the device's header before it.
#[repr(align(4))]
struct Frame([u8; FRAME]);

#[repr(align(4096))]
struct Pages(core::cell::UnsafeCell<[u8; QUEUE_PAGES * PAGE_SIZE]>);

// SAFETY: pages are given out once each.
unsafe impl Sync for Pages {}

static PAGES: Pages = Pages(core::cell::UnsafeCell::new([0; QUEUE_PAGES * PAGE_SIZE]));
static NEXT_PAGE: AtomicUsize = AtomicUsize::new(0);
static SENDING: Once<Frame> = Once::new(Frame([0; FRAME]));
static BUFFERS: Once<[Frame; RECEIVING]> = Once::new([const { Frame([0; FRAME]) }; RECEIVING]);

/// Where the machine has virtio devices, and how long each place is.
const PLACES: [usize; 8] = [
    0x1000_1000,
    0x1000_2000,
    0x1000_3000,
    0x1000_4000,
    0x1000_5000,
    0x1000_6000,
    0x1000_7000,
    0x1000_8000,
];
const PLACE_LEN: usize = 0x1000;
/// Frames that can come before one is looked at.
const RECEIVING: usize = 4;
/// The longest frame of Ethernet, and the header.
const FRAME: usize = 1536;
/// Two pages for each queue: two queues of the network device, one of the other.
const QUEUE_PAGES: usize = 6;
