//! Making the bundle of roots that ESP-IDF reads.

use std::collections::{HashMap, hash_map};

use countersign_x509::Certificate;
use esp_formats::bundle::{Bundle, Entry, Format, encode, encoded_len};

use crate::IdfRelease;

/// Why no bundle is made of these certificates.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// They do not fit the format: none, too many, or one too long.
    #[error("these certificates do not make a bundle")]
    Format(#[source] esp_formats::Error),

    /// Two have one name and different keys. A device tries only the one that its search meets.
    #[error(
        "two certificates are called `{subject}` and have different keys; a device tries only one"
    )]
    SameName {
        /// The name of both.
        subject: String,
    },
}

/// Makes a bundle of the subjects and keys of `certificates`, in the order that the device's search
/// needs. The same name with the same key is taken once.
///
/// Any certificate may be listed, an issuing CA's too: whoever has the key vouches for every name,
/// for ever, since a bundle has no dates and no constraints.
///
/// # Errors
/// [`Error::SameName`]; [`Error::Format`].
pub fn build(certificates: &[Certificate], format: Format) -> Result<Vec<u8>, Error> {
    let mut entries: Vec<Entry<'_>> = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        let new = entry(certificate);
        match entries.iter().find(|entry| entry.name == new.name) {
            None => entries.push(new),
            Some(entry) if *entry == new => {}
            Some(_) => {
                let subject = certificate.subject_text().to_owned();
                return Err(Error::SameName { subject });
            }
        }
    }
    encoded(format, &mut entries).map_err(Error::Format)
}

/// A bundle that keeps all that it was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packed {
    /// The bundle.
    pub bytes: Vec<u8>,
    /// The certificates that are not in it, by their places, since one of the same name and key is.
    pub repeated: Vec<usize>,
    /// The certificates that are in it and that no device can reach.
    pub unreachable: Vec<Unreachable>,
}

/// A certificate whose name another one in the bundle has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unreachable {
    /// Its place.
    pub place: usize,
    /// The place of the one that a device tries in its stead.
    pub reached: usize,
}

/// Makes a bundle of all of `certificates`, as ESP-IDF's generator (`gen_crt_bundle.py`) does: of two with one name and
/// different keys both are in it, in the order given, and a device tries one. The same name with the same key is taken
/// once.
///
/// # Errors
/// [`Error::Format`].
pub fn pack(certificates: &[Certificate], format: Format) -> Result<Packed, Error> {
    let mut seen: HashMap<(&[u8], &[u8]), usize> = HashMap::with_capacity(certificates.len());
    let mut repeated = Vec::new();
    let mut entries: Vec<Entry<'_>> = Vec::with_capacity(certificates.len());
    for (place, certificate) in certificates.iter().enumerate() {
        let new = entry(certificate);
        if let hash_map::Entry::Vacant(vacant) = seen.entry((new.name, new.key)) {
            vacant.insert(place);
            entries.push(new);
        } else {
            repeated.push(place);
        }
    }
    let bytes = encoded(format, &mut entries).map_err(Error::Format)?;
    let bundle = Bundle::parse_as(format, &bytes).map_err(Error::Format)?;
    let mut unreachable = Vec::new();
    // Sorted, so that those of one name stand side by side.
    for pair in entries.chunk_by(|a, b| a.name == b.name) {
        let [first, _, ..] = pair else { continue };
        let reached = bundle.find(first.name);
        let place = |entry: &Entry<'_>| seen.get(&(entry.name, entry.key)).copied();
        let Some(reached_place) = reached.as_ref().and_then(place) else {
            continue;
        };
        let others = pair.iter().filter_map(place);
        unreachable.extend(others.filter(|&place| place != reached_place).map(|place| {
            Unreachable {
                place,
                reached: reached_place,
            }
        }));
    }
    Ok(Packed {
        bytes,
        repeated,
        unreachable,
    })
}

/// What a certificate is in a bundle.
pub(crate) fn entry(certificate: &Certificate) -> Entry<'_> {
    Entry {
        name: certificate.subject(),
        key: certificate.public_key(),
    }
}

/// Whether two certificates make the same entry of a bundle, so that a device cannot tell one root from the other.
pub fn is_same_entry(a: &Certificate, b: &Certificate) -> bool {
    entry(a) == entry(b)
}

/// Sorts the entries and gives the bundle that they make.
pub(crate) fn encoded(
    format: Format,
    entries: &mut [Entry<'_>],
) -> Result<Vec<u8>, esp_formats::Error> {
    let mut bytes = vec![0; encoded_len(format, entries)];
    let len = encode(format, entries, &mut bytes)?;
    bytes.truncate(len);
    Ok(bytes)
}

/// The format that a release reads: a device that is given the other one rejects or misreads it.
pub const fn format_for(release: IdfRelease) -> Format {
    Format::of_release(release.major, release.minor)
}

#[cfg(test)]
mod tests;
