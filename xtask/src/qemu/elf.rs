//! What of an ELF file is loaded: its program headers.

use anyhow::{Context as _, Result, bail};

/// An executable for a 32-bit little-endian machine.
pub(super) struct Elf<'a> {
    bytes: &'a [u8],
    /// Its first instruction.
    pub(super) entry: u32,
}

/// What lies in memory when it starts.
pub(super) struct Load<'a> {
    /// Where it is used.
    pub(super) address: u32,
    /// Where it is kept before.
    pub(super) kept_at: u32,
    /// The bytes.
    pub(super) data: &'a [u8],
}

impl<'a> Elf<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self> {
        // Magic, 32 bits, little-endian.
        if !bytes.starts_with(b"\x7FELF\x01\x01") {
            bail!("not an ELF file of a 32-bit little-endian machine");
        }
        let entry = word(bytes, 24)?;
        Ok(Self { bytes, entry })
    }

    /// What has bytes in the file, by address.
    pub(super) fn loads(&self) -> Result<Vec<Load<'a>>> {
        let at = usize::try_from(word(self.bytes, 28)?)?;
        let size = usize::from(half(self.bytes, 42)?);
        let count = usize::from(half(self.bytes, 44)?);
        let mut loads = Vec::new();
        for index in 0..count {
            let header = self.bytes.get(at + index * size..);
            let header = header.context("the ELF file ends in its program headers")?;
            let offset = usize::try_from(word(header, 4)?)?;
            let len = usize::try_from(word(header, 16)?)?;
            if word(header, 0)? != PT_LOAD || len == 0 {
                continue;
            }
            let data = self
                .bytes
                .get(offset..)
                .and_then(|rest| rest.get(..len))
                .context("the ELF file ends in a segment")?;
            loads.push(Load {
                address: word(header, 8)?,
                kept_at: word(header, 12)?,
                data,
            });
        }
        loads.sort_by_key(|load| load.address);
        Ok(loads)
    }
}

fn half(bytes: &[u8], at: usize) -> Result<u16> {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
    Ok(u16::from_le_bytes(
        *field.context("the ELF file ends in a header")?,
    ))
}

fn word(bytes: &[u8], at: usize) -> Result<u32> {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
    Ok(u32::from_le_bytes(
        *field.context("the ELF file ends in a header")?,
    ))
}

const PT_LOAD: u32 = 1;
