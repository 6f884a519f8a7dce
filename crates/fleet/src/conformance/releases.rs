//! Releases.

use countersign_protocol::{Digest, UnixTime};

use super::{audited, entry, release};
use crate::{AuthorSetRecord, Release, ReleaseId, Store, StoreError};

pub(super) async fn adds_and_finds(store: &impl Store) {
    let demo = "demo".parse().unwrap();
    assert_eq!(store.newest_release(&demo).await.unwrap(), None);
    assert_eq!(store.releases().await.unwrap(), []);
    assert_eq!(store.release(ReleaseId(1)).await.unwrap(), None);

    // Published in another order than that of their counters.
    let endless = Release {
        not_after: None,
        ..release(1)
    };
    let first = add(store, release(2)).await.unwrap();
    let second = add(store, endless).await.unwrap();
    assert_eq!(first.id, ReleaseId(1));
    assert!(second.id > first.id);
    assert_eq!(
        store.release(first.id).await.unwrap().as_ref(),
        Some(&first)
    );
    assert_eq!(
        store.newest_release(&demo).await.unwrap().as_ref(),
        Some(&first)
    );
    assert_eq!(
        store
            .release_by_version(&demo, "1.1.0")
            .await
            .unwrap()
            .as_ref(),
        Some(&second)
    );
    let none = store.release_by_version(&demo, "1.9.0").await.unwrap();
    assert_eq!(none, None);
    let other = "other".parse().unwrap();
    assert_eq!(store.newest_release(&other).await.unwrap(), None);
    let none = store.release_by_version(&other, "1.1.0").await.unwrap();
    assert_eq!(none, None);
    assert_eq!(store.releases().await.unwrap(), [second, first]);
}

pub(super) async fn refuses_a_second_of_its_kind(store: &impl Store) {
    let first = add(store, release(1)).await.unwrap();
    let same_version = Release {
        counter: 2,
        image: Digest([9; 32]),
        ..release(1)
    };
    let same_counter = Release {
        version: "1.2.0".to_owned(),
        ..release(1)
    };
    for (again, words) in [
        (same_version, "version 1.1.0, of another image"),
        (same_counter, "counter 1"),
    ] {
        let refused = add(store, again).await.unwrap_err();
        let StoreError::ReleaseExists { product, what } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((product.as_str(), what.as_str()), ("demo", words));
    }
    let product = "other".parse().unwrap();
    let other = Release {
        product,
        ..release(1)
    };
    let other = add(store, other).await.unwrap();
    assert_eq!(store.releases().await.unwrap(), [other, first]);
    assert_eq!(audited(store, "release.publish").await, ["1.1.0", "1.1.0"]);
}

pub(super) async fn takes_an_image_again_under_a_higher_counter(store: &impl Store) {
    let demo = "demo".parse().unwrap();
    let first = add(store, release(1)).await.unwrap();
    let second = add(store, release(2)).await.unwrap();
    let fallback = Release {
        counter: 3,
        ..release(1)
    };
    let fallback = add(store, fallback).await.unwrap();
    let newest = store.newest_release(&demo).await.unwrap();
    assert_eq!(newest.as_ref(), Some(&fallback));
    let found = store.release_by_version(&demo, "1.1.0").await.unwrap();
    assert_eq!(found.as_ref(), Some(&fallback));
    assert_eq!(store.releases().await.unwrap(), [fallback, second, first]);
}

pub(super) async fn keeps_the_largest_numbers(store: &impl Store) {
    let largest = Release {
        chip: u16::MAX,
        counter: i64::MAX.unsigned_abs(),
        secure_version: u32::MAX,
        image: Digest([0xFF; 32]),
        size: u32::MAX,
        not_after: Some(UnixTime(i64::MAX.unsigned_abs())),
        ..release(1)
    };
    let added = add(store, largest).await.unwrap();
    let read = store.release(added.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&added));

    let too_large = Release {
        counter: 1 << 63,
        ..release(2)
    };
    let refused = add(store, too_large).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::TooLarge { value, .. } if value == 1 << 63),
        "{refused:?}"
    );
    assert_eq!(store.releases().await.unwrap(), [added]);
}

/// Adds `release` and gives it with its number.
async fn add(store: &impl Store, release: Release) -> Result<Release, StoreError> {
    let audit = entry("release.publish", &release.version, 100);
    let id = store.add_release(&release, &audit).await?;
    Ok(Release { id, ..release })
}

pub(super) async fn keeps_author_sets(store: &impl Store) {
    let (demo, other) = ("demo".parse().unwrap(), "other".parse().unwrap());
    assert_eq!(store.author_sets(&demo).await.unwrap(), []);
    let set = |product: &str, sequence: u32| AuthorSetRecord {
        product: product.parse().unwrap(),
        sequence,
        signed: vec![0xd8, 0x62, 0x84, 7],
        published_at: UnixTime(1_700_000_000),
    };
    let sets = [set("demo", 1), set("demo", 2), set("other", u32::MAX)];
    for one in &sets {
        let audit = entry("author-set.publish", one.product.as_str(), 100);
        store.add_author_set(one, &audit).await.unwrap();
    }
    let [first, second, others] = sets;
    let again = entry("author-set.publish", "again", 100);
    let refused = store.add_author_set(&second, &again).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::AuthorSetExists { product, sequence: 2 } if *product == demo),
        "{refused:?}"
    );
    assert_eq!(
        audited(store, "author-set.publish").await,
        ["demo", "demo", "other"]
    );
    let found = store.author_set(&demo, 1).await.unwrap();
    assert_eq!(found.as_ref(), Some(&first));
    assert_eq!(store.author_set(&demo, 3).await.unwrap(), None);
    assert_eq!(store.author_sets(&demo).await.unwrap(), [second, first]);
    assert_eq!(store.author_sets(&other).await.unwrap(), [others]);
}
