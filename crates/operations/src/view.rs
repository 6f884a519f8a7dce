//! What the operator plane shows, and the program prints: the JSON of every answer.

mod author_set;
mod ca;
mod product;
mod registered;

use countersign_fleet::{CertificateRecord, Device, OfferRecord, RefusalRecord, Release};
use countersign_protocol::UnixTime;
use serde::{Deserialize, Serialize};

pub use self::author_set::{AuthorSetView, AuthorView};
pub use self::product::{NewestView, ProductView, SecureBootView};
pub use self::registered::{ImportView, NotImportedView, RegisteredView};
use crate::{
    advice,
    policy::Policy,
    refusals::Refused,
    text::{chip_name, day, hex, rfc3339},
};

pub use self::ca::{
    AuthorityView, CrlDraftView, CrlView, IssuedView, KeyView, RecordView, ReplacedView,
    RequestedView, RevokedView,
};

/// A device.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DeviceView {
    /// Its id.
    pub id: String,
    /// Its product.
    pub product: String,
    /// Its URN.
    pub urn: String,
    /// SHA-256 of its public key, where it is known by that: a device of a registered authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// `active`, `suspended`, `retired` or `revoked`.
    pub state: String,
    /// Why it may not come, as the operator said.
    pub state_reason: Option<String>,
    /// When it was enrolled (RFC 3339, as all times).
    pub enrolled_at: String,
    /// When it last spoke.
    pub last_seen: Option<String>,
    /// What it last said that it runs.
    pub running: Option<RunningView>,
    /// Its product's newest author set; absent where it has none.
    #[serde(default)]
    pub newest_author_set: Option<u32>,
    /// Its certificates, newest first; only where one device is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateView>,
    /// Its offers, newest first; only where one device is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<OfferView>,
    /// Why it was turned away, the last first, one for each plane and reason; only where one device is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<DeviceRefusalView>,
}

/// Why a device was turned away, however often.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DeviceRefusalView {
    /// The last time.
    pub at: String,
    /// The first time.
    pub first_at: String,
    /// How often.
    pub times: u64,
    /// At which plane.
    pub plane: String,
    /// From which address, the last time.
    pub from: String,
    /// Whether it was a certificate of the device's own. Otherwise somebody only claimed its name.
    pub proved: bool,
    /// Why: a stable code.
    pub reason: String,
    /// Why, in words.
    pub reason_text: String,
    /// What can be done about it.
    pub advice: Option<String>,
    /// All of it in a sentence.
    pub sentence: String,
}

/// What a device runs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RunningView {
    /// The running version.
    pub version: String,
    /// The chip, where the device said so.
    pub chip: Option<String>,
    /// The running image's SHA-256, where the device knows it.
    pub image: Option<String>,
    /// The slot, where the device said so: `ota_0`.
    pub slot: Option<String>,
    /// Whether the image still waits for its confirmation.
    pub pending_verify: bool,
    /// The author set that it goes by, 0 for the factory's keys; absent of one that follows no sets.
    #[serde(default)]
    pub author_set: Option<u32>,
}

/// A certificate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CertificateView {
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of its DER.
    pub fingerprint: String,
    /// The first second of its validity.
    pub not_before: String,
    /// The last second of its validity.
    pub not_after: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

/// An offer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OfferView {
    /// Its id.
    pub id: String,
    /// The release's number.
    pub release: i64,
    /// The release's version.
    pub version: Option<String>,
    /// `open`, `confirmed`, `rolled-back`, `refused` or `superseded`.
    pub state: String,
    /// Why it ended so: a stable code.
    pub reason: Option<String>,
    /// The same in words.
    pub reason_text: Option<String>,
    /// When it was given.
    pub offered_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// How often the device could not finish for the time being.
    pub failures: u32,
    /// How often its whole image was handed over.
    pub deliveries: u32,
}

/// A release.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ReleaseView {
    /// Its number.
    pub id: i64,
    /// Its product.
    pub product: String,
    /// Its version.
    pub version: String,
    /// Its project.
    pub project: String,
    /// The ESP-IDF release that it was built with.
    pub idf_version: String,
    /// Its chip.
    pub chip: String,
    /// The chip's number in ESP-IDF.
    pub chip_id: u16,
    /// Its counter.
    pub counter: u64,
    /// Its anti-rollback version.
    pub secure_version: u32,
    /// Its image's SHA-256.
    pub image: String,
    /// Its image's length in bytes.
    pub size: u32,
    /// Who signed it.
    pub author: String,
    /// When it was published.
    pub published_at: String,
    /// The last second in which devices accept it.
    pub not_after: Option<String>,
    /// The last day on which its product's devices get updates, as the product's settings say now.
    #[serde(default)]
    pub supported_until: Option<String>,
    /// Whether it was published after that day.
    #[serde(default)]
    pub after_support: bool,
}

/// A device that was just enrolled: all that it needs, but its private key, which only its maker has.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EnrolledView {
    /// Its id.
    pub id: String,
    /// Its product.
    pub product: String,
    /// Its URN.
    pub urn: String,
    /// Its certificate's serial number.
    pub serial: String,
    /// Its certificate and those above it, without the root: PEM.
    pub chain: String,
    /// The root of our servers: PEM.
    pub server_root: String,
    /// Where the device plane is.
    pub device_url: String,
    /// The product's authors' public keys: DER in hexadecimal.
    pub authors: Vec<String>,
    /// The product's newest author set, as its authors signed it, in hexadecimal; absent where there is none.
    #[serde(default)]
    pub author_set: Option<String>,
}

