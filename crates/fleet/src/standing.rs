//! All that an ordinary request of a device is answered from.

use crate::{CertificateRecord, Device, OfferRecord, Release};

/// The device that a certificate was issued to, and what there is for it: as of one moment, found by one look-up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// The device.
    pub device: Device,
    /// The certificate.
    pub certificate: CertificateRecord,
    /// The device's open offer.
    pub open: Option<OfferRecord>,
    /// The release of its product with the highest counter.
    pub newest: Option<Release>,
}
