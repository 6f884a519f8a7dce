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
        let (name, key) = (certificate.subject(), certificate.public_key());
        match entries.iter().find(|entry| entry.name == name) {
            None => entries.push(Entry { name, key }),
            Some(entry) if entry.key == key => {}
            Some(_) => {
                let subject = certificate.subject_text().to_owned();
                return Err(Error::SameName { subject });
            }
        }
    }
    let mut bundle = vec![0; encoded_len(format, &entries)];
    let len = encode(format, &mut entries, &mut bundle).map_err(Error::Format)?;
    bundle.truncate(len);
    Ok(bundle)
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
        let (name, key) = (certificate.subject(), certificate.public_key());
        if let hash_map::Entry::Vacant(vacant) = seen.entry((name, key)) {
            vacant.insert(place);
            entries.push(Entry { name, key });
        } else {
            repeated.push(place);
        }
    }
    let mut bytes = vec![0; encoded_len(format, &entries)];
    let len = encode(format, &mut entries, &mut bytes).map_err(Error::Format)?;
    bytes.truncate(len);
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

/// The format that a release reads: a device that is given the other one rejects or misreads it.
pub const fn format_for(release: IdfRelease) -> Format {
    Format::of_release(release.major, release.minor)
}

#[cfg(test)]
mod tests;
