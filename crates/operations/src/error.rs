//! What can stand in the way of a workflow, with a stable code for each.

use countersign_fleet::{AuthorityName, DeviceId, NameError, ProductName, StoreError};
use countersign_images::{AuthorSetError, ManifestError, UrlError};
use countersign_protocol::{Digest, Unfit};

use crate::{
    authorities::{CustodyError, Kind},
    policy::Breach,
    settings::SettingError,
};

/// Why a device is not admitted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The certificate is under our root, and not one that this installation issued.
    #[error("this installation never issued the certificate")]
    UnknownCertificate,
    /// The device was revoked.
    #[error("the device is revoked")]
    Revoked,
    /// The device is suspended.
    #[error("the device is suspended")]
    Suspended,
    /// The device was retired.
    #[error("the device is retired")]
    Retired,
    /// The certificate has ended.
    #[error("the certificate has ended")]
    Ended,
    /// A registered authority vouches for a device that is not known, and may not bring in new ones.
    #[error("the device is not known yet, and `{0}` may not bring in new ones")]
    NotYetKnown(AuthorityName),
    /// A registered authority vouches for a device that is known by another key.
    #[error("the device is known by another key")]
    OtherKey,
    /// The registered authority's own certificate has ended, and it may vouch for nobody then.
    #[error("the certificate of the authority `{0}` has ended")]
    AuthorityEnded(AuthorityName),
    /// The registered authority may vouch for nobody any more.
    #[error("the authority `{0}` may vouch for nobody any more")]
    AuthorityWithdrawn(AuthorityName),
    /// The certificate does not say who the device is where its authority's certificates say so.
    #[error("the certificate does not name a device as those of `{authority}` do: {what}")]
    WrongName {
        /// The registered authority.
        authority: AuthorityName,
        /// What is wrong.
        what: String,
    },
    /// The certificate was issued to a device in another authority's namespace.
    #[error("another authority vouches for this certificate than for its device")]
    OtherAuthority,
    /// The device shows one new certificate after the other.
    #[error(
        "{most} certificates for the device's key were recorded in this hour, and this is one more",
        most = crate::admit::CERTIFICATES_AN_HOUR
    )]
    TooManyCertificates,
    /// A registered authority brings in one new device after the other.
    #[error(
        "`{0}` brought in {most} devices in this hour, and this is one more",
        most = crate::admit::NEW_DEVICES_AN_HOUR
    )]
    TooManyNewDevices(AuthorityName),
    /// The device says that it is of another product than it was enrolled as.
    #[error("the device was enrolled as another product")]
    WrongProduct,
}

impl Refusal {
    /// The stable code, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownCertificate => "unknown-certificate",
            Self::Revoked => "device-revoked",
            Self::Suspended => "device-suspended",
            Self::Retired => "device-retired",
            Self::NotYetKnown(_) => "not-yet-known",
            Self::OtherKey => "other-key",
            Self::AuthorityEnded(_) => "authority-ended",
            Self::AuthorityWithdrawn(_) => "authority-withdrawn",
            Self::WrongName { .. } => "wrong-name",
            Self::OtherAuthority => "other-authority",
            Self::Ended => "certificate-ended",
            Self::TooManyCertificates => "too-many-certificates",
            Self::TooManyNewDevices(_) => "too-many-new-devices",
            Self::WrongProduct => "wrong-product",
        }
    }
}

