use std::string::ToString;
use std::vec::Vec;

use esp_formats::otadata::OtaState::{Aborted, Invalid, New, PendingVerify, Undefined, Valid};
use esp_formats::otadata::{OtaState, SelectEntry};

use super::*;

mod properties;

const TWO: Layout = Layout {
    ota_slots: 2,
    factory: false,
    rollback: true,
};
const FACTORY: Layout = Layout {
    factory: true,
    ..TWO
};
const NO_ROLLBACK: Layout = Layout {
    rollback: false,
    ..TWO
};

fn entry(seq: u32, state: OtaState) -> SelectEntry {
    SelectEntry::new(seq, state)
}

fn bad(seq: u32, state: OtaState) -> SelectEntry {
    SelectEntry {
        crc: 0,
        ..entry(seq, state)
    }
}

const BLANK: SelectEntry = SelectEntry::BLANK;

fn write(index: u8, seq: u32, state: OtaState) -> Write {
    Write {
        index,
        entry: entry(seq, state),
    }
}

fn check_boot(layout: Layout, entries: [SelectEntry; 2], slot: Slot, writes: &[Write]) {
    let boot = boot(&layout, &OtaData(entries));
    let made: Vec<_> = boot.writes.into_iter().flatten().collect();
    assert_eq!(
        (boot.slot, &made[..]),
        (slot, writes),
        "{layout:?} {entries:?}"
    );
}

#[test]
fn boots_the_greater_of_two_usable_entries() {
    for layout in [TWO, FACTORY, NO_ROLLBACK] {
        for (first, second, slot) in [
            (entry(1, Valid), BLANK, 0),
            (BLANK, entry(2, Valid), 1),
            (entry(1, Valid), entry(2, Undefined), 1),
            (entry(3, Valid), entry(2, Valid), 0),
            (entry(2, Valid), entry(2, Valid), 1),
            (entry(3, Aborted), entry(2, Valid), 1),
            (entry(3, Invalid), entry(2, Valid), 1),
            (bad(3, Valid), entry(2, Valid), 1),
            (entry(1, OtaState::Other(9)), BLANK, 0),
        ] {
            check_boot(layout, [first, second], Slot::Ota(slot), &[]);
        }
    }
    let five = Layout {
        ota_slots: 5,
        ..TWO
    };
    check_boot(five, [entry(9, Valid), entry(8, Valid)], Slot::Ota(3), &[]);
    // (0 − 1) wraps: 0xFFFF_FFFF mod 5.
    check_boot(five, [entry(0, Valid), BLANK], Slot::Ota(0), &[]);
}

#[test]
fn gives_a_new_image_one_boot_to_confirm_itself() {
    let old = entry(1, Valid);
    check_boot(
        TWO,
        [old, entry(2, New)],
        Slot::Ota(1),
        &[write(1, 2, PendingVerify)],
    );
    check_boot(
        TWO,
        [old, entry(2, PendingVerify)],
        Slot::Ota(0),
        &[write(1, 2, Aborted)],
    );
    check_boot(NO_ROLLBACK, [old, entry(2, New)], Slot::Ota(1), &[]);
    check_boot(
        NO_ROLLBACK,
        [old, entry(2, PendingVerify)],
        Slot::Ota(1),
        &[],
    );
    check_boot(
        TWO,
        [entry(3, New), entry(2, PendingVerify)],
        Slot::Ota(0),
        &[write(1, 2, Aborted), write(0, 3, PendingVerify)],
    );
    check_boot(
        FACTORY,
        [entry(1, PendingVerify), BLANK],
        Slot::Factory,
        &[write(0, 1, Aborted)],
    );
}

