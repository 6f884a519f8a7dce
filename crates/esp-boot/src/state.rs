//! What flash holds, and which entry counts.

use core::fmt;

use esp_formats::otadata::{OtaState, SelectEntry};
use esp_formats::partition_table::{KIND_APP, PartitionTable, SUBTYPE_APP_FACTORY};

/// What the rules need to know of a device's partition table and build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How many OTA slots there are, from `ota_0` on.
    pub ota_slots: u8,
    /// Whether there is a factory app.
    pub factory: bool,
    /// Whether bootloader and app were built with `CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE`.
    pub rollback: bool,
}

impl Layout {
    /// Takes from a partition table what it says; whether rollback is on is a matter of the build.
    pub fn of_table(table: &PartitionTable<'_>, rollback: bool) -> Self {
        Self {
            ota_slots: table.ota_slots(),
            factory: table.find(KIND_APP, SUBTYPE_APP_FACTORY).is_some(),
            rollback,
        }
    }

    /// Gives the slot that a sequence number stands for: (seq − 1) modulo the number of slots.
    pub(crate) fn slot_of(self, seq: u32) -> u8 {
        let slot = seq.wrapping_sub(1).checked_rem(u32::from(self.ota_slots));
        slot.and_then(|slot| u8::try_from(slot).ok()).unwrap_or(0)
    }

    /// Gives the slot that boots where no entry says anything.
    pub(crate) fn default_slot(self) -> Slot {
        if self.factory {
            Slot::Factory
        } else {
            Slot::Ota(0)
        }
    }
}

/// Both entries of the `otadata` partition, by index: one at the start of each of its two sectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtaData(pub [SelectEntry; 2]);

impl OtaData {
    /// An erased partition, as a factory leaves it.
    pub const BLANK: Self = Self([SelectEntry::BLANK; 2]);

    /// Reads both entries.
    pub fn parse(entries: [&[u8; SelectEntry::LEN]; 2]) -> Self {
        Self(entries.map(SelectEntry::parse))
    }

    /// Makes a write in this copy.
    pub fn apply(&mut self, write: &Write) {
        if let Some(entry) = self.0.get_mut(usize::from(write.index)) {
            *entry = write.entry;
        }
    }

    /// Gives an entry and the other one.
    pub(crate) fn entry_and_other(&self, index: u8) -> (&SelectEntry, &SelectEntry) {
        let [first, second] = &self.0;
        if index == 0 {
            (first, second)
        } else {
            (second, first)
        }
    }
}

/// Where an app lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The factory app's partition.
    Factory,
    /// `ota_n`.
    Ota(u8),
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factory => f.write_str("factory"),
            Self::Ota(n) => write!(f, "ota_{n}"),
        }
    }
}

/// A change of `otadata`: erase the sector with this index, then write the entry at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// 0 or 1: the sector at this multiple of [`esp_formats::otadata::SECTOR`].
    pub index: u8,
    /// The entry to write.
    pub entry: SelectEntry,
}

impl Write {
    pub(crate) fn with_state(index: u8, entry: &SelectEntry, state: OtaState) -> Self {
        Self {
            index,
            entry: SelectEntry { state, ..*entry },
        }
    }
}

/// The entry that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Active {
    /// Its index, 0 or 1.
    pub index: u8,
    /// The slot that it stands for.
    pub slot: u8,
    /// The entry.
    pub entry: SelectEntry,
}

/// Finds the entry that counts: the usable one with the greater sequence number, of two equal ones the first.
///
/// `None` where no entry is usable or there are no OTA slots; then the factory app runs, or `ota_0`.
#[doc(alias = "bootloader_common_get_active_otadata")]
pub fn active(layout: &Layout, otadata: &OtaData) -> Option<Active> {
    let [first, second] = &otadata.0;
    let (index, entry) = match (first.is_usable(), second.is_usable()) {
        (true, true) if second.seq > first.seq => (1, second),
        (true, _) => (0, first),
        (false, true) => (1, second),
        (false, false) => return None,
    };
    (layout.ota_slots > 0).then(|| Active {
        index,
        slot: layout.slot_of(entry.seq),
        entry: *entry,
    })
}
