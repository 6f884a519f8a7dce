//! Who may come: asked for every request, on every connection, new or resumed.
//!
//! A device of ours is known by the certificates that we issued to it. A registered authority's is known by its name and its key,
//! whatever certificates the authority gives it: the first time that one of them is shown, it is recorded, and the device
//! with it where the authority may bring in new ones.

mod adopt;
mod pace;

use countersign_fleet::{
    AuthorityName, Device, DeviceState, Known, OfferRecord, Question, Release, Standing, Unvouched,
    Verdict, vouch,
};
use countersign_protocol::{Digest, UnixTime};
use countersign_x509::Certificate;

pub use self::pace::{CERTIFICATES_AN_HOUR, NEW_DEVICES_AN_HOUR};
pub(crate) use self::{
    adopt::{new_device, registered_record},
    pace::Pace,
};
use crate::{Context, Error, Refusal, gate::Registered, record::key_of};

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

/// Admits the device whose certificate was shown. That the peer holds the certificate's key, and that it stands under
/// our device root or under a registered authority, was proved by the handshake; what is asked here may have changed since.
///
/// # Errors
/// [`Error::NotAdmitted`] with the reason, or [`Error::Store`].
pub async fn admit(context: &Context, shown: &Shown) -> Result<Admitted, Error> {
    for _ in 0..LOOKS {
        let standing = context.store.standing(&shown.fingerprint).await?;
        if let Some(standing) = &standing {
            judge(context, shown, standing)?;
        }
        match (standing, &shown.authority) {
            (Some(standing), _) if standing.certificate.is_whole() => {
                return Ok(Admitted(standing));
            }
            (Some(standing), Some(name)) => {
                adopt::complete(context, shown, name, &standing.device).await?;
            }
            (None, Some(name)) => adopt::adopt(context, shown, name).await?,
            (_, None) => break,
        }
    }
    Err(Error::NotAdmitted(Refusal::UnknownCertificate))
}

/// Whether a device may come by a certificate that is recorded as its own.
fn judge(context: &Context, shown: &Shown, standing: &Standing) -> Result<(), Error> {
    let (device, certificate) = (&standing.device, &standing.certificate);
    let now = context.clock.now();
    let authority = shown.authority.as_ref();
    let refusal = match device.state {
        _ if device.id.authority() != authority.map(AuthorityName::as_str) => {
            Some(Refusal::OtherAuthority)
        }
        DeviceState::Revoked => Some(Refusal::Revoked),
        DeviceState::Retired => Some(Refusal::Retired),
        DeviceState::Suspended => Some(Refusal::Suspended),
        DeviceState::Active if certificate.revoked.is_some() => Some(Refusal::Revoked),
        DeviceState::Active if certificate.not_after < now => Some(Refusal::Ended),
        DeviceState::Active => None,
    };
    if let Some(refusal) = refusal {
        return Err(Error::NotAdmitted(refusal));
    }
    let Some(name) = authority else {
        return Ok(());
    };
    // Known as its certificate is, its authority may have been changed since, and its key replaced.
    let registered = registered(context, name)?;
    let key = key_of(&shown.certificate);
    let known = Known {
        state: device.state,
        // Imported by a fingerprint, it is the first to be shown of its certificates that says by which key it is known.
        same_key: match device.pin {
            Some(pin) => pin == key,
            None => !certificate.is_whole(),
        },
    };
    match ask(&registered, now, Some(known)) {
        Verdict::Admit => Ok(()),
        Verdict::BringIn(_) => Err(Error::NotAdmitted(Refusal::NotYetKnown(name.clone()))),
        Verdict::Refuse(why) => Err(Error::NotAdmitted(refused(why, name))),
    }
}

/// What is registered of an authority.
fn registered(context: &Context, name: &AuthorityName) -> Result<Registered, Error> {
    let anchors = context.gate.anchors();
    let found = anchors.registered(name).cloned();
    // One that vouched in the handshake and is gone since.
    found.ok_or_else(|| Error::NotAdmitted(Refusal::AuthorityWithdrawn(name.clone())))
}

/// Whether the authority's word for a device is enough.
fn ask(registered: &Registered, now: UnixTime, device: Option<Known>) -> Verdict<'_> {
    vouch(&Question {
        authority: &registered.authority,
        authority_ends: UnixTime(registered.certificate.not_after()),
        now,
        device,
    })
}

fn refused(why: Unvouched, authority: &AuthorityName) -> Refusal {
    match why {
        Unvouched::Revoked => Refusal::Revoked,
        Unvouched::Retired => Refusal::Retired,
        Unvouched::Suspended => Refusal::Suspended,
        Unvouched::Withdrawn => Refusal::AuthorityWithdrawn(authority.clone()),
        Unvouched::Ended => Refusal::AuthorityEnded(authority.clone()),
        Unvouched::OtherKey => Refusal::OtherKey,
        Unvouched::NotYetKnown => Refusal::NotYetKnown(authority.clone()),
    }
}

/// How often a certificate is looked for: once more after it was recorded, and once more where another connection was faster.
const LOOKS: usize = 3;
