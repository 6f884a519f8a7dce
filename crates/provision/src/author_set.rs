//! The author set that a device goes by from the start.

use countersign_node::provisioned;

/// Writes what goes to the start of the partition [`AUTHORS`](crate::layout::AUTHORS); `None` where `set` is no author set.
///
/// The set's own bytes are wanted, without its signatures: whoever calls this has verified them, and the device believes what
/// its factory wrote.
pub fn write(set: &[u8]) -> Option<Vec<u8>> {
    let mut sector = vec![0; SECTOR];
    let length = provisioned::author_set(set, &mut sector)?;
    sector.truncate(length);
    Some(sector)
}

/// What a set lies in.
const SECTOR: usize = 4096;
