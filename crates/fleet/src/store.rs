//! Where a fleet is kept.

use std::fmt;

use async_trait::async_trait;
use countersign_protocol::{Digest, OfferId, Reason, UnixTime};

use crate::{
    Arrival, AuthorSetRecord, AuthorityName, Barred, CertificateRecord, CertificateSearch,
    CrlRecord, Device, DeviceId, DeviceState, Imported, Importing, Issued, OfferRecord, OfferState,
    ProductName, RefusalRecord, RegisteredAuthority, Release, ReleaseId, RevocationReason,
    RevokedSerial, Seen, Standing,
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
    ///
    /// Refuses the id of a device that was revoked or retired, and the pinned key of one that was revoked, though an older
    /// copy of the database does not know the device; one that was suspended comes in suspended. A certificate that was
    /// revoked is recorded as that.
    async fn create_device(
        &self,
        device: &Device,
        certificate: &CertificateRecord,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// One device by its id.
    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError>;
    /// The device that a certificate was issued to, the certificate's record, and what there is for the device. Asked
    /// with each request of a device, so that it may be kept in memory; every change by this store is in it.
    async fn standing(&self, fingerprint: &Digest) -> Result<Option<Standing>, StoreError>;
    /// All devices, by id.
    async fn devices(&self) -> Result<Vec<Device>, StoreError>;
    /// A device's certificates, newest first.
    async fn certificates(&self, id: &DeviceId) -> Result<Vec<CertificateRecord>, StoreError>;
    /// Sets whether a device may come; with a state that is final its certificates are revoked too, as of `audit.at`:
    /// for a compromised key, or for the end of its service. A state that is final stays so, but that a retired device
    /// may be revoked still: any other is refused, and nothing is changed or audited.
    ///
    /// What is final outlasts the database: see [`Store::barred`]. Where that cannot be made sure of, nothing is changed:
    /// [`StoreError::Journal`].
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

    /// Adds a certificate: a further one of a device that is there, or one of ours that is no device's. Refuses one of a
    /// device in a final state, or whose pinned key is that of a revoked one.
    async fn add_certificate(
        &self,
        certificate: &CertificateRecord,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// Brings in devices of registered authorities, all in one transaction. Refuses of each what [`Self::create_device`] and
    /// [`Self::add_certificate`] refuse, with [`StoreError::OtherKey`] one that is known by another key, and with
    /// [`StoreError::CertificateExists`] one whose certificate is another's; that is no error of the whole.
    async fn import(&self, arrivals: &[Arrival], how: Importing) -> Result<Imported, StoreError>;
    /// Fills in a certificate of a device of which the fingerprint alone was known, and pins the device's key where none
    /// is. Refuses a device in a final state, and with [`StoreError::OtherKey`] one that is known by another key; where all of it
    /// is there, changes and audits nothing.
    async fn complete_certificate(
        &self,
        certificate: &CertificateRecord,
        pin: &Digest,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// Replaces the key by which a device is known, adds a certificate for the new one, if there is one and it is not
    /// recorded, and revokes those with the fingerprints in `superseded`, as superseded as of `audit.at`. Refuses a device in
    /// a final state, and the key of one that was revoked.
    async fn repin(
        &self,
        id: &DeviceId,
        pin: &Digest,
        certificate: Option<&CertificateRecord>,
        superseded: &[Digest],
        audit: &AuditEntry,
    ) -> Result<Device, StoreError>;
    /// Certificates, those that end first at the head, `limit` of them at most.
    async fn find_certificates(
        &self,
        search: &CertificateSearch,
        limit: u32,
    ) -> Result<Vec<CertificateRecord>, StoreError>;
    /// Revokes one certificate as of `audit.at`; gives `false`, and changes and audits nothing, where it was revoked
    /// before.
    async fn revoke_certificate(
        &self,
        fingerprint: &Digest,
        reason: RevocationReason,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;
    /// Every certificate whose holder is to be turned away: revoked, or of a device that is suspended. Those that were
    /// revoked stay among them even where an older copy of the database took the place of the newer.
    async fn barred(&self) -> Result<Vec<Barred>, StoreError>;
    /// What an authority has to publish: the serial numbers of its certificates that are revoked and have not ended at
    /// `now`, in order. With `and_unnoted` those too of which no issuer was noted.
    async fn revoked_serials(
        &self,
        issuer: &Digest,
        and_unnoted: bool,
        now: UnixTime,
    ) -> Result<Vec<RevokedSerial>, StoreError>;
    /// How many certificates an authority issued, as far as they are recorded. With `and_unnoted` those too of which no
    /// issuer was noted.
    async fn count_issued(&self, issuer: &Digest, and_unnoted: bool) -> Result<Issued, StoreError>;
    /// An authority's newest CRL.
    async fn newest_crl(&self, issuer: &Digest) -> Result<Option<CrlRecord>, StoreError>;
    /// Keeps an authority's CRL in place of the one before. Gives `false`, and changes nothing, where its number is not
    /// above that one's.
    async fn keep_crl(&self, crl: &CrlRecord) -> Result<bool, StoreError>;

    /// The registered authorities, by name.
    async fn authorities(&self) -> Result<Vec<RegisteredAuthority>, StoreError>;
    /// Registers an authority. Refuses a name or a key that is there.
    async fn add_authority(
        &self,
        authority: &RegisteredAuthority,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// Changes what a registered authority may do, and its certificate where that is for the same key; its name and key stay
    /// what they are.
    async fn set_authority(
        &self,
        authority: &RegisteredAuthority,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Adds to what is kept of who was turned away: times are added up, the first time stays. Unknown devices are passed
    /// over.
    async fn note_refusals(&self, refusals: &[RefusalRecord]) -> Result<(), StoreError>;
    /// Why a device was turned away, the last first.
    async fn refusals(&self, device: &DeviceId) -> Result<Vec<RefusalRecord>, StoreError>;

    /// Adds a release and gives its number, whatever its `id` says. Refuses a counter that the product already has,
    /// and a version that it has with another image: a device that says its version alone would be misunderstood.
    async fn add_release(
        &self,
        release: &Release,
        audit: &AuditEntry,
    ) -> Result<ReleaseId, StoreError>;
    /// One release by its number.
    async fn release(&self, id: ReleaseId) -> Result<Option<Release>, StoreError>;
    /// One release by its version: of several with the same image, the one with the highest counter.
    async fn release_by_version(
        &self,
        product: &ProductName,
        version: &str,
    ) -> Result<Option<Release>, StoreError>;
    /// The release with the highest counter.
    async fn newest_release(&self, product: &ProductName) -> Result<Option<Release>, StoreError>;
    /// All releases, newest first.
    async fn releases(&self) -> Result<Vec<Release>, StoreError>;

    /// Adds a product's author set. Refuses one of a sequence that is there.
    async fn add_author_set(
        &self,
        set: &AuthorSetRecord,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// One author set of a product.
    async fn author_set(
        &self,
        product: &ProductName,
        sequence: u32,
    ) -> Result<Option<AuthorSetRecord>, StoreError>;
    /// All author sets of a product, newest first.
    async fn author_sets(&self, product: &ProductName) -> Result<Vec<AuthorSetRecord>, StoreError>;

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
    /// The product has an author set of that sequence.
    #[error("product `{product}` already has author set {sequence}")]
    AuthorSetExists {
        /// The product.
        product: ProductName,
        /// The set's sequence.
        sequence: u32,
    },
    /// An authority of that name or with that key is registered already.
    #[error("an authority `{0}`, or one with its key, is already registered")]
    AuthorityExists(AuthorityName),
    /// The device is known by another key than the one that it is to be known by.
    #[error("device `{0}` is known by another key")]
    OtherKey(DeviceId),
    /// The device was revoked, which nothing takes back.
    #[error("device `{0}` is revoked, and stays so")]
    DeviceRevoked(DeviceId),
    /// The device was retired, which nothing takes back.
    #[error("device `{0}` is retired, and stays so")]
    DeviceRetired(DeviceId),
    /// The record of what was revoked, beside the database, is not there, or is not the database's.
    #[error("the journal of revocations cannot be relied on: {0}")]
    Journal(String),
    /// No such authority.
    #[error("no authority `{0}` is registered")]
    UnknownAuthority(AuthorityName),
    /// No such certificate.
    #[error("no certificate {0}")]
    UnknownCertificate(Digest),
    /// The certificate is recorded already.
    #[error("certificate {0} is already recorded")]
    CertificateExists(Digest),
    /// An offer of that id was given already.
    #[error("an offer of that id was already given")]
    OfferExists(OfferId),
    /// The device already has an open offer.
    #[error("device `{0}` already has an open offer")]
    OfferOpen(DeviceId),
    /// The product has a release of that version with another image, or of that counter.
    #[error("product `{product}` already has a release with {what}")]
    ReleaseExists {
        /// The product.
        product: ProductName,
        /// `version 1.2.0, of another image` or `counter 7`.
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
