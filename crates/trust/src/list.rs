//! Lists of roots, as Mozilla publishes them by the CCADB, or as anybody keeps them: CSV with certificates in it, or PEM.
//!
//! Of `IncludedCACertificateReportPEMCSV` these columns are read, by their names:
//!
//! | column                               | for                                                            |
//! |--------------------------------------|----------------------------------------------------------------|
//! | `PEM Info`                           | the certificate, between apostrophes; wanted                   |
//! | `Common Name or Certificate Name`    | its name                                                       |
//! | `Trust Bits`                         | where it is there, a root without `Websites` is passed over    |
//! | `Distrust for TLS After Date`        | `2024.11.30`: the last day on which it may have issued         |
//!
//! Source: <https://www.ccadb.org/resources>, as of 2026-11; RFC 4180 for the CSV.

use std::collections::HashSet;

use countersign_x509::{Certificate, name::escaped, pem};

use crate::csv;

/// One root of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Its certificate.
    pub certificate: Certificate,
    /// What the list calls it, made harmless as [`escaped`] does.
    pub name: Option<String>,
    /// The last second, since 1970, at which it may have issued a server's certificate that Mozilla trusts.
    pub distrust_after: Option<u64>,
}

/// What was read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct List {
    /// The roots, in the list's order, each once.
    pub roots: Vec<Listed>,
    /// What was passed over, and why, harmless. One odd certificate stops nobody's build.
    pub passed_over: Vec<String>,
}

/// Why a text is no list of roots.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No certificate in it could be read.
    #[error("there is no certificate in it that can be read")]
    Empty,
    /// A CSV without the column that holds certificates.
    #[error("it has no column `PEM Info`; take the CCADB's report with PEM")]
    NoPemColumn,
    /// The CSV ends within a quoted field.
    #[error("it is cut: line {line} begins a quoted field that does not end")]
    Cut {
        /// Where, counted from 1.
        line: usize,
    },
}

/// Reads a list of either kind.
///
/// # Errors
/// [`Error`].
pub fn read(text: &[u8]) -> Result<List, Error> {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let head = text.lines().next().unwrap_or_default();
    let list = if head.contains(',') && !head.starts_with('#') && !head.contains(BEGIN) {
        from_csv(text)?
    } else {
        from_pem(text)
    };
    if list.roots.is_empty() {
        return Err(Error::Empty);
    }
    Ok(list)
}

/// A block ends where its end is marked, or where the next one begins: then it is cut, and passed over.
fn from_pem(text: &str) -> List {
    let (mut list, mut known) = (List::default(), HashSet::new());
    let (mut rest, mut index) = (text, 1);
    while let Some(at) = rest.find(BEGIN) {
        let inside = rest.get(at + BEGIN.len()..).unwrap_or_default();
        // The dashes of an end may be those of a begin too.
        let until = inside.find(BEGIN).map(|next| next + DASHES - 1);
        let block = until
            .and_then(|until| inside.get(..until))
            .unwrap_or(inside);
        let len = match block.find(END) {
            Some(end) => end + END.len(),
            None => until.map_or(inside.len(), |until| until - (DASHES - 1)),
        };
        let (block, behind) = inside.split_at_checked(len).unwrap_or((inside, ""));
        let place = format!("certificate {index}");
        list.take(&mut known, &[BEGIN, block].concat(), None, None, &place);
        (rest, index) = (behind, index + 1);
    }
    list
}

fn from_csv(text: &str) -> Result<List, Error> {
    let records = csv::records(text).map_err(|csv::Cut { line }| Error::Cut { line })?;
    let mut records = records.into_iter().map(|record| record.fields);
    let head = records.next().unwrap_or_default();
    let column = |name: &str| head.iter().position(|column| column.trim() == name);
    let certificates = column("PEM Info").ok_or(Error::NoPemColumn)?;
    let (names, bits, distrust) = (
        column("Common Name or Certificate Name"),
        column("Trust Bits"),
        column("Distrust for TLS After Date"),
    );
    let (mut list, mut known) = (List::default(), HashSet::new());
    for (index, record) in records.enumerate() {
        let field = |column: Option<usize>| {
            let text = record.get(column?)?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let record = format!("record {}", index + 2);
        // What stands in a record without a certificate may be anything, a key too: it is not repeated.
        let Some(text) = field(Some(certificates)) else {
            list.passed_over.push(format!("{record}: no certificate"));
            continue;
        };
        let name = field(names).map(|name| escaped(&name));
        let place = name.clone().unwrap_or(record);
        if bits.is_some() && !field(bits).is_some_and(|bits| bits.contains("Websites")) {
            list.passed_over
                .push(format!("{place}: not trusted for websites"));
            continue;
        }
        let after = field(distrust).and_then(|date| last_second(&date));
        let text = text.trim_matches('\'');
        list.take(&mut known, text, name.as_deref(), after, &place);
    }
    Ok(list)
}

impl List {
    fn take(
        &mut self,
        known: &mut HashSet<[u8; 32]>,
        text: &str,
        name: Option<&str>,
        distrust_after: Option<u64>,
        place: &str,
    ) {
        match pem::certificates(text.as_bytes()) {
            Ok(certificates) => {
                for certificate in certificates {
                    if known.insert(certificate.fingerprint()) {
                        self.roots.push(Listed {
                            certificate,
                            name: name.map(str::to_owned),
                            distrust_after,
                        });
                    }
                }
            }
            Err(error) => self.passed_over.push(format!("{place}: {error}")),
        }
    }
}

/// The last second of `2024.11.30`, or of `2024-11-30`.
fn last_second(date: &str) -> Option<u64> {
    let date = countersign_roots::Date::parse(&date.replace('.', "-"))?;
    Some(date.unix_seconds() + 86_399)
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// On either side of a mark.
const DASHES: usize = 5;

#[cfg(test)]
mod tests;
