//! What every [`Store`] must do, as one suite that each implementation's tests run.
//!
//! That what was written outlasts a restart is each implementation's own test.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test suite, which fails by a panic"
)]

mod arrivals;
mod certificates;
mod devices;
mod gate;
mod offers;
mod releases;
mod sample;

use crate::Store;

pub use sample::{certificate, device, entry, offer, release, running};

/// Runs the whole suite; `fresh` makes a store with nothing in it.
///
/// # Panics
/// Panics with what the store does wrong.
pub async fn run<S: Store>(fresh: impl AsyncFn() -> S) {
    devices::creates_once(&fresh().await).await;
    devices::creates_once_under_concurrency(&fresh().await).await;
    devices::finds_by_certificate(&fresh().await).await;
    devices::lists_in_order(&fresh().await).await;
    devices::sets_state(&fresh().await).await;
    devices::notes_what_was_seen(&fresh().await).await;
    arrivals::imports_all_or_what_is_not_refused(&fresh().await).await;
    arrivals::imports_nobody_who_may_not_come(&fresh().await).await;
    arrivals::completes_what_is_awaited(&fresh().await).await;
    arrivals::replaces_a_pin(&fresh().await).await;
    certificates::adds_and_finds(&fresh().await).await;
    certificates::revokes_one(&fresh().await).await;
    certificates::bars(&fresh().await).await;
    certificates::keeps_what_is_final(&fresh().await).await;
    certificates::refuses_a_revoked_key(&fresh().await).await;
    certificates::publishes_serials(&fresh().await).await;
    certificates::keeps_the_newest_crl(&fresh().await).await;
    gate::registers_authorities(&fresh().await).await;
    gate::notes_refusals(&fresh().await).await;
    releases::adds_and_finds(&fresh().await).await;
    releases::refuses_a_second_of_its_kind(&fresh().await).await;
    releases::takes_an_image_again_under_a_higher_counter(&fresh().await).await;
    releases::keeps_the_largest_numbers(&fresh().await).await;
    releases::keeps_author_sets(&fresh().await).await;
    offers::opens_one_at_a_time(&fresh().await).await;
    offers::ends_once(&fresh().await).await;
    offers::ends_once_under_concurrency(&fresh().await).await;
    offers::counts_failures(&fresh().await).await;
    offers::counts_deliveries(&fresh().await).await;
    offers::needs_its_device_and_release(&fresh().await).await;
    audit_is_read_newest_first(&fresh().await).await;
}

async fn audit_is_read_newest_first(store: &impl Store) {
    assert_eq!(store.audit_log(10).await.unwrap(), []);
    // The same second, so that only the order of writing tells them apart.
    let entries = ["first", "second", "third"].map(|subject| entry("test.act", subject, 100));
    for entry in &entries {
        store.audit(entry).await.unwrap();
    }
    let [first, second, third] = entries;
    assert_eq!(store.audit_log(0).await.unwrap(), []);
    assert_eq!(
        store.audit_log(2).await.unwrap(),
        [third.clone(), second.clone()]
    );
    assert_eq!(
        store.audit_log(u32::MAX).await.unwrap(),
        [third, second, first]
    );
}

/// The subjects of the audit lines with `action`, oldest first.
async fn audited(store: &impl Store, action: &str) -> Vec<String> {
    let log = store.audit_log(1000).await.unwrap();
    let of_action = log.into_iter().rev().filter(|line| line.action == action);
    of_action.map(|line| line.subject).collect()
}
