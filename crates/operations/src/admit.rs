//! Who may come: asked for every request, on every connection, new or resumed.

use countersign_fleet::{AuthorityName, Device, DeviceState, OfferRecord, Release, Standing};
use countersign_protocol::Digest;
use countersign_x509::Certificate;

use crate::{Context, Error, Refusal};

/// A device that was admitted; only [`admit`] makes one.
#[derive(Clone, Debug)]
pub struct Admitted(Standing);

impl Admitted {
    /// The device.
    pub const fn device(&self) -> &Device {
        &self.0.device
    }

    /// Its open offer, as of its admission.
    pub(crate) const fn open(&self) -> Option<&OfferRecord> {
        self.0.open.as_ref()
    }

    /// The newest release of its product, as of its admission.
    pub(crate) const fn newest(&self) -> Option<&Release> {
        self.0.newest.as_ref()
    }
}

/// What a handshake proved of a peer: that it holds the key of this certificate, and that an authority vouches for it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// SHA-256 of the certificate.
    pub fingerprint: Digest,
    /// The certificate.
    pub certificate: Certificate,
    /// The registered authority that it stands under; none under our own device root.
    pub authority: Option<AuthorityName>,
}

impl Shown {
    /// A certificate that stands under `authority`.
    pub fn new(certificate: Certificate, authority: Option<AuthorityName>) -> Self {
        Self {
            fingerprint: Digest(certificate.fingerprint()),
            certificate,
            authority,
        }
    }
}

/// Admits the device that a certificate was issued to. That the peer holds the certificate's key, and that it stands
/// under the device root, was proved by the handshake; what is asked here may have changed since.
///
/// # Errors
/// [`Error::NotAdmitted`] with the reason, or [`Error::Store`].
pub async fn admit(context: &Context, shown: &Shown) -> Result<Admitted, Error> {
    let Some(standing) = context.store.standing(&shown.fingerprint).await? else {
        return Err(Error::NotAdmitted(Refusal::UnknownCertificate));
    };
    let certificate = &standing.certificate;
    let refusal = match standing.device.state {
        DeviceState::Revoked => Some(Refusal::Revoked),
        DeviceState::Retired => Some(Refusal::Retired),
        DeviceState::Suspended => Some(Refusal::Suspended),
        DeviceState::Active if certificate.revoked.is_some() => Some(Refusal::Revoked),
        DeviceState::Active if certificate.not_after < context.clock.now() => Some(Refusal::Ended),
        DeviceState::Active => None,
    };
    refusal.map_or(Ok(Admitted(standing)), |refusal| {
        Err(Error::NotAdmitted(refusal))
    })
}
