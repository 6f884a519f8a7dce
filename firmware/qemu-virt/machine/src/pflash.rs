//! The machine's flashes: parallel ones, two chips of 16 bits side by side, by Intel's command set.
//!
//! While a command is under way the whole flash answers with its status, code that lies in it included. No method
//! returns before it is memory again.
//!
//! QEMU's chips are kinder than real ones: what is programmed is stored as it is, though it set bits. [`crate::chip`]
//! refuses that, and lives by it where it erases.
//!
//! Source: QEMU 10.0, `hw/block/pflash_cfi01.c`; the commands are Intel's, as data sheets of its parallel flashes have them.

use crate::mmio;

/// One flash.
#[derive(Debug)]
pub struct Pflash {
    base: usize,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The flash reported an error, or never that it is done.
    #[error("the flash failed at offset {at:#x}, status {status:#x}")]
    Failed {
        /// Where in the flash.
        at: usize,
        /// Its status register.
        status: u32,
    },
    /// Not within the flash, or not of whole words.
    #[error("the flash has no such place: offset {at:#x}")]
    Place {
        /// Where it would be.
        at: usize,
    },
}

impl Pflash {
    /// Length in bytes.
    pub const LEN: usize = 0x0200_0000;

    /// What an erase clears.
    pub const BLOCK: usize = 0x4_0000;

    pub(crate) const fn at(base: usize) -> Self {
        Self { base }
    }

    /// Where the processor sees its first byte.
    pub const fn base(&self) -> usize {
        self.base
    }

    /// Sets the block that begins at `at` to 0xFF.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn erase_block(&mut self, at: usize) -> Result<(), Fault> {
        if !at.is_multiple_of(Self::BLOCK) || at >= Self::LEN {
            return Err(Fault::Place { at });
        }
        self.command(at, 0x20);
        self.command(at, 0xD0);
        self.finish(at)
    }

    /// Stores whole words at `at`.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn program(&mut self, at: usize, bytes: &[u8]) -> Result<(), Fault> {
        let fits = at
            .checked_add(bytes.len())
            .is_some_and(|end| end <= Self::LEN);
        if !fits || !at.is_multiple_of(WORD) || !bytes.len().is_multiple_of(WORD) {
            return Err(Fault::Place { at });
        }
        let (mut at, mut rest) = (at, bytes);
        while !rest.is_empty() {
            // What is written at once stays within one of the flash's buffers.
            let room = BUFFER - at % BUFFER;
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.program_buffer(at, now)?;
            (at, rest) = (at + now.len(), later);
        }
        Ok(())
    }

    fn program_buffer(&mut self, at: usize, bytes: &[u8]) -> Result<(), Fault> {
        let words = u32::try_from(bytes.len() / WORD - 1).unwrap_or_default();
        self.command(at, 0xE8);
        self.ready(at)?;
        self.write(at, words * BOTH);
        for (index, word) in bytes.as_chunks::<WORD>().0.iter().enumerate() {
            self.write(at + index * WORD, u32::from_le_bytes(*word));
        }
        self.command(at, 0xD0);
        self.finish(at)
    }

    /// Waits for the end of a command, and makes the flash memory again.
    fn finish(&mut self, at: usize) -> Result<(), Fault> {
        let done = self.ready(at);
        self.command(at, 0x50);
        self.command(at, 0xFF);
        done
    }

    fn ready(&self, at: usize) -> Result<(), Fault> {
        let mut status = 0;
        for _ in 0..MAX_POLLS {
            status = mmio::read32(self.base + at);
            if status & READY == READY {
                break;
            }
        }
        if status & READY == READY && status & FAILED == 0 {
            Ok(())
        } else {
            Err(Fault::Failed { at, status })
        }
    }

    fn command(&mut self, at: usize, command: u8) {
        self.write(at, u32::from(command) * BOTH);
    }

    fn write(&mut self, at: usize, word: u32) {
        mmio::write32(self.base + at, word);
    }
}

const WORD: usize = 4;
/// What both chips are told at once.
const BOTH: u32 = 0x0001_0001;
/// Status register, bit 7.
const READY: u32 = 0x80 * BOTH;
/// Status register: erase (5), program (4), voltage (3), locked (1).
const FAILED: u32 = 0x3A * BOTH;
/// What the flash takes at once; a write may not cross a multiple of it.
const BUFFER: usize = 2048;
/// QEMU is done when a command returns; stops a flash that is not there.
const MAX_POLLS: u32 = 1_000_000;
