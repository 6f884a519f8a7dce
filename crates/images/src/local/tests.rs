use tempfile::TempDir;

use super::*;

fn store() -> (TempDir, LocalStore) {
    let folder = TempDir::new().unwrap();
    let store = LocalStore::open(folder.path().join("deep/images")).unwrap();
    (folder, store)
}

/// The names in the store's folder.
fn names(store: &LocalStore) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(&store.root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn read_all(store: &LocalStore, digest: &Digest) -> Vec<u8> {
    let image = store.open(digest).unwrap().unwrap();
    let mut bytes = vec![0; usize::try_from(image.size()).unwrap()];
    image.read_at(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn keeps_an_image_under_its_digest() {
    let (_folder, store) = store();
    let image: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let digest = store.put(&image).unwrap();
    assert_eq!(digest, sha256(&image));
    assert_eq!(names(&store), [digest.to_string()]);
    assert_eq!(read_all(&store, &digest), image);
    assert_eq!(store.put(&image).unwrap(), digest);
    assert_eq!(names(&store), [digest.to_string()]);

    let reopened = LocalStore::open(store.root.clone()).unwrap();
    assert_eq!(read_all(&reopened, &digest), image);
    assert!(reopened.open(&Digest([0; 32])).unwrap().is_none());
}

#[test]
fn reads_parts_and_nothing_beyond_the_end() {
    let (_folder, store) = store();
    let digest = store.put(b"0123456789").unwrap();
    let image = store.open(&digest).unwrap().unwrap();
    assert_eq!(image.size(), 10);
    let mut part = [0; 4];
    image.read_at(6, &mut part).unwrap();
    assert_eq!(&part, b"6789");
    image.read_at(10, &mut []).unwrap();
    for offset in [7, 10, u64::MAX] {
        let beyond = image.read_at(offset, &mut part);
        assert!(matches!(beyond, Err(StoreError::Io { .. })), "{offset}");
    }
}

#[test]
fn an_open_image_outlives_its_removal() {
    let (_folder, store) = store();
    let digest = store.put(b"image").unwrap();
    let open = store.open(&digest).unwrap().unwrap();
    store.remove(&digest).unwrap();
    assert!(store.open(&digest).unwrap().is_none());
    store.remove(&digest).unwrap();
    let mut bytes = [0; 5];
    open.read_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"image");
}

#[test]
fn replaces_a_file_that_was_damaged() {
    let (_folder, store) = store();
    let image = vec![7; 40_000];
    let digest = store.put(&image).unwrap();
    let path = store.path(&digest);
    let changed: Vec<u8> = image[1..].iter().copied().chain([8]).collect();
    let longer: Vec<u8> = image.iter().copied().chain([7]).collect();
    for damaged in [&image[..0], &image[..39_999], &changed, &longer] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(store.put(&image).unwrap(), digest);
        assert_eq!(read_all(&store, &digest), image);
    }
    assert_eq!(names(&store), [digest.to_string()]);
}

#[test]
fn keeps_an_image_of_no_bytes_and_of_whole_chunks() {
    let (_folder, store) = store();
    for length in [0, 16 * 1024, 32 * 1024] {
        let image = vec![3; length];
        let digest = store.put(&image).unwrap();
        assert_eq!(store.put(&image).unwrap(), digest);
        assert_eq!(read_all(&store, &digest), image);
    }
}

#[test]
fn clears_what_a_killed_process_left_and_nothing_else() {
    let (_folder, store) = store();
    let digest = store.put(b"image").unwrap();
    fs::write(store.root.join(format!("{TEMPORARY}x1")), "half").unwrap();
    fs::write(store.root.join("README"), "mine").unwrap();
    let reopened = LocalStore::open(store.root.clone()).unwrap();
    assert_eq!(names(&reopened), [&digest.to_string(), "README"]);
}

#[test]
fn leaves_nothing_behind_where_it_cannot_write() {
    let (_folder, store) = store();
    // A folder of the image's name, which no file can replace.
    let path = store.path(&sha256(b"image"));
    fs::create_dir(&path).unwrap();
    let failed = store.put(b"image");
    assert!(matches!(failed, Err(StoreError::Io { .. })), "{failed:?}");
    assert_eq!(names(&store), [sha256(b"image").to_string()]);

    fs::remove_dir_all(&store.root).unwrap();
    let failed = store.put(b"image");
    assert!(matches!(failed, Err(StoreError::Io { .. })), "{failed:?}");
}

#[test]
fn a_full_disk_has_its_own_error() {
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
        let full = failed("writing", String::new(), kind.into());
        assert!(matches!(full, StoreError::Full { .. }));
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, store) = store();
    let digest = store.put(b"image").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&store.path(&digest)), 0o600);
    assert_eq!(mode(&store.root), 0o700);
}

#[test]
fn many_put_the_same_image_at_once() {
    let (_folder, store) = store();
    let image = vec![9; 200_000];
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| store.put(&image).unwrap());
        }
    });
    assert_eq!(read_all(&store, &sha256(&image)), image);
    assert_eq!(names(&store), [sha256(&image).to_string()]);
}
