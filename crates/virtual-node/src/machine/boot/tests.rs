use countersign_esp_boot::{confirm, select};
use esp_formats::app_image::{ChipId, Composition, compose, composed_len};
use esp_formats::partition_table::{Label, SUBTYPE_APP_OTA_0, encode};

use super::*;
use crate::flash::FlashError;

const OTADATA: u32 = 0xd000;
const SLOTS: [u32; 2] = [0x1_0000, 0x2_0000];

fn image(version: &str) -> Vec<u8> {
    let composition = Composition {
        chip: ChipId(5),
        secure_version: 0,
        version,
        project_name: "app",
        time: "03:06:07",
        date: "Nov 23 2026",
        idf_version: "v5.5.5",
        payload: b"",
        filler_len: 1000,
    };
    let mut image = vec![0; composed_len(&composition).unwrap()];
    compose(&composition, &mut image, sha256).unwrap();
    image
}

/// A chip with "old" in its first slot and "new" in its second, and `otadata` blank.
fn machine(dir: &tempfile::TempDir) -> (FileFlash, BootStage) {
    let row = |label, kind, subtype, offset, size| Partition {
        kind,
        subtype,
        offset,
        size,
        label: Label::new(label).unwrap(),
        flags: 0,
    };
    let partitions = [
        row("otadata", KIND_DATA, SUBTYPE_DATA_OTA, OTADATA, 0x2000),
        row("ota_0", KIND_APP, SUBTYPE_APP_OTA_0, SLOTS[0], 0x1_0000),
        row("ota_1", KIND_APP, SUBTYPE_APP_OTA_0 + 1, SLOTS[1], 0x1_0000),
    ];
    let mut table = [0xff; partition_table::LEN];
    encode(&partitions, &mut table).unwrap();
    let mut flash = FileFlash::create(&dir.path().join("flash"), 0x3_0000).unwrap();
    flash.write_at(partition_table::OFFSET, &table).unwrap();
    for (offset, version) in SLOTS.into_iter().zip(["old", "new"]) {
        flash.write_at(offset, &image(version)).unwrap();
    }
    let stage = BootStage::new(&mut flash, true).unwrap();
    (flash, stage)
}

fn start(stage: &BootStage, flash: &mut FileFlash) -> Result<Booted, Error> {
    stage.boot(flash, &mut |_| {})
}

/// What the app does to have the new image started.
fn select_new(stage: &BootStage, flash: &mut FileFlash) -> Result<(), Error> {
    let mut otadata = stage.read_otadata(flash)?;
    let write = select(&stage.layout, &otadata, 1);
    stage.write_otadata(flash, &mut otadata, &write)
}

/// What the new image does once it knows that it works.
fn confirm_running(stage: &BootStage, flash: &mut FileFlash) -> Result<(), Error> {
    let mut otadata = stage.read_otadata(flash)?;
    match confirm(&stage.layout, &otadata) {
        Some(write) => stage.write_otadata(flash, &mut otadata, &write),
        None => Ok(()),
    }
}

/// From whatever runs to the new image, confirmed.
fn update(stage: &BootStage, flash: &mut FileFlash) -> Result<(), Error> {
    if start(stage, flash)?.image.version == "old" {
        select_new(stage, flash)?;
        assert_eq!(start(stage, flash)?.image.version, "new");
    }
    confirm_running(stage, flash)?;
    let booted = start(stage, flash)?;
    assert_eq!(
        (booted.image.version.as_str(), booted.pending_verify),
        ("new", false)
    );
    Ok(())
}

#[test]
fn a_cut_of_power_at_any_write_leaves_a_machine_that_starts_and_finishes() {
    for operations in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let (mut flash, stage) = machine(&dir);
        flash.cut_power_after(operations);
        match update(&stage, &mut flash) {
            Ok(()) => {
                assert!(operations >= 8, "four entries, each an erase and a write");
                return;
            }
            Err(error) => assert!(matches!(error, Error::Flash(FlashError::PowerCut))),
        }
        flash.restore_power();
        let booted = start(&stage, &mut flash).unwrap();
        assert!(["old", "new"].contains(&booted.image.version.as_str()));
        update(&stage, &mut flash).unwrap();
    }
}

#[test]
fn an_image_that_never_confirms_is_started_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut flash, stage) = machine(&dir);
    assert!(!start(&stage, &mut flash).unwrap().pending_verify);
    select_new(&stage, &mut flash).unwrap();
    let trial = start(&stage, &mut flash).unwrap();
    assert_eq!((trial.slot, trial.pending_verify), (Slot::Ota(1), true));
    let mut events = Vec::new();
    let back = stage
        .boot(&mut flash, &mut |event| events.push(event))
        .unwrap();
    assert_eq!((back.slot, back.pending_verify), (Slot::Ota(0), false));
    let (from, to) = ("new".to_owned(), "old".to_owned());
    assert_eq!(events[0], Event::RolledBack { from, to });
    assert_eq!(start(&stage, &mut flash).unwrap().slot, Slot::Ota(0));
}

#[test]
fn a_damaged_image_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let (mut flash, stage) = machine(&dir);
    start(&stage, &mut flash).unwrap();
    select_new(&stage, &mut flash).unwrap();
    // A bit of the image's data that goes lost.
    flash.write_at(SLOTS[1] + 512, &[0; 4]).unwrap();
    let mut events = Vec::new();
    let booted = stage
        .boot(&mut flash, &mut |event| events.push(event))
        .unwrap();
    assert_eq!(booted.slot, Slot::Ota(0));
    assert!(matches!(
        events[0],
        Event::Unbootable {
            slot: Slot::Ota(1),
            ..
        }
    ));
}
