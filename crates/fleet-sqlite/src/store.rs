//! The store: its connections, and the transaction of each method.

mod open;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use countersign_fleet::{
    Arrival, AuditEntry, AuthorSetRecord, Barred, CertificateRecord, CertificateSearch, CrlRecord,
    Device, DeviceId, DeviceState, Imported, Importing, Issued, OfferRecord, OfferState,
    ProductName, RefusalRecord, RegisteredAuthority, Release, ReleaseId, RevocationReason, Revoked,
    RevokedSerial, Seen, Standing, Store, StoreError,
};
use countersign_protocol::{Digest, OfferId, Reason, UnixTime};
use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::{
    arrivals, audit, author_sets, authorities, certificates, devices,
    error::failed,
    journal::{self, Entry, Journal, Listed},
    offers, refusals, releases, standing,
    standings::{Changed, Standings},
};

/// A fleet in one `SQLite` file.
#[derive(Debug)]
pub struct SqliteStore {
    /// One connection, which writes.
    writer: SqlitePool,
    /// A few, which cannot.
    readers: SqlitePool,
    /// What outlasts the database; none where it is only read.
    journal: Option<Mutex<Journal>>,
    /// What was read of devices lately, where that is kept.
    standings: Option<Standings>,
}

/// How far a transaction has come when its commit returns.
#[derive(Clone, Copy, Debug)]
enum Lasting {
    /// It is on the disk.
    Synced,
    /// It is written; a power cut may lose it, and with it nothing else.
    Written,
}