/// Why a workflow could not be done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// More than one certificate has a serial number that begins so.
    #[error("more than one certificate has a serial number that begins with `{serial}`: {}", found.join(", "))]
    AmbiguousSerial {
        /// What was given.
        serial: String,
        /// Some of those that there are.
        found: Vec<String>,
    },
    /// What came is no author set, or could not be made one.
    #[error(transparent)]
    AuthorSet(#[from] AuthorSetError),
    /// No device would follow the author set.
    #[error("no device of `{product}` would follow this author set: {why}")]
    UnfitAuthorSet {
        /// The product.
        product: ProductName,
        /// Why.
        why: Unfit,
    },
    /// What came of an authority is not what was asked for.
    #[error("that cannot be taken of `{authority}`: {what}")]
    BadAuthority {
        /// The authority.
        authority: String,
        /// What is wrong.
        what: String,
    },
    /// A CRL that came of a root is not what was asked for.
    #[error("the CRL of `{authority}` cannot be taken: {what}")]
    BadCrl {
        /// The root.
        authority: String,
        /// What is wrong.
        what: String,
    },
    /// A key, or what others read of an authority, cannot be had or written.
    #[error(transparent)]
    Custody(#[from] CustodyError),
    /// The key is not here, and never used here: a root's.
    #[error("the key of `{0}` is not used here")]
    KeyElsewhere(String),
    /// No CRL was made yet.
    #[error("there is no CRL of `{0}` yet")]
    NoCrl(String),
    /// No authority of ours is called so.
    #[error("`{0}` is no authority of ours")]
    NoSuchAuthority(String),
    /// No key waits for a certificate.
    #[error(
        "no key waits to become that of the {0} hierarchy's issuing authority: request a certificate first"
    )]
    NothingRequested(Kind),
    /// The certificate is in use, and revoked in another way.
    #[error("certificate {serial} is not revoked by itself: {what}")]
    StillInUse {
        /// Its serial number.
        serial: String,
        /// What it is, and what to do.
        what: String,
    },
    /// No certificate has this serial number.
    #[error("no certificate with the serial number `{0}` is recorded")]
    UnknownSerial(String),
    /// The image is not one that a device would take.
    #[error(transparent)]
    BadImage(#[from] countersign_images::CheckError),
    /// A name breaks its rule.
    #[error(transparent)]
    BadName(#[from] NameError),
    /// A product's setting is not right, or cannot be kept.
    #[error("{0}; nothing was changed")]
    BadSetting(SettingError),
    /// A certificate request is malformed, or not signed by its own key.
    #[error("the certificate request is not acceptable: {0}")]
    BadRequest(countersign_x509::Error),
    /// The request's key is of a kind that the settings do not have certified.
    #[error(transparent)]
    BadKey(countersign_pki::Error),
    /// The manifest names an image that was not uploaded.
    #[error("no image {0} was uploaded")]
    ImageMissing(Digest),
    /// The uploaded bytes are not those that their name says.
    #[error("the image's SHA-256 is {found}, and {named} was announced")]
    ImageMisnamed {
        /// What was announced.
        named: Digest,
        /// What came.
        found: Digest,
    },
    /// An authority's own certificate has ended: what it issues would be good for nothing.
    #[error(
        "the certificate of the authority `{subject}` ended at {at}; another one is made by `countersign ca replace`"
    )]
    IssuerEnded {
        /// Which.
        subject: String,
        /// When.
        at: String,
    },
    /// The manifest could not be made, or is not to be believed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest does not say what the image says.
    #[error("the manifest is not this image's: {0}")]
    ManifestMismatch(countersign_images::Mismatch),
    /// The manifest has ended already.
    #[error("the manifest ended at {0}")]
    ManifestEnded(String),
    /// The device is not admitted.
    #[error("{0}")]
    NotAdmitted(Refusal),
    /// The counter is not above that of the product's newest release.
    #[error("counter {offered} is not above {newest}, the counter of `{product}` {version}")]
    OldCounter {
        /// The product.
        product: ProductName,
        /// The counter in the manifest.
        offered: u64,
        /// The newest release's counter.
        newest: u64,
        /// The newest release's version.
        version: String,
    },
    /// No product is named, and there is not exactly one.
    #[error("say which product: {}", listed(known))]
    ProductNotNamed {
        /// The products that there are.
        known: Vec<ProductName>,
    },
    /// No such device.
    #[error("no device `{0}`")]
    UnknownDevice(DeviceId),
    /// No such offer for that device.
    #[error("no such offer")]
    UnknownOffer,
    /// No such product.
    #[error("no product `{name}`; there is {}", listed(known))]
    UnknownProduct {
        /// The name asked for.
        name: ProductName,
        /// The products that there are.
        known: Vec<ProductName>,
    },
    /// No such release.
    #[error("no release `{0}`")]
    UnknownRelease(String),
    /// An authority is not one that can be registered, or not for that.
    #[error("the authority is not acceptable: {0}")]
    UnfitAuthority(crate::unfit::Unfit),
    /// The certificates of CAs that come with an import cannot be read.
    #[error("the certificates of the CAs between cannot be read: {0}")]
    BadIntermediates(countersign_x509::Error),
    /// A public key is none, or one with which no handshake is taken.
    #[error("the public key is not acceptable: {0}")]
    BadPublicKey(String),
    /// A device of a registered authority is not what it is said to be.
    #[error(transparent)]
    NotImported(#[from] crate::import::NotImported),
    /// A device of ours, which is known by certificates and not by its key.
    #[error(
        "device `{0}` is not a registered authority's: it is known by the certificates that were issued to it here"
    )]
    NotPinned(DeviceId),
    /// More is to be imported than is written at once.
    #[error("{entries} devices are more than are imported at once ({most}): do it in parts")]
    TooManyEntries {
        /// How many there are.
        entries: usize,
        /// How many there may be.
        most: usize,
    },
    /// The work ended half-way, for a reason of ours.
    #[error("the server gave up half-way")]
    GivenUp,
    /// The release breaks its product's policy.
    #[error(transparent)]
    Policy(#[from] Breach),

    /// The download URL is not good.
    #[error("{0}")]
    BadUrl(UrlError),

    /// The fleet's store failed, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The image store failed.
    #[error(transparent)]
    Images(#[from] countersign_images::StoreError),
    /// An authority could not issue.
    #[error(transparent)]
    Pki(#[from] countersign_pki::Error),
}

impl Error {
    /// The stable code, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadImage(_) => "bad-image",
            Self::AmbiguousSerial { .. } => "ambiguous-serial",
            Self::AuthorSet(_) => "malformed-author-set",
            Self::UnfitAuthorSet { why, .. } => match why {
                Unfit::NotNext { .. } => "not-next-author-set",
                Unfit::TooLate => "author-set-too-late",
                Unfit::TooFewFormer { .. } | Unfit::TooFewOwn { .. } => "too-few-authors",
                _ => "unfit-author-set",
            },
            Self::BadAuthority { .. } => "bad-authority",
            Self::BadCrl { .. } => "bad-crl",
            Self::Custody(_) => "authority-unusable",
            Self::KeyElsewhere(_) => "key-elsewhere",
            Self::NoCrl(_) => "no-crl",
            Self::NothingRequested(_) => "nothing-requested",
            Self::StillInUse { .. } => "still-in-use",
            Self::BadName(_) => "bad-name",
            Self::BadSetting(_) => "bad-setting",
            Self::BadRequest(_) | Self::BadKey(_) => "bad-certificate-request",
            Self::ImageMissing(_) => "image-missing",
            Self::ImageMisnamed { .. } => "image-misnamed",
            Self::Manifest(error) => match error {
                ManifestError::UnknownAuthor(_) => "unknown-author",
                ManifestError::BadSignature(_) => "bad-signature",
                ManifestError::TooFewAuthors { .. } => "too-few-authors",
                ManifestError::AuthorsEnded(_) => "authors-ended",
                ManifestError::Malformed(_) => "malformed-manifest",
                _ => "not-signed",
            },
            Self::ManifestMismatch(_) => "manifest-mismatch",
            Self::ManifestEnded(_) => "manifest-ended",
            Self::NotAdmitted(refusal) => refusal.code(),
            Self::OldCounter { .. } => "old-counter",
            Self::ProductNotNamed { .. } => "product-not-named",
            Self::UnknownDevice(_) => "unknown-device",
            Self::UnknownOffer => "unknown-offer",
            Self::UnknownProduct { .. } => "unknown-product",
            Self::UnknownRelease(_) => "unknown-release",
            Self::UnfitAuthority(_) => "unfit-authority",
            Self::BadIntermediates(_) => "bad-certificate",
            Self::BadPublicKey(_) => "bad-public-key",
            Self::NotImported(why) => why.code(),
            Self::NotPinned(_) => "not-pinned",
            Self::TooManyEntries { .. } => "too-many-entries",
            Self::GivenUp => "bad-answer",
            Self::Policy(breach) => breach.code(),
            Self::BadUrl(error) => match error {
                UrlError::BadSignature => "bad-url-signature",
                UrlError::Ended { .. } => "url-ended",
                UrlError::UnknownKey => "unknown-url-key",
                _ => "malformed-url",
            },
            Self::NoSuchAuthority(_) => "unknown-authority",
            Self::UnknownSerial(_) => "no-such-certificate",
            Self::Store(error) => store_code(error),
            Self::Images(countersign_images::StoreError::Full { .. }) => "disk-full",
            Self::Images(_) => "image-store-failed",
            Self::IssuerEnded { .. } | Self::Pki(_) => "authority-failed",
        }
    }
}

/// The stable code of what the fleet's store says.
pub(crate) const fn store_code(error: &StoreError) -> &'static str {
    match error {
        StoreError::DeviceExists(_) => "device-exists",
        StoreError::DeviceRevoked(_) => "already-revoked",
        StoreError::DeviceRetired(_) => "already-retired",
        StoreError::Journal(_) => "journal-unreliable",
        StoreError::AuthorSetExists { .. } => "author-set-exists",
        StoreError::AuthorityExists(_) => "authority-exists",
        StoreError::UnknownAuthority(_) => "unknown-authority",
        // Not `unknown-certificate`, nor `other-key`: these say why somebody who shows a certificate is refused.
        StoreError::UnknownCertificate(_) => "no-such-certificate",
        StoreError::OtherKey(_) => "known-by-another-key",
        StoreError::CertificateExists(_) => "certificate-exists",
        StoreError::UnknownDevice(_) => "unknown-device",
        StoreError::ReleaseExists { .. } => "release-exists",
        StoreError::Full(_) => "disk-full",
        StoreError::ReadOnly(_) => "read-only",
        _ => "store-failed",
    }
}

fn listed(names: &[ProductName]) -> String {
    if names.is_empty() {
        return "no product in countersign.toml".to_owned();
    }
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