#[test]
fn boots_the_default_where_nothing_is_usable() {
    for nothing in [
        [BLANK, BLANK],
        [entry(1, Aborted), entry(2, Invalid)],
        [bad(1, Valid); 2],
    ] {
        check_boot(FACTORY, nothing, Slot::Factory, &[]);
    }
    // Refused entries are not blank: nothing is written over them.
    check_boot(
        TWO,
        [entry(1, Aborted), entry(2, Invalid)],
        Slot::Ota(0),
        &[],
    );
    check_boot(TWO, [entry(1, Aborted), BLANK], Slot::Ota(0), &[]);
    // A wrong CRC alone is neither blank nor refused for the bootloader's first question.
    check_boot(TWO, [bad(1, Valid), BLANK], Slot::Ota(0), &[]);
    check_boot(TWO, [BLANK; 2], Slot::Ota(0), &[write(0, 1, Valid)]);
    check_boot(
        TWO,
        [bad(1, Aborted), BLANK],
        Slot::Ota(0),
        &[write(0, 1, Valid)],
    );
    check_boot(
        TWO,
        [bad(7, PendingVerify), bad(8, PendingVerify)],
        Slot::Ota(0),
        &[
            Write {
                index: 1,
                entry: bad(8, Aborted),
            },
            write(0, 1, Valid),
        ],
    );
    let none = Layout {
        ota_slots: 0,
        ..TWO
    };
    check_boot(none, [BLANK; 2], Slot::Ota(0), &[]);
    check_boot(
        Layout {
            ota_slots: 0,
            ..FACTORY
        },
        [entry(1, Valid); 2],
        Slot::Factory,
        &[],
    );
}

#[test]
fn settles_on_the_slot_that_loaded() {
    assert_eq!(
        initial_write(&TWO, &OtaData::BLANK, Slot::Ota(1)),
        Some(write(0, 2, Valid))
    );
    assert_eq!(initial_write(&TWO, &OtaData::BLANK, Slot::Ota(2)), None);
    assert_eq!(initial_write(&FACTORY, &OtaData::BLANK, Slot::Ota(0)), None);
    let used = OtaData([entry(1, Aborted), BLANK]);
    assert_eq!(initial_write(&TWO, &used, Slot::Ota(1)), None);
}

#[test]
fn falls_back_downwards_then_upwards() {
    use Slot::{Factory, Ota};
    let four = Layout {
        ota_slots: 4,
        ..FACTORY
    };
    let order = |layout: &Layout, failed| fallbacks(layout, failed).collect::<Vec<_>>();
    assert_eq!(order(&four, Ota(2)), [Ota(1), Ota(0), Factory, Ota(3)]);
    assert_eq!(order(&four, Ota(0)), [Factory, Ota(1), Ota(2), Ota(3)]);
    assert_eq!(order(&four, Factory), [Ota(0), Ota(1), Ota(2), Ota(3)]);
    assert_eq!(order(&TWO, Ota(1)), [Ota(0)]);
    assert_eq!(order(&TWO, Ota(0)), [Ota(1)]);
    assert_eq!(order(&TWO, Ota(255)), [Ota(1), Ota(0)]);
}

#[test]
fn selects_with_the_least_number_that_counts() {
    for (entries, slot, expected) in [
        ([BLANK, BLANK], 1, write(0, 2, New)),
        ([entry(1, Valid), BLANK], 1, write(1, 2, New)),
        ([entry(1, Valid), BLANK], 0, write(1, 1, New)),
        ([entry(1, Valid), entry(2, Valid)], 0, write(0, 3, New)),
        ([entry(3, Valid), entry(2, Valid)], 1, write(1, 4, New)),
        ([entry(1, Valid), entry(2, Aborted)], 1, write(1, 2, New)),
        ([entry(9, Aborted), entry(9, Aborted)], 1, write(0, 2, New)),
    ] {
        assert_eq!(
            select(&TWO, &OtaData(entries), slot),
            expected,
            "{entries:?}"
        );
    }
    let write = select(&NO_ROLLBACK, &OtaData([entry(1, Valid), BLANK]), 1);
    assert_eq!(write.entry, entry(2, Undefined));
    // The example of ESP-IDF's own comment: of 8 slots, 4 runs (5) and 7 is wanted: 8.
    let eight = Layout {
        ota_slots: 8,
        ..TWO
    };
    assert_eq!(
        select(&eight, &OtaData([entry(4, Valid), entry(5, Valid)]), 7)
            .entry
            .seq,
        8
    );
}

