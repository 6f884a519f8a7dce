//! The network device as `smoltcp` wants one.

use smoltcp::{
    phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken},
    time::Instant,
};

use crate::{once::Once, virtio::Adapter};

/// The network device, with room for a frame that came.
pub(crate) struct Ethernet {
    adapter: Adapter,
    received: &'static mut [u8; FRAME],
}

impl Ethernet {
    pub(crate) fn new(adapter: Adapter) -> Option<Self> {
        Some(Self {
            adapter,
            received: RECEIVED.take()?,
        })
    }

    pub(crate) fn address(&self) -> [u8; 6] {
        self.adapter.address()
    }
}

/// A frame that came.
pub(crate) struct Came<'a>(&'a [u8]);

/// Room for a frame that goes.
pub(crate) struct Goes<'a> {
    adapter: &'a mut Adapter,
}

impl Device for Ethernet {
    type RxToken<'a> = Came<'a>;
    type TxToken<'a> = Goes<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Came<'_>, Goes<'_>)> {
        // What came may want an answer at once.
        if !self.adapter.can_send() {
            return None;
        }
        let len = self.adapter.receive(self.received)?;
        let goes = Goes {
            adapter: &mut self.adapter,
        };
        Some((Came(self.received.get(..len)?), goes))
    }

    fn transmit(&mut self, _: Instant) -> Option<Goes<'_>> {
        self.adapter.can_send().then_some(Goes {
            adapter: &mut self.adapter,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}

impl RxToken for Came<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(self.0)
    }
}

impl TxToken for Goes<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        self.adapter.send(len, fill)
    }
}

/// The longest frame of Ethernet, without its checksum.
const FRAME: usize = 1514;

static RECEIVED: Once<[u8; FRAME]> = Once::new([0; FRAME]);
