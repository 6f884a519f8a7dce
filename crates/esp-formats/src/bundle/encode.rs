//! Writing a bundle.

use super::{Entry, Format, entry_len, index_len};
use crate::bytes::{Cursor, to_u32};
use crate::{Error, ErrorKind};

/// Says how many bytes a bundle of these entries takes.
pub fn encoded_len(format: Format, entries: &[Entry<'_>]) -> usize {
    let index = index_len(format, entries.len());
    entries
        .iter()
        .fold(index, |len, entry| len.saturating_add(entry_len(entry)))
}

/// Sorts the entries by name, as the device's search needs it, and writes the bundle.
///
/// The sort is stable, and equal names are kept, as ESP-IDF's tool does; the device reaches only one of them.
/// Gives the bundle's length.
///
/// # Errors
///
/// - [`ErrorKind::EmptyBundle`], [`ErrorKind::EmptyEntry`]: what no device could use.
/// - [`ErrorKind::TooManyEntries`]: more than the legacy format counts.
/// - [`ErrorKind::FieldTooLong`]: a name or key of more than 65535 bytes.
/// - [`ErrorKind::BufferTooSmall`]: `out` is shorter than [`encoded_len`].
pub fn encode(format: Format, entries: &mut [Entry<'_>], out: &mut [u8]) -> Result<usize, Error> {
    if entries.is_empty() {
        return Err(Error::new(ErrorKind::EmptyBundle, 0));
    }
    sort(entries);
    let mut cursor = Cursor::new(out);
    match format {
        Format::Legacy => {
            let count = u16::try_from(entries.len()).map_err(|_| {
                let (found, max) = (to_u32(entries.len()), u32::from(u16::MAX));
                Error::new(ErrorKind::TooManyEntries { found, max }, 0)
            })?;
            cursor.put(&count.to_be_bytes())?;
        }
        Format::Offsets => {
            let mut at = index_len(format, entries.len());
            for entry in entries.iter() {
                cursor.put(&to_u32(at).to_le_bytes())?;
                at = at.saturating_add(entry_len(entry));
            }
        }
    }
    for entry in entries.iter() {
        let at = cursor.position();
        let length = |field: &[u8]| match u16::try_from(field.len()) {
            Ok(0) => Err(Error::new(ErrorKind::EmptyEntry, at)),
            Ok(len) if format == Format::Legacy => Ok(len.to_be_bytes()),
            Ok(len) => Ok(len.to_le_bytes()),
            Err(_) => {
                let (len, max) = (to_u32(field.len()), u32::from(u16::MAX));
                Err(Error::new(ErrorKind::FieldTooLong { len, max }, at))
            }
        };
        let (name_len, key_len) = (length(entry.name)?, length(entry.key)?);
        cursor.put(&name_len)?;
        cursor.put(&key_len)?;
        cursor.put(entry.name)?;
        cursor.put(entry.key)?;
    }
    Ok(cursor.position())
}

/// Sorts by name and keeps the order of equal ones; `core` has no stable sort.
fn sort(entries: &mut [Entry<'_>]) {
    for end in 2..=entries.len() {
        let Some(prefix) = entries.get_mut(..end) else {
            return;
        };
        let Some((last, sorted)) = prefix.split_last() else {
            return;
        };
        let place = sorted.partition_point(|entry| entry.name <= last.name);
        if let Some(tail) = prefix.get_mut(place..) {
            tail.rotate_right(1);
        }
    }
}
