//! Making the bundle of roots that ESP-IDF reads.

use countersign_x509::Certificate;
use esp_formats::bundle::{Entry, Format, encode, encoded_len};

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

/// The format that a release reads: a device that is given the other one rejects or misreads it.
pub const fn format_for(release: IdfRelease) -> Format {
    Format::of_release(release.major, release.minor)
}

#[cfg(test)]
mod tests;
