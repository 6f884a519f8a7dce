//! The journal of revocations: a text file beside the database, so that what was barred for good stays so even where an
//! older copy of the database takes the place of the newer.
//!
//! Each change of a device's state, and each certificate that is revoked by itself, is a line (more where a device has
//! many certificates). It is on the disk before the database's transaction is committed; the database keeps how many
//! lines are done in it, and the last one's checksum. So when both are opened:
//!
//! - lines behind those are done in the database: its transaction failed, or it was restored from an older copy;
//! - a file with fewer lines, or with others, is an older or another's journal, and the store is not opened.
//!
//! The first line is `countersign-journal 1 ID`, with 32 random hexadecimal digits that the database keeps too. Each other
//! line has these fields, with a blank between two:
//!
//! | field        | form                                                                                       |
//! |--------------|--------------------------------------------------------------------------------------------|
//! | time         | Unix seconds                                                                               |
//! | what         | `active`, `suspended`, `retired`, `revoked`; `certificate:` and a revocation reason's code |
//! | device       | its id, or `-`                                                                             |
//! | pin          | SHA-256 of the public key by which the device is known, or `-`                             |
//! | certificates | `-`, or by commas up to [`CERTIFICATES`]: fingerprint`/`serial`/`issuer or `-``/`not after |
//! | reason       | the operator's words, other bytes than `!` to `~`, and `%`, as `%XX`; or `-`               |
//! | checksum     | SHA-256 of the checksum before (of the first line: of the line) and of all fields before it |
//!
//! The checksums notice what was torn, changed or taken out. They are no signature: who may write file and database can
//! write both anew.

mod entry;
mod fault;
mod file;
mod reader;
mod replay;
mod snapshot;

pub use entry::{CERTIFICATES, Entry, Listed, What};
pub use fault::Fault;
pub(crate) use file::{Journal, Place};
pub use reader::{LONGEST_LINE, Reader};
pub(crate) use replay::{apply, done, note_done, open};

use countersign_protocol::Digest;
use countersign_x509::sha256;

/// Where a journal stands: behind so many lines, of which the last one has this checksum.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Position {
    /// How many lines there are behind the first.
    pub lines: u64,
    /// The last line's checksum; of the first line, its SHA-256.
    pub checksum: Digest,
}

/// The first line of the journal with an id, without its end.
pub fn header(id: &[u8; 16]) -> String {
    format!("{MAGIC}{}", hex(id))
}

impl Position {
    /// Behind the first line.
    pub fn start(header: &str) -> Self {
        Self {
            lines: 0,
            checksum: Digest(sha256(header.as_bytes())),
        }
    }

    /// Behind one line more, of which these are the fields.
    #[must_use]
    pub fn after(self, fields: &str) -> Self {
        let mut bytes = Vec::with_capacity(32 + fields.len());
        bytes.extend_from_slice(&self.checksum.0);
        bytes.extend_from_slice(fields.as_bytes());
        Self {
            lines: self.lines.saturating_add(1),
            checksum: Digest(sha256(&bytes)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Into a string nothing fails.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// How a journal begins: what it is, and the version of its form.
const MAGIC: &str = "countersign-journal 1 ";

#[cfg(test)]
mod tests;
