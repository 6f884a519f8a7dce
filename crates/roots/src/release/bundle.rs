//! The bundle that a release builds by itself.

use esp_formats::bundle::{Entry, encode, encoded_len};

use super::{CrossSigned, Release};
use crate::table::{self, Row};
use crate::{ReleaseSet, Root};

/// Which of its lists a build takes.
#[doc(alias = "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEFAULT")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DefaultList {
    /// All that Mozilla trusted when it was made, and a few more (`cacrt_all.pem`, `cacrt_local.pem`).
    #[doc(alias = "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEFAULT_FULL")]
    Full,
    /// Those of them that most servers use (`cmn_crt_authorities.csv`).
    #[doc(alias = "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEFAULT_CMN")]
    Common,
    /// None: only what a project adds.
    #[doc(alias = "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEFAULT_NONE")]
    None,
}

/// What a build says of its bundle (`sdkconfig`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct BundleSettings {
    /// The list.
    pub list: DefaultList,
    /// Whether the roots that Mozilla dropped are added. Does nothing before v5.3, nor without a list.
    #[doc(alias = "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEPRECATED_LIST")]
    pub deprecated: bool,
    /// Whether chains that are signed across are verified; `cacrt_local.pem` is then left out.
    /// Does nothing before v6.0.
    #[doc(alias = "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY")]
    pub cross_signed: bool,
}

impl Release {
    /// What a build of it has that says nothing: the full list, nothing deprecated.
    pub fn settings(&self) -> BundleSettings {
        BundleSettings {
            list: DefaultList::Full,
            deprecated: false,
            cross_signed: self.cross_signed() == CrossSigned::OnByDefault,
        }
    }

    /// The roots in the bundle of such a build, in the order in which ESP-IDF hands them to its generator.
    ///
    /// The same root can come twice (GLOBALTRUST 2020 in v5.5 with the deprecated list), and so can the
    /// same name with two keys, of which a device tries only one.
    pub fn roots(&'static self, settings: BundleSettings) -> impl Iterator<Item = &'static Root> {
        let listed = move |wanted: bool, list: fn(&Row) -> ReleaseSet| {
            let rows = table::rows().iter();
            rows.filter(move |row| wanted && list(row).contains(self))
        };
        let any = settings.list != DefaultList::None;
        let across = settings.cross_signed && self.cross_signed() != CrossSigned::Absent;
        listed(settings.list == DefaultList::Full, |row| row.full)
            .chain(listed(settings.list == DefaultList::Common, |row| {
                row.common
            }))
            .chain(listed(any && !across, |row| row.local))
            .chain(listed(any && settings.deprecated, |row| row.deprecated))
            .filter_map(|row| crate::by_sha256(&row.sha256))
    }

    /// The bundle of such a build, byte for byte as ESP-IDF's generator (`gen_crt_bundle.py`) makes it.
    ///
    /// # Errors
    /// [`ErrorKind::EmptyBundle`](esp_formats::ErrorKind::EmptyBundle) for [`DefaultList::None`].
    pub fn bundle(&'static self, settings: BundleSettings) -> Result<Vec<u8>, esp_formats::Error> {
        let certificates = self.roots(settings).map(Root::certificate);
        let mut entries: Vec<Entry<'_>> = certificates
            .map(|certificate| Entry {
                name: certificate.subject(),
                key: certificate.public_key(),
            })
            .collect();
        let format = self.bundle_format();
        let mut bundle = vec![0; encoded_len(format, &entries)];
        let len = encode(format, &mut entries, &mut bundle)?;
        bundle.truncate(len);
        Ok(bundle)
    }
}
