//! Puts right the checksums of damaged input, so that it is not turned away at the door: whoever writes a file or a
//! flash on purpose gets them right too. Targets read their input both as it is and so.
//!
//! The layouts are written down in the parsers' own documentation. Input that is too short for a checksum has none.

use std::ops::Range;

use countersign_fleet_sqlite::journal::{Position, header};
use countersign_roots::table::to_hex;
use countersign_x509::{pem, sha256};
use esp_formats::secure_boot::{BLOCK, SECTOR};

/// One sector of NVS, in bytes.
pub(crate) const NVS_PAGE: usize = 4096;

/// An NVS partition of two pages at least, the rest blank, its CRCs right: page header, items, values of items.
///
/// Source: ESP-IDF v5.5.5, `components/nvs_flash/src/nvs_page.hpp` and `nvs_types.hpp`.
pub(crate) fn nvs(bytes: &[u8]) -> Vec<u8> {
    let mut partition = blank_behind(bytes, NVS_PAGE, 2);
    for page in partition.chunks_exact_mut(NVS_PAGE) {
        put_crc(page, 28, 4..28, 0..0);
        let mut at = 64;
        while let Some([_, kind, span, _]) =
            page.get(at..at + 4).and_then(<[u8]>::first_chunk).copied()
        {
            let values = at + 32;
            if matches!(kind, 0x21 | 0x41 | 0x42)
                && let Some(&[low, high]) = page.get(at + 24..).and_then(<[u8]>::first_chunk)
            {
                let len = usize::from(u16::from_le_bytes([low, high]));
                put_crc(page, at + 28, values..values + len, 0..0);
            }
            put_crc(page, at + 4, at..at + 4, at + 8..at + 32);
            at += 32 * usize::from(span.max(1));
        }
    }
    partition
}

/// An `esp_secure_cert` partition whose entries have right CRCs.
pub(crate) fn secure_cert(bytes: &[u8]) -> Vec<u8> {
    let mut partition = bytes.to_vec();
    let mut at = 0;
    while let Some(&[low, high]) = partition.get(at + 10..).and_then(<[u8]>::first_chunk) {
        let len = usize::from(u16::from_le_bytes([low, high])).next_multiple_of(16);
        let crc_at = at + 12 + len;
        put_crc(&mut partition, crc_at, at..crc_at, 0..0);
        at = crc_at + 4;
    }
    partition
}

/// A journal whose first line is right, and of whose others the last field, behind the last blank, is the checksum.
pub(crate) fn journal(bytes: &[u8]) -> Vec<u8> {
    let first = header(&[1; 16]);
    let mut at = Position::start(&first);
    let mut journal = format!("{first}\n").into_bytes();
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let _ = lines.next();
    for line in lines {
        let text = line.strip_suffix(b"\n");
        let fields = text.and_then(|text| std::str::from_utf8(text).ok()?.rsplit_once(' '));
        let Some((fields, _)) = fields else {
            journal.extend_from_slice(line);
            continue;
        };
        at = at.after(fields);
        let line = format!("{fields} {}\n", at.checksum);
        journal.extend_from_slice(line.as_bytes());
    }
    journal
}

/// An app image whose checksum and appended digest are right, as far as its segments lie within it.
pub(crate) fn app_image(bytes: &[u8]) -> Vec<u8> {
    let mut image = bytes.to_vec();
    let (segments, mut at, mut sum) = (image.get(1).copied().unwrap_or(0), 24, 0xEF);
    for _ in 0..segments {
        let Some(len) = image.get(at + 4..).and_then(<[u8]>::first_chunk) else {
            return image;
        };
        let start = at + 8;
        at = start.saturating_add(usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX));
        let Some(data) = image.get(start..at) else {
            return image;
        };
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
    }
    let hashed = (at | 15) + 1;
    if let Some(place) = image.get_mut(hashed - 1) {
        *place = sum;
    }
    let digest = sha256(image.get(..hashed).unwrap_or_default());
    if image.get(23) == Some(&1)
        && let Some(place) = image.get_mut(hashed..hashed + 32)
    {
        place.copy_from_slice(&digest);
    }
    image
}

/// A sector whose three signature blocks have right CRCs.
pub(crate) fn signature_sector(bytes: &[u8; SECTOR]) -> [u8; SECTOR] {
    let mut sector = *bytes;
    for block in sector.chunks_exact_mut(BLOCK) {
        // The one CRC of Espressif's that is zlib's plain one.
        let crc = crc32fast::hash(&block[..1196]).to_le_bytes();
        block[1196..1200].copy_from_slice(&crc);
    }
    sector
}

/// The first `N` bytes of a flash that is blank behind the input.
pub(crate) fn flash<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut flash = [0xFF; N];
    for (place, byte) in flash.iter_mut().zip(bytes) {
        *place = *byte;
    }
    flash
}

/// The input and blank flash up to a multiple of `page`, `least` pages at least.
fn blank_behind(bytes: &[u8], page: usize, least: usize) -> Vec<u8> {
    let mut flash = bytes.to_vec();
    flash.resize(bytes.len().next_multiple_of(page).max(page * least), 0xFF);
    flash
}

/// A lock file whose certificates are called by the digests that they have, in chains too.
pub(crate) fn lock(text: &str) -> String {
    let mut sealed = text.to_owned();
    for section in text.split("\n[[").skip(1) {
        let named = section.split_once("sha256 = \"");
        let digest = named.and_then(|(_, rest)| rest.get(..64));
        let found = pem::blocks(section.as_bytes(), pem::CERTIFICATE).ok();
        if let (Some(digest), Some(der)) = (digest, found.as_deref().and_then(<[_]>::first)) {
            sealed = sealed.replace(digest, &to_hex(&sha256(der)));
        }
    }
    sealed
}

/// Writes to `at` the CRC-32 with ESP-IDF's seed over two ranges, where all of them are there.
fn put_crc(bytes: &mut [u8], at: usize, first: Range<usize>, second: Range<usize>) {
    let mut crc = crc32fast::Hasher::new_with_initial(u32::MAX);
    for range in [first, second] {
        let Some(covered) = bytes.get(range) else {
            return;
        };
        crc.update(covered);
    }
    if let Some(place) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = crc.finalize().to_le_bytes();
    }
}
