//! Where a fleet is kept.

use std::fmt;

use async_trait::async_trait;
use countersign_protocol::{Digest, OfferId, Reason, UnixTime};

use crate::{
    CertificateRecord, Device, DeviceId, DeviceState, OfferRecord, OfferState, ProductName,
    Release, ReleaseId, Seen, Standing,
};

/// One line of what was done, by whom, to what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEntry {
    /// When.
    pub at: UnixTime,
    /// Who: `operator`, or a device's id.
    pub actor: String,
    /// What, as a verb: `device.enroll`, `release.publish`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What else is to be known. Never a secret, never a signed URL.
    pub detail: String,
}

/// What a fleet's store does. Every method is one transaction: done whole, or not at all.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Adds a device with its first certificate, which is recorded as the device's. Only creates.
    async fn create_device(
        &self,
        device: &Device,
        certificate: &CertificateRecord,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// One device by its id.
    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError>;
    /// The device that a certificate was issued to, the certificate's record, and what there is for the device. Asked
    /// with each request of a device.
    async fn standing(&self, fingerprint: &Digest) -> Result<Option<Standing>, StoreError>;
    /// All devices, by id.
    async fn devices(&self) -> Result<Vec<Device>, StoreError>;
    /// A device's certificates, newest first.
    async fn certificates(&self, id: &DeviceId) -> Result<Vec<CertificateRecord>, StoreError>;
    /// Sets whether a device may come; with [`DeviceState::Revoked`] its certificates are revoked too, as of `audit.at`.
    /// A revoked device stays so: any other state is refused, and nothing is changed or audited.
    async fn set_device_state(
        &self,
        id: &DeviceId,
        state: DeviceState,
        reason: Option<&str>,
        audit: &AuditEntry,
    ) -> Result<Device, StoreError>;
    /// Writes a batch of what devices last said. Unknown devices are passed over, and so is what a device said
    /// before what is kept of it.
    async fn note_seen(&self, seen: &[Seen]) -> Result<(), StoreError>;

    /// Adds a release and gives its number, whatever its `id` says. Refuses a version or counter that the product
    /// already has.
    async fn add_release(
        &self,
        release: &Release,
        audit: &AuditEntry,
    ) -> Result<ReleaseId, StoreError>;
    /// One release by its number.
    async fn release(&self, id: ReleaseId) -> Result<Option<Release>, StoreError>;
    /// One release by its version.
    async fn release_by_version(
        &self,
        product: &ProductName,
        version: &str,
    ) -> Result<Option<Release>, StoreError>;
    /// The release with the highest counter.
    async fn newest_release(&self, product: &ProductName) -> Result<Option<Release>, StoreError>;
    /// All releases, newest first.
    async fn releases(&self) -> Result<Vec<Release>, StoreError>;

    /// A device's open offer.
    async fn open_offer(&self, device: &DeviceId) -> Result<Option<OfferRecord>, StoreError>;
    /// One offer by its id.
    async fn offer(&self, id: &OfferId) -> Result<Option<OfferRecord>, StoreError>;
    /// A device's offers, newest first.
    async fn offers(&self, device: &DeviceId) -> Result<Vec<OfferRecord>, StoreError>;
    /// Adds an open offer, whatever its `state` and `ended_at` say. Refuses when the device has one already.
    async fn add_offer(&self, offer: &OfferRecord) -> Result<(), StoreError>;
    /// Ends an open offer as of `audit.at`; gives `false`, and changes and audits nothing, where it had ended before
    /// or where `state` is [`OfferState::Open`], which is no end.
    async fn end_offer(
        &self,
        id: &OfferId,
        state: OfferState,
        reason: Option<Reason>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;
    /// Counts one failure on an open offer and keeps its reason; gives `false` where it is not open.
    async fn count_failure(&self, id: &OfferId, reason: Option<Reason>)
    -> Result<bool, StoreError>;

    /// Counts that the whole image of an open offer was handed over; gives `false` where it is not open.
    async fn count_delivery(&self, id: &OfferId) -> Result<bool, StoreError>;

    /// Adds a line to the audit log.
    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;
    /// The newest `limit` lines of the audit log, newest first.
    async fn audit_log(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;
}

/// What a store cannot do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A device of that id or of that URN is there already: two spellings of a MAC address have one URN.
    #[error("device `{0}` is already enrolled")]
    DeviceExists(DeviceId),
    /// The device was revoked, which nothing takes back.
    #[error("device `{0}` is revoked, and stays so")]
    DeviceRevoked(DeviceId),
    /// The certificate is recorded already.
    #[error("certificate {0} is already recorded")]
    CertificateExists(Digest),
    /// An offer of that id was given already.
    #[error("an offer of that id was already given")]
    OfferExists(OfferId),
    /// The device already has an open offer.
    #[error("device `{0}` already has an open offer")]
    OfferOpen(DeviceId),
    /// The product has a release of that version or counter.
    #[error("product `{product}` already has a release with {what}")]
    ReleaseExists {
        /// The product.
        product: ProductName,
        /// `version 1.2.0` or `counter 7`.
        what: String,
    },
    /// No such device.
    #[error("no device `{0}`")]
    UnknownDevice(DeviceId),
    /// No such release.
    #[error("no release number {0}")]
    UnknownRelease(ReleaseId),

    /// A number that the store has no room for.
    #[error("{what} is {value}, and the store holds at most {}", i64::MAX)]
    TooLarge {
        /// Which number.
        what: &'static str,
        /// What it is.
        value: u64,
    },
    /// The store was written by a newer program.
    #[error("the store has schema {found}, and this program knows up to {known}")]
    NewerSchema {
        /// What the store says.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full(#[source] Cause),
    /// The store may not be written.
    #[error("the store may only be read")]
    ReadOnly(#[source] Cause),
    /// A row that this program would never have written.
    #[error("a damaged row in {table}: {what}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
    /// Anything else of the database's.
    #[error("the database failed")]
    Database(#[source] Cause),
}

/// A cause whose type is nobody's business.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
