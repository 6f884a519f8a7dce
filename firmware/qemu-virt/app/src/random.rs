//! Random bytes, all from the machine's random number generator.

use core::{cell::RefCell, convert::Infallible};

use countersign_node::Entropy;
use critical_section::Mutex;
use qemu_virt_machine::{power, say};
use rand_core::{TryCryptoRng, TryRng};

use crate::virtio::Rng;

/// The random number generator, for whoever needs it.
#[derive(Clone, Copy)]
pub(crate) struct Random(&'static Mutex<RefCell<Option<Rng>>>);

impl Random {
    /// Takes the device.
    pub(crate) fn new(device: Rng) -> Self {
        critical_section::with(|section| DEVICE.replace(section, Some(device)));
        Self(&DEVICE)
    }

    /// A number.
    pub(crate) fn u64(self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// Some bytes.
    pub(crate) fn bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill_all(&mut bytes);
        bytes
    }

    /// Fills `into`, or resets the machine: without randomness there is no TLS, and none is better than a bad one.
    fn fill_all(self, into: &mut [u8]) {
        critical_section::with(|section| {
            let mut device = self.0.borrow_ref_mut(section);
            let mut rest = into;
            while !rest.is_empty() {
                let got = device
                    .as_mut()
                    .and_then(|rng| rng.request_entropy(rest).ok());
                if let Some(got) = got.filter(|got| *got > 0 && *got <= rest.len()) {
                    rest = rest.split_at_mut(got).1;
                } else {
                    say!("random: the generator gives nothing");
                    power::reset()
                }
            }
        });
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.u64())
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        self.fill_all(into);
        Ok(())
    }
}

impl TryCryptoRng for Random {}

impl Entropy for Random {
    fn fill(&mut self, into: &mut [u8]) {
        self.fill_all(into);
    }
}

static DEVICE: Mutex<RefCell<Option<Rng>>> = Mutex::new(RefCell::new(None));
