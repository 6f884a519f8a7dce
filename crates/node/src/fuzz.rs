//! The private parsers of foreign bytes, for fuzzing alone: behind the feature `fuzz`, which no device switches on.
//!
//! Each function is the parser itself with plain values around it. Nothing here is stable, and nothing else may call it.

use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use countersign_protocol::UnixTime;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_storage_async::nor_flash::{self, NorFlash, NorFlashErrorKind, ReadNorFlash};

use crate::{
    LinkError, Pace, Peer, SECTOR, Settings, State,
    address::Address,
    flash::Place,
    http::{Content, Head, Request},
    places::Places,
    state::{Log, RECORD, record},
};

/// Checks a URL that a server gave (step 3): who must answer, the host, the port, path and query; `None` where the node
/// does not go there.
pub fn address<'u>(
    url: &'u str,
    server: &str,
    stores: &[&str],
) -> Option<(Peer, &'u str, u16, &'u str)> {
    let settings = settings(server, stores, None);
    let found = Address::check(url, &settings).ok()?;
    Some((found.peer, found.host, found.port, found.target))
}

/// The head of an answer, as far as the node looks at it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer<'b> {
    /// The status code.
    pub status: u16,
    /// `Content-Length`.
    pub length: Option<u64>,
    /// First byte, last byte and whole length out of `Content-Range`.
    pub range: Option<[u64; 3]>,
    /// `ETag`.
    pub etag: Option<&'b [u8]>,
    /// `Location`.
    pub location: Option<&'b str>,
    /// `Retry-After` in seconds.
    pub retry_after_s: Option<u32>,
    /// Whether the connection stays open.
    pub keeps: bool,
}

/// Sends a request and reads the head of the answer out of `sent`, of which each read gives `step` bytes at most.
/// `None` where the node gives up on it.
pub fn answer<'b>(sent: &[u8], step: usize, buffer: &'b mut [u8]) -> Option<Answer<'b>> {
    let request = Request {
        host: "ota.example",
        port: 8443,
        target: "/d/x",
        content: Content::Range { first: 0, last: 0 },
    };
    let mut peer = Script { sent, step };
    let (head, _): (Head<'b>, _) = at_once(request.exchange(&mut peer, buffer))?.ok()?;
    Some(Answer {
        status: head.status,
        length: head.length,
        range: head
            .range
            .map(|range| [range.first, range.last, range.whole]),
        etag: head.etag,
        location: head.location,
        retry_after_s: head.retry_after_s,
        keeps: head.keeps,
    })
}

/// Reads one record of the node's state: its sequence number and what it says.
pub fn decode_record(record: &[u8; RECORD_LEN]) -> Option<(u32, State)> {
    record::decode(record)
}

/// Writes one record.
pub fn encode_record(sequence: u32, state: &State) -> [u8; RECORD_LEN] {
    record::encode(sequence, state)
}

/// Opens the state in the partition `node_state` and gives what it says after `change`, which is saved there.
/// `None` where the flash fails.
pub fn change_state(partition: &mut [u8], change: impl FnOnce(&mut State)) -> Option<State> {
    let size = u32::try_from(partition.len()).ok()?;
    let place = Place { offset: 0, size };
    let capacity = partition.len();
    let mut flash = Memory {
        bytes: partition,
        capacity,
    };
    at_once(async {
        let mut log = Log::open(&mut flash, place).await?;
        log.save(&mut flash, change).await?;
        Ok::<_, crate::Error>(*log.state())
    })?
    .ok()
}

/// Finds the node's partitions by the table at the start of a flash of `capacity` bytes: offset and length of `otadata`,
/// `node_state`, the running slot and the slot that the next image goes to, in this order.
pub fn places(
    table: &mut [u8],
    capacity: usize,
    running_slot: Option<u8>,
) -> Option<[(u32, u32); 4]> {
    let settings = settings("ota.example", &[], running_slot);
    let mut flash = Memory {
        bytes: table,
        capacity,
    };
    let mut sector = [0; SECTOR];
    let found = at_once(Places::find(&mut flash, &settings, &mut sector))?.ok()?;
    let all = [found.otadata, found.node_state, found.running, found.target];
    Some(all.map(|place| (place.offset, place.size)))
}

fn settings<'a>(
    server_host: &'a str,
    stores: &'a [&'a str],
    running_slot: Option<u8>,
) -> Settings<'a> {
    Settings {
        server_host,
        server_port: 8443,
        product: "lamp",
        authors: &[],
        stores,
        secure_boot: None,
        secure_version: 0,
        built: UnixTime(0),
        running_slot,
        rollback: true,
        partition_table: 0,
        pace: Pace::default(),
    }
}

/// Runs a future that never waits; `None` for one that does.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// A peer that takes everything and sends what was written down for it.
struct Script<'s> {
    sent: &'s [u8],
    step: usize,
}

impl ErrorType for Script<'_> {
    type Error = LinkError;
}

impl Read for Script<'_> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, LinkError> {
        let len = self.step.min(into.len()).min(self.sent.len());
        let (now, later) = self.sent.split_at_checked(len).unwrap_or_default();
        if let Some(place) = into.get_mut(..len) {
            place.copy_from_slice(now);
        }
        self.sent = later;
        Ok(len)
    }
}

impl Write for Script<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, LinkError> {
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), LinkError> {
        Ok(())
    }
}

/// Flash in memory, of which only the first bytes are there; to touch others is an error, as it is beyond a chip's end.
struct Memory<'m> {
    bytes: &'m mut [u8],
    capacity: usize,
}

impl Memory<'_> {
    fn range(&mut self, offset: u32, len: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        usize::try_from(offset)
            .ok()
            .and_then(|at| self.bytes.get_mut(at..at.checked_add(len)?))
            .ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl nor_flash::ErrorType for Memory<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Memory<'_> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let len = bytes.len();
        bytes.copy_from_slice(self.range(offset, len)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.capacity
    }
}

impl NorFlash for Memory<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let len = to
            .checked_sub(from)
            .and_then(|len| usize::try_from(len).ok());
        let len = len.ok_or(NorFlashErrorKind::OutOfBounds)?;
        self.range(from, len)?.fill(0xFF);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let cells = self.range(offset, bytes.len())?;
        for (cell, byte) in cells.iter_mut().zip(bytes) {
            // As flash does: bits are cleared, never set.
            *cell &= *byte;
        }
        Ok(())
    }
}

/// A record's length in bytes.
pub const RECORD_LEN: usize = RECORD;
