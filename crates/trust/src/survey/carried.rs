//! What a device carries.

use countersign_roots::{BundleSettings, DefaultList, Release};
use countersign_x509::Certificate;
use esp_formats::bundle::{Bundle, Entry};

use crate::bundle::{encoded, entry};

/// The bundle that a device has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carried<'a> {
    /// The one that its release builds by itself.
    List(DefaultList),
    /// The user's.
    Own(&'a Own),
}

/// A bundle of the user's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Own {
    /// A file as devices carry it, of one of the two formats; good only for the releases that read that one.
    Bundle(Vec<u8>),
    /// Certificates, from which each release is given what it reads.
    Certificates(Vec<Certificate>),
}

impl Carried<'_> {
    /// The bytes that a device of this release has then, with more roots put in. None where it would have to read a
    /// format that it does not know, or has nothing at all.
    pub(super) fn bundle(
        self,
        release: &'static Release,
        cross_signed: bool,
        deprecated: bool,
        more: &[&Certificate],
    ) -> Option<Vec<u8>> {
        let format = release.bundle_format();
        let more = more.iter().copied();
        match self {
            Self::List(list) => {
                let settings = BundleSettings {
                    list,
                    deprecated,
                    cross_signed,
                };
                let roots = release.roots(settings);
                let mut entries: Vec<Entry<'_>> =
                    roots.map(|root| entry(root.certificate())).collect();
                entries.extend(more.map(entry));
                encoded(format, &mut entries).ok()
            }
            Self::Own(Own::Certificates(own)) => {
                let mut entries: Vec<Entry<'_>> = own.iter().chain(more).map(entry).collect();
                encoded(format, &mut entries).ok()
            }
            Self::Own(Own::Bundle(bytes)) => {
                let bundle = Bundle::parse_prefix(bytes).ok()?;
                if bundle.format() != format {
                    return None;
                }
                let more: Vec<Entry<'_>> = more.map(entry).collect();
                if more.is_empty() {
                    // As it is: a device neither sorts nor mends it.
                    return Some(bytes.clone());
                }
                let mut entries: Vec<Entry<'_>> = bundle.iter().chain(more).collect();
                encoded(format, &mut entries).ok()
            }
        }
    }
}
