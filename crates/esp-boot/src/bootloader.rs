//! What the second-stage bootloader does.

use esp_formats::otadata::{OtaState, SelectEntry};

use crate::state::{Layout, OtaData, Slot, Write, active};

/// What the bootloader decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The slot whose image is loaded first; where that fails, [`fallbacks`] says what is tried.
    pub slot: Slot,
    /// Changes of `otadata`, to be made in this order before the app starts.
    pub writes: [Option<Write>; 2],
}

/// Decides what boots.
///
/// 1. With rollback, an entry that is pending verify becomes aborted: the app was reset before it confirmed itself.
/// 2. Where both entries are blank or refused, the factory app boots, without one `ota_0`. Blank is not refused: only
///    where neither entry holds a sequence number with a right CRC does the bootloader write one for the
///    slot it booted ([`initial_write`]).
/// 3. Otherwise the [`active`] entry's slot boots; with rollback a new one becomes pending verify.
/// 4. Where there is none (a CRC is wrong), the default boots and nothing is written.
///
/// The bootloader makes the write of step 2 only once the image is loaded. Where it is not, make that of
/// [`initial_write`] for the slot that was.
pub fn boot(layout: &Layout, otadata: &OtaData) -> Boot {
    let mut seen = *otadata;
    let mut writes = [None; 2];
    if layout.rollback {
        for (index, entry) in (0..).zip(&otadata.0) {
            if entry.state == OtaState::PendingVerify {
                push(
                    &mut writes,
                    &mut seen,
                    Write::with_state(index, entry, OtaState::Aborted),
                );
            }
        }
    }
    if let Some(active) = active(layout, &seen) {
        if layout.rollback && active.entry.state == OtaState::New {
            let write = Write::with_state(active.index, &active.entry, OtaState::PendingVerify);
            push(&mut writes, &mut seen, write);
        }
        return Boot {
            slot: Slot::Ota(active.slot),
            writes,
        };
    }
    let slot = layout.default_slot();
    if let Some(write) = initial_write(layout, &seen, slot) {
        push(&mut writes, &mut seen, write);
    }
    Boot { slot, writes }
}

/// Gives the write that a bootloader makes after it loaded a slot of a device whose `otadata` says nothing at all.
///
/// There is one where the device has no factory app, an OTA slot was loaded, and each entry is blank or has both a wrong
/// CRC and a state that is refused. It makes the loaded slot the active one, valid.
#[doc(alias = "set_actual_ota_seq")]
pub fn initial_write(layout: &Layout, otadata: &OtaData, loaded: Slot) -> Option<Write> {
    let says_nothing = |entry: &SelectEntry| {
        entry.is_blank() || (entry.state.is_refused() && !entry.has_valid_crc())
    };
    match loaded {
        Slot::Ota(slot)
            if !layout.factory && slot < layout.ota_slots && otadata.0.iter().all(says_nothing) =>
        {
            let seq = u32::from(slot).saturating_add(1);
            Some(Write {
                index: 0,
                entry: SelectEntry::new(seq, OtaState::Valid),
            })
        }
        _ => None,
    }
}

/// Iterates over the slots that the bootloader tries, in this order, where the image of one fails to load.
///
/// First those below it, down to the factory app, then those above it. `otadata` plays no part: an aborted image may boot.
#[doc(alias = "bootloader_utility_load_boot_image")]
pub fn fallbacks(layout: &Layout, failed: Slot) -> impl Iterator<Item = Slot> + use<> {
    let (below, above) = match failed {
        Slot::Factory => (0, 0),
        Slot::Ota(slot) => (slot.min(layout.ota_slots), slot.saturating_add(1)),
    };
    let factory = (layout.factory && failed != Slot::Factory).then_some(Slot::Factory);
    (0..below)
        .rev()
        .map(Slot::Ota)
        .chain(factory)
        .chain((above..layout.ota_slots).map(Slot::Ota))
}

/// Adds a write; one for a sector that already has one takes its place, behind the other.
fn push(writes: &mut [Option<Write>; 2], seen: &mut OtaData, write: Write) {
    seen.apply(&write);
    let [first, second] = writes;
    if first.is_some_and(|first| first.index == write.index) {
        *first = second.take();
    }
    if first.is_none() {
        *first = Some(write);
    } else {
        *second = Some(write);
    }
}
