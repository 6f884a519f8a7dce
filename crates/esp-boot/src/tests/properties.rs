//! What holds for every `otadata`, and for a device's whole life.

use std::vec;
use std::vec::Vec;

use esp_formats::otadata::OtaState::{Aborted, Invalid, New, PendingVerify, Undefined, Valid};
use esp_formats::otadata::SelectEntry;

use super::entry;
use crate::*;

/// What boots before or after: the slots of usable entries, and the default where it needs none.
fn bootable(layout: Layout, data: &OtaData) -> Vec<Slot> {
    let usable: Vec<_> = data.0.iter().filter(|entry| entry.is_usable()).collect();
    let mut slots: Vec<_> = usable
        .iter()
        .map(|entry| Slot::Ota(layout.slot_of(entry.seq)))
        .collect();
    if layout.factory || usable.is_empty() {
        slots.push(layout.default_slot());
    }
    slots
}

fn xorshift(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

/// A device's whole life: boots, updates, confirmations, rejections; any write may be torn by a power cut.
///
/// After each tear the next boot must take a slot that was bootable before.
#[test]
fn boots_what_was_bootable_before_a_torn_write() {
    let mut random = 0x9E37_79B9;
    for round in 0..4000_u32 {
        let layout = Layout {
            ota_slots: u8::try_from(2 + round % 3).unwrap(),
            factory: round & 8 != 0,
            rollback: round & 16 != 0,
        };
        let mut data = OtaData::BLANK;
        let mut running = None;
        for _ in 0..40 {
            // A tear is a reset: what was running is gone with it.
            let writes = match running {
                None => {
                    let boot = boot(&layout, &data);
                    running = Some(boot.slot);
                    boot.writes.into_iter().flatten().collect()
                }
                Some(slot) => match xorshift(&mut random) % 4 {
                    0 if running_state(&layout, &data) != Some(PendingVerify) => {
                        // The rule of `select`: the next thing is a reset.
                        running = None;
                        let next = next_update_slot(&layout, slot).unwrap();
                        vec![select(&layout, &data, next)]
                    }
                    1 => confirm(&layout, &data).into_iter().collect(),
                    2 => {
                        let write = reject(&layout, &data);
                        // ESP-IDF restarts after it.
                        running = running.filter(|_| write.is_none());
                        write.into_iter().collect()
                    }
                    _ => {
                        running = None;
                        vec![]
                    }
                },
            };
            for write in writes {
                let before = bootable(layout, &data);
                let torn = Write {
                    entry: SelectEntry::BLANK,
                    ..write
                };
                let mut after = data;
                after.apply(&torn);
                let slot = boot(&layout, &after).slot;
                assert!(
                    before.contains(&slot),
                    "{layout:?} {data:?} {write:?} gave {slot}"
                );
                data.apply(&write);
                if xorshift(&mut random).is_multiple_of(8) {
                    data = after;
                    running = None;
                    break;
                }
            }
        }
    }
}

#[test]
fn never_panics_and_never_leaves_the_layout() {
    let mut random = 77;
    for _ in 0..20_000 {
        let mut any = || {
            let states = [New, PendingVerify, Valid, Invalid, Aborted, Undefined];
            let state = states[xorshift(&mut random) as usize % 6];
            let seq = match xorshift(&mut random) % 4 {
                0 => u32::MAX - xorshift(&mut random) % 3,
                1 => xorshift(&mut random),
                _ => xorshift(&mut random) % 20,
            };
            let crc = if xorshift(&mut random).is_multiple_of(3) {
                0
            } else {
                entry(seq, New).crc
            };
            SelectEntry {
                crc,
                ..entry(seq, state)
            }
        };
        let data = OtaData([any(), any()]);
        let bits = xorshift(&mut random).to_le_bytes();
        let layout = Layout {
            ota_slots: bits[0] % 17,
            factory: bits[1] & 1 == 0,
            rollback: bits[1] & 2 == 0,
        };
        let boot = boot(&layout, &data);
        match boot.slot {
            Slot::Factory => assert!(layout.factory),
            Slot::Ota(slot) => assert!(slot < layout.ota_slots.max(1)),
        }
        let _ = select(&layout, &data, bits[2]);
        let _ = (
            confirm(&layout, &data),
            reject(&layout, &data),
            last_refused(&layout, &data),
        );
        let _ = (
            state_of(&layout, &data, bits[2]),
            next_update_slot(&layout, boot.slot),
        );
        assert!(fallbacks(&layout, Slot::Ota(bits[2])).count() <= 17);
    }
}
