//! `data/roots.csv`: a row for every root that is known here, by its fingerprint.
//!
//! | column           | meaning                                                                            |
//! |------------------|------------------------------------------------------------------------------------|
//! | `sha256`         | SHA-256 of the DER certificate, in lower-case hexadecimal                          |
//! | `distrust_after` | see [`Row::distrust_after`]; `2024-11-30T23:59:59Z`, or nothing                    |
//! | `full`           | the releases with it in `cacrt_all.pem`, as a [`ReleaseSet`]                       |
//! | `common`         | those of them whose `cmn_crt_authorities.csv` names it                             |
//! | `local`          | the releases with it in `cacrt_local.pem`                                          |
//! | `deprecated`     | the releases with it in `cacrt_deprecated.pem`                                     |
//! | `name`           | its label in Mozilla's list; last, since it may hold commas                        |
//!
//! Of roots with one subject, the row that ESP-IDF's files have first stands first. Lines that begin with `#` are
//! comments.

use std::fmt;
use std::sync::LazyLock;

use crate::{ReleaseSet, date};

/// What the table says of one root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// SHA-256 of the DER certificate.
    pub sha256: [u8; 32],
    /// The last second, since 1970, at which it may have issued a server's certificate that Mozilla
    /// trusts (`CKA_NSS_SERVER_DISTRUST_AFTER`), if such a second is known.
    pub distrust_after: Option<u64>,
    /// The releases with it in their full list.
    pub full: ReleaseSet,
    /// The releases with it in their common list; all of them have it in the full one.
    pub common: ReleaseSet,
    /// The releases that add it to both lists.
    pub local: ReleaseSet,
    /// The releases with it in their deprecated list.
    pub deprecated: ReleaseSet,
    /// Its label in Mozilla's list. Not unique.
    pub name: String,
    /// As it is written.
    distrust_text: String,
}

/// All rows, in the table's order.
pub fn rows() -> &'static [Row] {
    &PARSED.rows
}

/// The table's lines that are no row, counted from 1. There are none; [`audit()`](crate::audit()) says so.
pub(crate) fn unreadable_lines() -> &'static [usize] {
    &PARSED.unreadable
}

impl Row {
    /// A row for a root that is in no list yet.
    pub fn new(sha256: [u8; 32], name: &str) -> Self {
        Self {
            sha256,
            distrust_after: None,
            full: ReleaseSet::default(),
            common: ReleaseSet::default(),
            local: ReleaseSet::default(),
            deprecated: ReleaseSet::default(),
            name: name.to_owned(),
            distrust_text: String::new(),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(7, ',');
        let mut field = || fields.next();
        let sha256 = from_hex(field()?)?;
        let distrust_text = field()?;
        let distrust_after = match distrust_text {
            "" => None,
            text => Some(date::moment(text)?),
        };
        let mut set = || ReleaseSet::parse(field()?);
        let (full, common, local, deprecated) = (set()?, set()?, set()?, set()?);
        Some(Self {
            sha256,
            distrust_after,
            full,
            common,
            local,
            deprecated,
            name: fields.next().filter(|name| !name.is_empty())?.to_owned(),
            distrust_text: distrust_text.to_owned(),
        })
    }
}

/// The row as the table has it.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sha256 = to_hex(&self.sha256);
        let (full, common, local) = (self.full, self.common, self.local);
        let (after, deprecated, name) = (&self.distrust_text, self.deprecated, &self.name);
        write!(
            f,
            "{sha256},{after},{full},{common},{local},{deprecated},{name}"
        )
    }
}

/// A fingerprint as people compare it: lower-case hexadecimal.
pub fn to_hex(sha256: &[u8; 32]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16);
    let digits = sha256.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(digit).collect()
}

/// Reads a fingerprint of 64 hexadecimal digits, of either case.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut sha256 = [0; 32];
    if pairs.len() != sha256.len() || !rest.is_empty() {
        return None;
    }
    let digit = |c: u8| {
        char::from(c)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    for (byte, &[high, low]) in sha256.iter_mut().zip(pairs) {
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(sha256)
}

struct Parsed {
    rows: Vec<Row>,
    unreadable: Vec<usize>,
}

static PARSED: LazyLock<Parsed> = LazyLock::new(|| {
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    for (index, line) in CSV.lines().enumerate() {
        if line.starts_with('#') || line == COLUMNS {
            continue;
        }
        match Row::parse(line) {
            Some(row) => rows.push(row),
            None => unreadable.push(index + 1),
        }
    }
    Parsed { rows, unreadable }
});

/// The table's text.
pub const CSV: &str = include_str!("../data/roots.csv");

/// The line that names the columns.
pub const COLUMNS: &str = "sha256,distrust_after,full,common,local,deprecated,name";
