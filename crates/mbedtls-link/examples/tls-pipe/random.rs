//! The system's random source.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, Read as _},
    process,
};

use countersign_mbedtls_link::rand_core::{TryCryptoRng, TryRng, utils};

/// `/dev/urandom`
pub(crate) struct System(File);

impl System {
    pub(crate) fn open() -> io::Result<Self> {
        File::open("/dev/urandom").map(Self)
    }
}

impl TryRng for System {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        // There is no way to say that there is no randomness, and none to go on without it.
        self.0
            .read_exact(bytes)
            .unwrap_or_else(|_| process::abort());
        Ok(())
    }
}

impl TryCryptoRng for System {}