#[test]
fn selects_what_then_boots_from_every_number() {
    for slots in 1..=16 {
        let layout = Layout {
            ota_slots: slots,
            ..NO_ROLLBACK
        };
        for seq in (1..100).chain([0x7FFF_FFFF, 0xFFFF_FF00]) {
            for slot in 0..slots {
                let mut data = OtaData([entry(seq, Valid), BLANK]);
                let write = select(&layout, &data, slot);
                assert!(write.entry.seq >= seq && write.entry.seq - seq < u32::from(slots));
                data.apply(&write);
                assert_eq!(boot(&layout, &data).slot, Slot::Ota(slot));
            }
        }
    }
}

#[test]
fn confirms_only_what_is_not_valid_yet() {
    for state in [New, PendingVerify, Undefined, OtaState::Other(5)] {
        let data = OtaData([entry(1, Valid), entry(2, state)]);
        assert_eq!(confirm(&TWO, &data), Some(write(1, 2, Valid)));
        assert_eq!(running_state(&TWO, &data), Some(state));
    }
    assert_eq!(
        confirm(&TWO, &OtaData([entry(1, Valid), entry(2, Valid)])),
        None
    );
    assert_eq!(confirm(&TWO, &OtaData::BLANK), None);
    assert_eq!(
        confirm(&NO_ROLLBACK, &OtaData([BLANK, entry(2, Undefined)])),
        None
    );
    assert_eq!(running_state(&TWO, &OtaData::BLANK), None);
}

#[test]
fn rejects_only_where_another_can_boot() {
    let pending = entry(2, PendingVerify);
    for (layout, other, rejected) in [
        (TWO, entry(1, Valid), true),
        (TWO, entry(1, Aborted), false),
        (TWO, BLANK, false),
        (FACTORY, BLANK, true),
        (FACTORY, entry(1, Invalid), true),
    ] {
        let data = OtaData([other, pending]);
        assert_eq!(
            reject(&layout, &data),
            rejected.then(|| write(1, 2, Invalid))
        );
    }
    assert_eq!(reject(&FACTORY, &OtaData::BLANK), None);
}

#[test]
fn tells_what_became_of_a_slot() {
    let data = OtaData([entry(1, Valid), entry(2, Aborted)]);
    assert_eq!(state_of(&TWO, &data, 0), Some(Valid));
    assert_eq!(state_of(&TWO, &data, 1), Some(Aborted));
    assert_eq!(state_of(&TWO, &OtaData::BLANK, 0), None);
    assert_eq!(last_refused(&TWO, &data), Some(1));
    assert_eq!(last_refused(&TWO, &OtaData::BLANK), None);
    assert_eq!(
        last_refused(&TWO, &OtaData([entry(5, Invalid), entry(4, Aborted)])),
        Some(1)
    );
}

#[test]
fn sends_updates_to_the_slot_after_the_running_one() {
    for (layout, running, next) in [
        (TWO, Slot::Ota(0), Some(1)),
        (TWO, Slot::Ota(1), Some(0)),
        (FACTORY, Slot::Factory, Some(0)),
        (
            Layout {
                ota_slots: 1,
                ..TWO
            },
            Slot::Ota(0),
            None,
        ),
        (
            Layout {
                ota_slots: 0,
                ..FACTORY
            },
            Slot::Factory,
            None,
        ),
    ] {
        assert_eq!(next_update_slot(&layout, running), next);
    }
    assert_eq!(Slot::Ota(3).to_string(), "ota_3");
}
