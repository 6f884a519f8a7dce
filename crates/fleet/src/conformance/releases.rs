//! Releases.

use countersign_protocol::{Digest, UnixTime};

use super::{audited, entry, release};
use crate::{Release, ReleaseId, Store, StoreError};

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
        ..release(1)
    };
    let same_counter = Release {
        version: "1.2.0".to_owned(),
        ..release(1)
    };
    for (again, words) in [(same_version, "version 1.1.0"), (same_counter, "counter 1")] {
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
