use super::*;

fn flash(dir: &tempfile::TempDir) -> FileFlash {
    FileFlash::create(&dir.path().join("flash.bin"), 4 * SECTOR).unwrap()
}

fn word(flash: &mut FileFlash, offset: u32) -> [u8; 4] {
    let mut bytes = [0; 4];
    flash.read_at(offset, &mut bytes).unwrap();
    bytes
}

#[test]
fn writes_only_clear_bits_and_erases_set_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut flash = flash(&dir);
    flash.write_at(8, &[0xf0, 1, 2, 3]).unwrap();
    flash.write_at(8, &[0x30, 1, 2, 0]).unwrap();
    assert_eq!(word(&mut flash, 8), [0x30, 1, 2, 0]);
    let refused = flash.write_at(8, &[0x30, 1, 3, 0]);
    assert!(matches!(
        refused,
        Err(FlashError::NeedsErase { offset: 10 })
    ));
    assert_eq!(word(&mut flash, 8), [0x30, 1, 2, 0]);
    flash.erase_range(0, SECTOR).unwrap();
    assert_eq!(word(&mut flash, 8), [0xff; 4]);
    let done = Operations {
        reads: 3,
        writes: 2,
        erased_sectors: 1,
    };
    assert_eq!(flash.operations(), done);
}

#[test]
fn refuses_what_is_not_aligned_or_outside() {
    let dir = tempfile::tempdir().unwrap();
    let mut flash = flash(&dir);
    for (offset, len) in [(2, 4), (4, 3)] {
        let refused = flash.write_at(offset, &vec![0; len]);
        assert!(
            matches!(refused, Err(FlashError::NotAligned { align: 4, .. })),
            "{offset} {len}"
        );
    }
    for (from, to) in [(0, 100), (4, SECTOR + 4)] {
        let refused = flash.erase_range(from, to);
        assert!(
            matches!(refused, Err(FlashError::NotAligned { align: 4096, .. })),
            "{from} {to}"
        );
    }
    let end = 4 * SECTOR;
    assert!(matches!(
        flash.write_at(end, &[0; 4]),
        Err(FlashError::OutOfBounds { .. })
    ));
    assert!(matches!(
        flash.write_at(u32::MAX - 3, &[0; 8]),
        Err(FlashError::OutOfBounds { .. })
    ));
    assert!(matches!(
        flash.read_at(end - 1, &mut [0; 2]),
        Err(FlashError::OutOfBounds { .. })
    ));
    assert!(matches!(
        flash.erase_range(SECTOR, 0),
        Err(FlashError::OutOfBounds { .. })
    ));
    assert!(flash.read_at(end - 1, &mut [0]).is_ok());
}

#[test]
fn one_file_is_one_nodes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flash.bin");
    let mut first = FileFlash::create(&path, SECTOR).unwrap();
    first.keep_durable(0..SECTOR);
    first.write_at(0, b"kept").unwrap();
    assert!(matches!(FileFlash::open(&path), Err(FlashError::Locked)));
    drop(first);
    assert_eq!(word(&mut FileFlash::open(&path).unwrap(), 0), *b"kept");
}

#[test]
fn refuses_a_file_that_is_no_flash() {
    let dir = tempfile::tempdir().unwrap();
    for bytes in [0_u64, 100, 4097] {
        let path = dir.path().join(bytes.to_string());
        File::create(&path).unwrap().set_len(bytes).unwrap();
        let opened = FileFlash::open(&path);
        assert!(matches!(opened, Err(FlashError::Length { bytes: found }) if found == bytes));
    }
}

#[test]
fn a_power_cut_leaves_half_an_operation() {
    let dir = tempfile::tempdir().unwrap();
    let mut flash = flash(&dir);
    flash.cut_power_after(1);
    flash.write_at(0, &[0; 16]).unwrap();
    assert!(matches!(
        flash.write_at(16, &[0; 16]),
        Err(FlashError::PowerCut)
    ));
    assert!(matches!(
        flash.erase_range(0, SECTOR),
        Err(FlashError::PowerCut)
    ));
    assert!(matches!(
        flash.read_at(0, &mut [0]),
        Err(FlashError::PowerCut)
    ));
    flash.restore_power();
    assert_eq!(word(&mut flash, 12), [0; 4]);
    assert_eq!(word(&mut flash, 20), [0; 4]);
    assert_eq!(word(&mut flash, 24), [0xff; 4]);
}
