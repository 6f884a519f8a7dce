//! Small files that QEMU's command line hands in (`-fw_cfg name=...,string=...`).
//!
//! By them the guest knows what no factory puts into a flash: where a name leads in this network.
//!
//! Source: QEMU 10.0, `docs/specs/fw_cfg.rst`.

use crate::mmio;

/// Copies a file into `into`, cut to its length; gives how much was copied, `None` where there is no such file.
pub fn read(name: &str, into: &mut [u8]) -> Option<usize> {
    select(DIRECTORY);
    let mut count = [0; 4];
    take(&mut count);
    let files = u32::from_be_bytes(count).min(MAX_FILES);
    let mut found = None;
    for _ in 0..files {
        let mut entry = [0; ENTRY];
        take(&mut entry);
        let (len, rest) = entry.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (_reserved, field) = rest.split_first_chunk::<2>()?;
        let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
        if text == name.as_bytes() {
            found = Some((u16::from_be_bytes(*key), u32::from_be_bytes(*len)));
        }
    }
    let (key, len) = found?;
    let len = usize::try_from(len).map_or(into.len(), |len| len.min(into.len()));
    let into = into.get_mut(..len)?;
    select(key);
    take(into);
    Some(len)
}

fn select(key: u16) {
    mmio::write16(BASE + SELECTOR, key.to_be());
}

fn take(into: &mut [u8]) {
    for byte in into {
        *byte = mmio::read8(BASE);
    }
}

const BASE: usize = 0x1010_0000;
const SELECTOR: usize = 8;
/// The key of the list of files.
const DIRECTORY: u16 = 0x19;
/// Length of a file's entry in the list: size (4), key (2), reserved (2), name (56).
const ENTRY: usize = 64;
/// QEMU has about ten; stops an answer that is none.
const MAX_FILES: u32 = 64;