/// Somebody who was turned away.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RefusedView {
    /// When.
    pub at: String,
    /// At which plane.
    pub plane: String,
    /// From which address.
    pub from: String,
    /// The name in the certificate that he showed, not to be believed.
    pub claimed: Option<String>,
    /// Why: a stable code.
    pub reason: String,
    /// Why, in words.
    pub reason_text: String,
    /// How often since the start: of a limit that was met, this is the last time.
    pub times: u64,
}

/// An image that was just uploaded.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ImageView {
    /// Its SHA-256.
    pub image: String,
    /// Its length in bytes.
    pub size: u32,
    /// Its chip.
    pub chip: String,
    /// Its project.
    pub project: String,
    /// Its version.
    pub version: String,
}

/// Whether all is well.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HealthView {
    /// `ok`.
    pub status: String,
    /// The program's version.
    pub version: String,
}

impl DeviceView {
    /// A device without its certificates and offers, whose product's newest author set is given.
    pub fn of(device: &Device, newest_author_set: Option<u32>) -> Self {
        let running = device.running.as_ref().map(|running| RunningView {
            version: running.version.clone(),
            chip: running.chip.map(chip_name),
            image: running.image.map(|image| image.to_string()),
            slot: running.slot.map(|slot| match slot {
                FACTORY_SLOT => "factory".to_owned(),
                slot => format!("ota_{slot}"),
            }),
            pending_verify: running.pending_verify,
            author_set: running.authors,
        });
        Self {
            id: device.id.to_string(),
            product: device.product.to_string(),
            urn: device.urn.clone(),
            pin: device.pin.map(|pin| pin.to_string()),
            state: device.state.as_str().to_owned(),
            state_reason: device.state_reason.clone(),
            enrolled_at: rfc3339(device.enrolled_at),
            last_seen: device.last_seen.map(rfc3339),
            running,
            newest_author_set,
            certificates: Vec::new(),
            offers: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// The same with certificates, offers and refusals.
    #[must_use]
    pub fn with(
        self,
        certificates: &[CertificateRecord],
        offers: &[(OfferRecord, Option<Release>)],
        refusals: Vec<DeviceRefusalView>,
    ) -> Self {
        Self {
            refusals,
            certificates: certificates.iter().map(CertificateView::of).collect(),
            offers: offers
                .iter()
                .map(|(offer, release)| OfferView::of(offer, release.as_ref()))
                .collect(),
            ..self
        }
    }
}

impl DeviceRefusalView {
    /// Why `device`, which has these certificates, was turned away.
    pub fn of(
        device: &Device,
        certificates: &[CertificateRecord],
        refusal: &RefusalRecord,
        now: UnixTime,
    ) -> Self {
        let (code, reason) = advice::why(device, refusal);
        Self {
            at: rfc3339(refusal.last_at),
            first_at: rfc3339(refusal.first_at),
            times: refusal.times,
            plane: refusal.plane.clone(),
            from: refusal.from.clone(),
            proved: refusal.proved,
            reason: code.to_owned(),
            reason_text: reason,
            advice: advice::advice(code).map(str::to_owned),
            sentence: advice::sentence(device, certificates, refusal, now),
        }
    }
}

impl CertificateView {
    fn of(record: &CertificateRecord) -> Self {
        Self {
            serial: record.serial.clone(),
            fingerprint: record.fingerprint.to_string(),
            not_before: rfc3339(record.not_before),
            not_after: rfc3339(record.not_after),
            revoked_at: record.revoked.map(|revoked| rfc3339(revoked.at)),
        }
    }
}

impl OfferView {
    fn of(offer: &OfferRecord, release: Option<&Release>) -> Self {
        Self {
            id: hex(&offer.id.0),
            release: offer.release.0,
            version: release.map(|release| release.version.clone()),
            state: offer.state.as_str().to_owned(),
            reason: offer.reason.map(|reason| reason.code().to_owned()),
            reason_text: offer.reason.map(|reason| reason.to_string()),
            offered_at: rfc3339(offer.offered_at),
            ended_at: offer.ended_at.map(rfc3339),
            failures: offer.failures,
            deliveries: offer.deliveries,
        }
    }
}

impl ReleaseView {
    /// A release of a product that has this policy, or none any more.
    pub fn of(release: &Release, policy: Option<&Policy>) -> Self {
        Self {
            id: release.id.0,
            product: release.product.to_string(),
            version: release.version.clone(),
            project: release.project.clone(),
            idf_version: release.idf_version.clone(),
            chip: chip_name(release.chip),
            chip_id: release.chip,
            counter: release.counter,
            secure_version: release.secure_version,
            image: release.image.to_string(),
            size: release.size,
            author: hex(&release.author.0),
            published_at: rfc3339(release.published_at),
            not_after: release.not_after.map(|at: UnixTime| rfc3339(at)),
            supported_until: policy.and_then(|one| one.supported_until).map(day),
            after_support: policy.is_some_and(|one| one.has_ended(release.published_at)),
        }
    }
}

impl RefusedView {
    /// Somebody who was turned away.
    pub fn of(refused: &Refused) -> Self {
        Self {
            at: rfc3339(refused.at),
            plane: refused.plane.to_owned(),
            from: refused.from.to_canonical().to_string(),
            claimed: refused.claimed.clone(),
            reason: refused.code.to_owned(),
            reason_text: refused.reason.clone(),
            times: refused.times,
        }
    }
}

/// What a device says of its slot when it runs the factory app.
const FACTORY_SLOT: u8 = 255;
