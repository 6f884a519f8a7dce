//! What can be wrong with a journal.

use std::{fmt, io};

use countersign_fleet::StoreError;

use crate::error::failed_io;

/// What is wrong with a journal.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The file does not begin as a journal of this version does.
    NotAJournal,
    /// The line's checksum is not that of its fields behind the line before: it was changed, or one before it is missing.
    Checksum {
        /// The line's number in the file, from 1.
        line: u64,
    },
    /// The line is no line of a journal.
    Malformed {
        /// The line's number in the file, from 1.
        line: u64,
        /// Its field that is wrong.
        field: &'static str,
    },
    /// The file could not be read.
    Io(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAJournal => f.write_str("it is no journal of revocations"),
            Self::Checksum { line } => write!(
                f,
                "line {line} has a wrong checksum: it was changed, or lines before it are missing"
            ),
            Self::Malformed { line, field } => {
                write!(f, "line {line} is damaged: its {field} is not right")
            }
            Self::Io(error) => write!(f, "it cannot be read: {error}"),
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A journal that could not be written: the disk is full, or may not be written, or something else.
pub(super) fn unwritten(error: io::Error) -> StoreError {
    match failed_io(error) {
        StoreError::Database(cause) => {
            StoreError::Journal(format!("it cannot be written: {cause}"))
        }
        known => known,
    }
}
