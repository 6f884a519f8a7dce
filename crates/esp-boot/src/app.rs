//! What the running app does.

use esp_formats::otadata::{OtaState, SelectEntry};

use crate::state::{Layout, OtaData, Slot, Write, active};

/// Makes a slot the one that boots next.
///
/// Without an active entry, entry 0 gets the sequence number slot + 1. Otherwise the entry that is not active gets the
/// least number that is not below the active one's and stands for the slot. The state is new with rollback, else undefined.
///
/// ESP-IDF refuses to start an update while the running app is pending verify, and so must the caller: the write would
/// replace the entry to roll back to. For the same reason only one slot may be selected between two resets: the second write
/// goes to the entry of the app that runs, which ESP-IDF does not hinder. A number beyond `u32::MAX` wraps; flash wears out four orders of magnitude sooner.
#[doc(alias = "esp_ota_set_boot_partition")]
pub fn select(layout: &Layout, otadata: &OtaData, slot: u8) -> Write {
    let state = if layout.rollback {
        OtaState::New
    } else {
        OtaState::Undefined
    };
    let slots = u32::from(layout.ota_slots).max(1);
    let wanted = u32::from(slot).saturating_add(1);
    let Some(active) = active(layout, otadata) else {
        return Write {
            index: 0,
            entry: SelectEntry::new(wanted, state),
        };
    };
    let missing = |seq: u32| {
        // How far the next number lies that is congruent to `wanted`; both are below `slots`, which is below 256.
        let (from, to) = (seq.checked_rem(slots), wanted.checked_rem(slots));
        let ahead = to
            .unwrap_or(0)
            .saturating_add(slots)
            .saturating_sub(from.unwrap_or(0));
        ahead.checked_rem(slots).unwrap_or(0)
    };
    let seq = active.entry.seq.wrapping_add(missing(active.entry.seq));
    Write {
        index: active.index ^ 1,
        entry: SelectEntry::new(seq, state),
    }
}

/// Confirms the running app: its entry becomes valid.
///
/// `None` where it is valid already, or where no entry is active (the factory app needs no confirmation).
///
/// Also `None` without rollback, where no bootloader reads the state. ESP-IDF writes it then too, and a power cut in that
/// write loses the only entry of a device whose other one was erased for an update. Like ESP-IDF's, this acts on
/// the active entry: between [`select`] and the reset that is not the running app's.
#[doc(alias = "esp_ota_mark_app_valid_cancel_rollback")]
pub fn confirm(layout: &Layout, otadata: &OtaData) -> Option<Write> {
    let active = active(layout, otadata)?;
    (layout.rollback && active.entry.state != OtaState::Valid)
        .then(|| Write::with_state(active.index, &active.entry, OtaState::Valid))
}

/// Gives up the running app: its entry becomes invalid, and the next boot takes the other one.
///
/// `None` where there is nothing to roll back to: the other entry is not usable and there is no factory app. ESP-IDF
/// also verifies the image there first (`ESP_ERR_OTA_ROLLBACK_FAILED`); that is for the caller, who has the flash.
#[doc(alias = "esp_ota_mark_app_invalid_rollback")]
pub fn reject(layout: &Layout, otadata: &OtaData) -> Option<Write> {
    let active = active(layout, otadata)?;
    let (_, other) = otadata.entry_and_other(active.index);
    (other.is_usable() || layout.factory)
        .then(|| Write::with_state(active.index, &active.entry, OtaState::Invalid))
}

/// Gives the state of the active entry: that of the running app, once the bootloader's writes are made.
pub fn running_state(layout: &Layout, otadata: &OtaData) -> Option<OtaState> {
    active(layout, otadata).map(|active| active.entry.state)
}

/// Gives the state of a slot: that of the first entry with a right CRC that stands for it.
#[doc(alias = "esp_ota_get_state_partition")]
pub fn state_of(layout: &Layout, otadata: &OtaData, slot: u8) -> Option<OtaState> {
    let stands_for_slot = |entry: &&SelectEntry| {
        !entry.is_blank() && entry.has_valid_crc() && layout.slot_of(entry.seq) == slot
    };
    if layout.ota_slots == 0 {
        return None;
    }
    otadata
        .0
        .iter()
        .find(stands_for_slot)
        .map(|entry| entry.state)
}

/// Gives the slot that was last found invalid or aborted; of two, ESP-IDF takes the one with the lesser number.
#[doc(alias = "esp_ota_get_last_invalid_partition")]
pub fn last_refused(layout: &Layout, otadata: &OtaData) -> Option<u8> {
    let refused = otadata
        .0
        .iter()
        .filter(|entry| !entry.is_blank() && entry.has_valid_crc() && entry.state.is_refused());
    let entry = refused.min_by_key(|entry| entry.seq)?;
    (layout.ota_slots > 0).then(|| layout.slot_of(entry.seq))
}

/// Gives the slot that an update goes to: the one after the running one, and around.
///
/// `None` where there is no OTA slot but the running one.
#[doc(alias = "esp_ota_get_next_update_partition")]
pub fn next_update_slot(layout: &Layout, running: Slot) -> Option<u8> {
    let next = match running {
        Slot::Factory => 0,
        Slot::Ota(slot) => slot.saturating_add(1).checked_rem(layout.ota_slots)?,
    };
    (next < layout.ota_slots && Slot::Ota(next) != running).then_some(next)
}
