//! ELF files: what is loaded of one, and what its sections take.
//!
//! Source: the System V ABI, chapters 4 and 5.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

/// An executable for a 32-bit little-endian machine.
pub(crate) struct Elf<'a> {
    bytes: &'a [u8],
    /// Its first instruction.
    pub(crate) entry: u32,
}

/// What lies in memory when it starts.
pub(crate) struct Load<'a> {
    /// Where it is used.
    pub(crate) address: u32,
    /// Where it is kept before.
    pub(crate) kept_at: u32,
    /// The bytes.
    pub(crate) data: &'a [u8],
}

impl<'a> Elf<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self> {
        // Magic, 32 bits, little-endian.
        if !bytes.starts_with(b"\x7FELF\x01\x01") {
            bail!("not an ELF file of a 32-bit little-endian machine");
        }
        let entry = word(bytes, 24)?;
        Ok(Self { bytes, entry })
    }

    /// What has bytes in the file, by address.
    pub(crate) fn loads(&self) -> Result<Vec<Load<'a>>> {
        let mut loads = Vec::new();
        for header in self.headers(28, 42)? {
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

    /// The sizes of its sections, by their names.
    pub(crate) fn section_sizes(&self) -> Result<BTreeMap<String, u32>> {
        let headers = self.headers(32, 46)?;
        let names = headers.get(usize::from(half(self.bytes, 50)?));
        let names = names.context("the ELF file has no names of sections")?;
        let names = usize::try_from(word(names, 16)?)?;
        let mut sizes = BTreeMap::new();
        for header in headers {
            let name = names.checked_add(usize::try_from(word(header, 0)?)?);
            let name = name.and_then(|at| self.bytes.get(at..)).unwrap_or_default();
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            let name = String::from_utf8_lossy(name).into_owned();
            sizes.insert(name, word(header, 20)?);
        }
        Ok(sizes)
    }

    /// Headers of one kind, each with what follows it. In the file's own header the place of the first is at `place`; the
    /// size of one is at `size`, and behind that their number.
    fn headers(&self, place: usize, size: usize) -> Result<Vec<&'a [u8]>> {
        let at = usize::try_from(word(self.bytes, place)?)?;
        let count = usize::from(half(self.bytes, size + 2)?);
        let size = usize::from(half(self.bytes, size)?);
        let header = |index: usize| {
            let header = self.bytes.get(at.checked_add(index * size)?..);
            header.filter(|header| header.len() >= size)
        };
        let headers: Option<Vec<_>> = (0..count).map(header).collect();
        headers.context("the ELF file ends in its headers")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_measured_by_name_and_a_file_that_is_cut_off_is_refused() {
        let mut elf = vec![0; 52];
        elf[..6].copy_from_slice(b"\x7FELF\x01\x01");
        // Two sections of 40 bytes each behind the header; the second holds the names.
        elf[32] = 52;
        (elf[46], elf[48], elf[50]) = (40, 2, 1);
        let mut section = |name: u8, offset: u8, size: u8| {
            let mut header = [0; 40];
            (header[0], header[16], header[20]) = (name, offset, size);
            elf.extend(header);
        };
        section(1, 0, 77);
        section(7, 132, 13);
        elf.extend(b"\0.text\0.names\0");
        let sizes = Elf::parse(&elf).unwrap().section_sizes().unwrap();
        let expected = [(".text".to_owned(), 77), (".names".to_owned(), 13)];
        assert_eq!(sizes, expected.into());
        for len in 0..132 {
            let parsed = Elf::parse(&elf[..len]);
            assert!(parsed.and_then(|elf| elf.section_sizes()).is_err(), "{len}");
        }
    }
}
