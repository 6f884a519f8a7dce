//! Which slot boots: a partition table and both entries of `otadata` ([`countersign_esp_boot`]).

use countersign_esp_boot::{self as boot, Layout, OtaData, Slot};
use esp_formats::otadata::{OtaState, SelectEntry};
use esp_formats::partition_table::{LEN, PartitionTable};

use crate::seal;

/// Two entries with right CRCs, 4 bytes of number and 4 of state each, then a table. What boots is there, and so is what
/// an update selects.
pub fn run(bytes: &[u8]) {
    let Some((entries, table)) = bytes.split_first_chunk::<16>() else {
        return;
    };
    let table = seal::flash::<LEN>(table);
    let Ok(table) = PartitionTable::parse(&table) else {
        return;
    };
    let number = |at: usize| u32::from_le_bytes(entries[at..at + 4].try_into().unwrap());
    let entry = |at| SelectEntry::new(number(at), OtaState::from_u32(number(at + 4)));
    for rollback in [false, true] {
        check(
            Layout::of_table(&table, rollback),
            OtaData([entry(0), entry(8)]),
        );
    }
}

/// A device that is switched on, gets an update, and is switched on again.
fn check(layout: Layout, mut otadata: OtaData) {
    let is_there = |slot| match slot {
        Slot::Factory => layout.factory,
        Slot::Ota(n) => n < layout.ota_slots || layout.ota_slots == 0,
    };
    let booted = boot::boot(&layout, &otadata);
    assert!(is_there(booted.slot), "{booted:?}");
    booted
        .writes
        .iter()
        .flatten()
        .for_each(|write| otadata.apply(write));
    assert!(
        boot::fallbacks(&layout, booted.slot).all(|slot| slot != booted.slot && is_there(slot))
    );
    // Behind the last number comes the first one, here as in ESP-IDF; no flash lives to see it.
    let numbers_last = otadata
        .0
        .iter()
        .all(|entry| entry.seq < u32::MAX - 256 || entry.is_blank());
    if let Some(next) = boot::next_update_slot(&layout, booted.slot).filter(|_| numbers_last) {
        otadata.apply(&boot::select(&layout, &otadata, next));
        assert_eq!(boot::boot(&layout, &otadata).slot, Slot::Ota(next));
    }
}