impl SqliteStore {
    async fn begin(&self, lasting: Lasting) -> Result<Transaction<'static, Sqlite>, StoreError> {
        // `synchronous` is set with every transaction, so that no call that was given up on leaves its own behind.
        // IMMEDIATE takes the write lock here, where `busy_timeout` waits for another process, and never half-way.
        let statement = match lasting {
            Lasting::Synced => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            Lasting::Written => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
        };
        let transaction = self.writer.begin_with(statement).await.map_err(failed)?;
        if let Some(standings) = &self.standings {
            standings.begun();
        }
        Ok(transaction)
    }

    /// Begins a transaction that is written to the journal too. What the journal has already, and a transaction before
    /// failed to do, is done first.
    async fn begin_journaled(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        if self.journal().is_some_and(|journal| journal.has_waiting()) {
            // It changes more than its caller knows of.
            if let Some(standings) = &self.standings {
                standings.distrust();
            }
            let done = journal::done(&mut transaction).await?;
            let waiting = self.journal().map(|journal| journal.waiting(done));
            for entry in waiting.unwrap_or_default() {
                journal::apply(&mut transaction, &entry).await?;
            }
        }
        Ok(transaction)
    }

    /// Writes lines to the journal, and only then commits. The last thing that a transaction does: what is in the
    /// journal counts, even where the commit fails.
    async fn commit_journaled(
        &self,
        mut transaction: Transaction<'static, Sqlite>,
        entries: Vec<Entry>,
        changed: Changed<'_>,
    ) -> Result<(), StoreError> {
        let at = {
            let Some(mut journal) = self.journal() else {
                return Err(StoreError::ReadOnly("it was opened for reading".into()));
            };
            // The disk is waited for here and now: a call that is given up on at an `await` would leave a line of which
            // nobody knows.
            journal.append(entries)?;
            journal.position()
        };
        journal::note_done(&mut transaction, at).await?;
        self.commit(transaction, changed).await?;
        if let Some(mut journal) = self.journal() {
            journal.settle(at.lines);
        }
        Ok(())
    }

    /// Commits what changes no more than is said of what may be kept.
    async fn commit(
        &self,
        transaction: Transaction<'static, Sqlite>,
        changed: Changed<'_>,
    ) -> Result<(), StoreError> {
        let standings = self.standings.as_ref();
        let committing = standings.map(|standings| standings.committing(changed));
        transaction.commit().await.map_err(failed)?;
        if let Some(committing) = committing {
            committing.done();
        }
        Ok(())
    }

    fn journal(&self) -> Option<MutexGuard<'_, Journal>> {
        let journal = self.journal.as_ref()?;
        Some(journal.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_device(
        &self,
        device: &Device,
        certificate: &CertificateRecord,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        devices::create(&mut transaction, device, certificate).await?;
        audit::add(&mut transaction, audit).await?;
        self.commit(transaction, Changed::Nothing).await
    }

    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError> {
        devices::by_id(&self.readers, id).await
    }

    async fn standing(&self, fingerprint: &Digest) -> Result<Option<Standing>, StoreError> {
        let since = match self.standings.as_ref().map(|kept| kept.find(fingerprint)) {
            Some(Ok(standing)) => return Ok(Some(standing)),
            Some(Err(since)) => Some(since),
            None => None,
        };
        let found = standing::by_certificate(&self.readers, fingerprint).await?;
        if let (Some(kept), Some(since), Some(found)) = (&self.standings, since, &found) {
            kept.keep(since, found);
        }
        Ok(found)
    }

    async fn devices(&self) -> Result<Vec<Device>, StoreError> {
        devices::all(&self.readers).await
    }

    async fn certificates(&self, id: &DeviceId) -> Result<Vec<CertificateRecord>, StoreError> {
        certificates::of_device(&self.readers, id).await
    }

    async fn set_device_state(
        &self,
        id: &DeviceId,
        state: DeviceState,
        reason: Option<&str>,
        audit: &AuditEntry,
    ) -> Result<Device, StoreError> {
        let mut transaction = self.begin_journaled().await?;
        let device = devices::set_state(&mut transaction, id, state, reason, audit.at).await?;
        let certificates = certificates::of_device(&mut *transaction, id).await?;
        let listed: Vec<Listed> = certificates.iter().map(Listed::of).collect();
        audit::add(&mut transaction, audit).await?;
        let entries = Entry::of_device(audit.at, &device, &listed);
        let changed = Changed::Device(id);
        self.commit_journaled(transaction, entries, changed).await?;
        Ok(device)
    }

    async fn note_seen(&self, seen: &[Seen]) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin(Lasting::Written).await?;
        devices::note_seen(&mut transaction, seen).await?;
        self.commit(transaction, Changed::Seen(seen)).await
    }

    async fn add_certificate(
        &self,
        certificate: &CertificateRecord,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        if let Some(id) = &certificate.device {
            devices::may_get_certificates(&mut transaction, id).await?;
        }
        certificates::add(&mut transaction, certificate).await?;
        audit::add(&mut transaction, audit).await?;
        self.commit(transaction, Changed::Nothing).await
    }

    async fn import(&self, arrivals: &[Arrival], how: Importing) -> Result<Imported, StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        let outcomes = arrivals::import(&mut transaction, arrivals).await?;
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        let written = match how {
            Importing::Try => false,
            Importing::AllOrNothing => refused == 0,
            Importing::SkipRefused => refused < outcomes.len(),
        };
        if written {
            self.commit(transaction, Changed::All).await?;
        }
        Ok(Imported { outcomes, written })
    }

    async fn complete_certificate(
        &self,
        certificate: &CertificateRecord,
        pin: &Digest,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        if arrivals::complete(&mut transaction, certificate, pin).await? {
            audit::add(&mut transaction, audit).await?;
        }
        let changed = certificate.device.as_ref();
        let changed = changed.map_or(Changed::All, Changed::Device);
        self.commit(transaction, changed).await
    }

    async fn repin(
        &self,
        id: &DeviceId,
        pin: &Digest,
        certificate: Option<&CertificateRecord>,
        superseded: &[Digest],
        audit: &AuditEntry,
    ) -> Result<Device, StoreError> {
        let mut transaction = self.begin_journaled().await?;
        let device = arrivals::repin(&mut transaction, id, pin, certificate).await?;
        let reason = RevocationReason::Superseded;
        let revoked = Revoked {
            at: audit.at,
            reason,
        };
        let mut entries = Vec::new();
        for fingerprint in superseded {
            if certificates::revoke(&mut transaction, fingerprint, revoked).await?
                && let Some(record) =
                    certificates::by_fingerprint(&mut transaction, fingerprint).await?
            {
                let of = record.device.as_ref();
                entries.push(Entry::of_certificate(revoked, of, Listed::of(&record)));
            }
        }
        audit::add(&mut transaction, audit).await?;
        self.commit_journaled(transaction, entries, Changed::All)
            .await?;
        Ok(device)
    }

    async fn find_certificates(
        &self,
        search: &CertificateSearch,
        limit: u32,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        certificates::find(&self.readers, search, limit).await
    }

    async fn revoke_certificate(
        &self,
        fingerprint: &Digest,
        reason: RevocationReason,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let at = audit.at;
        let mut transaction = self.begin_journaled().await?;
        let revoked = Revoked { at, reason };
        let changed = certificates::revoke(&mut transaction, fingerprint, revoked).await?;
        let found = certificates::by_fingerprint(&mut transaction, fingerprint).await?;
        let Some(record) = found.filter(|_| changed) else {
            return Ok(false);
        };
        audit::add(&mut transaction, audit).await?;
        let listed = Listed::of(&record);
        let entry = Entry::of_certificate(revoked, record.device.as_ref(), listed);
        let device = record.device.as_ref();
        let changed = device.map_or(Changed::Nothing, Changed::Device);
        self.commit_journaled(transaction, vec![entry], changed)
            .await?;
        Ok(true)
    }

    async fn barred(&self) -> Result<Vec<Barred>, StoreError> {
        certificates::barred(&self.readers).await
    }

    async fn revoked_serials(
        &self,
        issuer: &Digest,
        and_unnoted: bool,
        now: UnixTime,
    ) -> Result<Vec<RevokedSerial>, StoreError> {
        certificates::revoked_serials(&self.readers, issuer, and_unnoted, now).await
    }

    async fn count_issued(&self, issuer: &Digest, and_unnoted: bool) -> Result<Issued, StoreError> {
        certificates::count_issued(&self.readers, issuer, and_unnoted).await
    }

    async fn newest_crl(&self, issuer: &Digest) -> Result<Option<CrlRecord>, StoreError> {
        certificates::newest_crl(&self.readers, issuer).await
    }

    async fn keep_crl(&self, crl: &CrlRecord) -> Result<bool, StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        let kept = certificates::keep_crl(&mut transaction, crl).await?;
        self.commit(transaction, Changed::Nothing).await?;
        Ok(kept)
    }

    async fn authorities(&self) -> Result<Vec<RegisteredAuthority>, StoreError> {
        authorities::all(&self.readers).await
    }

    async fn add_authority(
        &self,
        authority: &RegisteredAuthority,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        authorities::add(&mut transaction, authority).await?;
        audit::add(&mut transaction, audit).await?;
        self.commit(transaction, Changed::All).await
    }

    async fn set_authority(
        &self,
        authority: &RegisteredAuthority,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        authorities::set(&mut transaction, authority).await?;
        audit::add(&mut transaction, audit).await?;
        self.commit(transaction, Changed::All).await
    }

    async fn note_refusals(&self, batch: &[RefusalRecord]) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin(Lasting::Written).await?;
        for refusal in batch {
            refusals::note(&mut transaction, refusal).await?;
        }
        self.commit(transaction, Changed::Nothing).await
    }

    async fn refusals(&self, device: &DeviceId) -> Result<Vec<RefusalRecord>, StoreError> {
        refusals::of_device(&self.readers, device).await
    }

    async fn add_release(
        &self,
        release: &Release,
        audit: &AuditEntry,
    ) -> Result<ReleaseId, StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        let id = releases::add(&mut transaction, release).await?;
        audit::add(&mut transaction, audit).await?;
        self.commit(transaction, Changed::All).await?;
        Ok(id)
    }

    async fn release(&self, id: ReleaseId) -> Result<Option<Release>, StoreError> {
        releases::by_id(&self.readers, id).await
    }

    async fn release_by_version(
        &self,
        product: &ProductName,
        version: &str,
    ) -> Result<Option<Release>, StoreError> {
        releases::by_version(&self.readers, product, version).await
    }

    async fn newest_release(&self, product: &ProductName) -> Result<Option<Release>, StoreError> {
        releases::newest(&self.readers, product).await
    }

    async fn releases(&self) -> Result<Vec<Release>, StoreError> {
        releases::all(&self.readers).await
    }

    async fn add_author_set(
        &self,
        set: &AuthorSetRecord,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        author_sets::add(&mut transaction, set).await?;
        audit::add(&mut transaction, audit).await?;
        self.commit(transaction, Changed::Nothing).await
    }

    async fn author_set(
        &self,
        product: &ProductName,
        sequence: u32,
    ) -> Result<Option<AuthorSetRecord>, StoreError> {
        author_sets::one(&self.readers, product, sequence).await
    }

    async fn author_sets(&self, product: &ProductName) -> Result<Vec<AuthorSetRecord>, StoreError> {
        author_sets::all_of(&self.readers, product).await
    }

    async fn open_offer(&self, device: &DeviceId) -> Result<Option<OfferRecord>, StoreError> {
        offers::open_of(&self.readers, device).await
    }

    async fn offer(&self, id: &OfferId) -> Result<Option<OfferRecord>, StoreError> {
        offers::by_id(&self.readers, id).await
    }

    async fn offers(&self, device: &DeviceId) -> Result<Vec<OfferRecord>, StoreError> {
        offers::all_of(&self.readers, device).await
    }

    async fn add_offer(&self, offer: &OfferRecord) -> Result<(), StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        offers::add(&mut transaction, offer).await?;
        self.commit(transaction, Changed::Device(&offer.device))
            .await
    }

    async fn end_offer(
        &self,
        id: &OfferId,
        state: OfferState,
        reason: Option<Reason>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        if state == OfferState::Open {
            return Ok(false);
        }
        let mut transaction = self.begin(Lasting::Synced).await?;
        let ended = offers::end(&mut transaction, id, state, reason, audit.at).await?;
        if ended {
            audit::add(&mut transaction, audit).await?;
        }
        self.commit(transaction, Changed::Nothing).await?;
        Ok(ended)
    }

    async fn count_failure(
        &self,
        id: &OfferId,
        reason: Option<Reason>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        let counted = offers::count_failure(&mut transaction, id, reason).await?;
        self.commit(transaction, Changed::Nothing).await?;
        Ok(counted)
    }

    async fn count_delivery(&self, id: &OfferId) -> Result<bool, StoreError> {
        let mut transaction = self.begin(Lasting::Written).await?;
        let counted = offers::count_delivery(&mut transaction, id).await?;
        self.commit(transaction, Changed::Nothing).await?;
        Ok(counted)
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut transaction = self.begin(Lasting::Synced).await?;
        audit::add(&mut transaction, entry).await?;
        self.commit(transaction, Changed::Nothing).await
    }

    async fn audit_log(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        audit::newest(&self.readers, limit).await
    }
}

#[cfg(test)]
mod tests;
