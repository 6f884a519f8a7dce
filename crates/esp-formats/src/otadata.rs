//! The `otadata` partition: which slot boots next, and whether it has proved itself.
//!
//! The partition has two sectors of [`SECTOR`] bytes with one [`SelectEntry`] at the start of each.
//!
//! Source: ESP-IDF v5.5.5, `components/bootloader_support/include/esp_flash_partitions.h`.

use core::fmt;

use crate::bytes;

/// State of the image in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "esp_ota_img_states_t")]
pub enum OtaState {
    /// 0: written, never booted; the next boot is its first.
    New,
    /// 1: booted once and not yet confirmed; a reset now rolls back.
    PendingVerify,
    /// 2: confirmed.
    Valid,
    /// 3: the app declared itself unworkable; never booted again.
    Invalid,
    /// 4: reset before it was confirmed; never booted again.
    Aborted,
    /// `0xFFFF_FFFF`: written with rollback disabled; boots always.
    Undefined,
    /// Any other value, which the bootloader treats like [`OtaState::Undefined`].
    Other(u32),
}

impl OtaState {
    /// Gives the state for a number.
    pub const fn from_u32(value: u32) -> Self {
        match value {
            0 => Self::New,
            1 => Self::PendingVerify,
            2 => Self::Valid,
            3 => Self::Invalid,
            4 => Self::Aborted,
            u32::MAX => Self::Undefined,
            other => Self::Other(other),
        }
    }

    /// Gives the number for a state.
    pub const fn to_u32(self) -> u32 {
        match self {
            Self::New => 0,
            Self::PendingVerify => 1,
            Self::Valid => 2,
            Self::Invalid => 3,
            Self::Aborted => 4,
            Self::Undefined => u32::MAX,
            Self::Other(value) => value,
        }
    }

    /// Says whether the bootloader refuses an image in this state: [`Self::Invalid`] or [`Self::Aborted`].
    pub const fn is_refused(self) -> bool {
        matches!(self, Self::Invalid | Self::Aborted)
    }
}

impl fmt::Display for OtaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::PendingVerify => "pending verify",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Aborted => "aborted",
            Self::Undefined => "undefined",
            Self::Other(value) => return write!(f, "state {value:#010x}"),
        })
    }
}

/// One of the two entries of the `otadata` partition.
///
/// | offset | size | field   | meaning                                                       |
/// |-------:|-----:|---------|---------------------------------------------------------------|
/// |      0 |    4 | `seq`   | little-endian; `0xFFFF_FFFF` = blank; slot is (seq − 1) mod n  |
/// |      4 |   20 | `label` | ignored by the bootloader; 0xFF                               |
/// |     24 |    4 | `state` | [`OtaState`], little-endian, **not** covered by the CRC       |
/// |     28 |    4 | `crc`   | CRC-32 of `seq` alone, little-endian                          |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "esp_ota_select_entry_t")]
pub struct SelectEntry {
    /// Sequence number; the greater one of two usable entries is active.
    pub seq: u32,
    /// Twenty bytes that no bootloader reads.
    pub label: [u8; 20],
    /// State of the image in the slot.
    pub state: OtaState,
    /// CRC as stored, right or wrong.
    pub crc: u32,
}

impl SelectEntry {
    /// Length of an entry in bytes.
    pub const LEN: usize = 32;

    /// An erased entry.
    pub const BLANK: Self = Self {
        seq: u32::MAX,
        label: [0xFF; 20],
        state: OtaState::Undefined,
        crc: u32::MAX,
    };

    /// Makes an entry with the right CRC and a blank label.
    pub fn new(seq: u32, state: OtaState) -> Self {
        Self {
            seq,
            label: [0xFF; 20],
            state,
            crc: crc_of(seq),
        }
    }

    /// Reads an entry as it is; whether it counts is said by [`Self::is_usable`].
    pub fn parse(bytes: &[u8; Self::LEN]) -> Self {
        let (seq, rest) = split(bytes);
        let (label, rest) = rest.split_first_chunk().unwrap_or((&[0xFF; 20], &[]));
        let (state, rest) = split(rest);
        let (crc, _) = split(rest);
        Self {
            seq,
            label: *label,
            state: OtaState::from_u32(state),
            crc,
        }
    }

    /// Writes the entry as it lies in flash.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0xFF; Self::LEN];
        let fields: [&[u8]; 4] = [
            &self.seq.to_le_bytes(),
            &self.label,
            &self.state.to_u32().to_le_bytes(),
            &self.crc.to_le_bytes(),
        ];
        for (byte, value) in out.iter_mut().zip(fields.into_iter().flatten()) {
            *byte = *value;
        }
        out
    }

    /// Says whether the CRC is that of the sequence number.
    pub fn has_valid_crc(&self) -> bool {
        self.crc == crc_of(self.seq)
    }

    /// Says whether the sequence number is that of erased flash.
    pub const fn is_blank(&self) -> bool {
        self.seq == u32::MAX
    }

    /// Says whether the bootloader may choose this entry: not blank, not refused, right CRC.
    #[doc(alias = "bootloader_common_ota_select_valid")]
    pub fn is_usable(&self) -> bool {
        !self.is_blank() && !self.state.is_refused() && self.has_valid_crc()
    }
}

/// Bytes in a flash sector: entry 0 lies at offset 0 of the partition, entry 1 at this one.
pub const SECTOR: u32 = 0x1000;

/// Size in bytes that the partition must have.
pub const PARTITION_SIZE: u32 = 0x2000;

fn crc_of(seq: u32) -> u32 {
    bytes::crc32_seeded(&[&seq.to_le_bytes()])
}

fn split(bytes: &[u8]) -> (u32, &[u8]) {
    match bytes.split_first_chunk() {
        Some((word, rest)) => (u32::from_le_bytes(*word), rest),
        None => (u32::MAX, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::XorShift;

    #[test]
    fn has_the_crc_that_devices_write() {
        for (seq, crc) in [(1, 0x4743_989A), (2, 0x55F6_3774), (3, 0xED4A_5011)] {
            assert_eq!(SelectEntry::new(seq, OtaState::New).crc, crc);
        }
    }

    #[test]
    fn lies_in_flash_as_documented() {
        let bytes = SelectEntry::new(2, OtaState::PendingVerify).encode();
        assert_eq!(bytes[..4], [2, 0, 0, 0]);
        assert_eq!(bytes[4..24], [0xFF; 20]);
        assert_eq!(bytes[24..], [1, 0, 0, 0, 0x74, 0x37, 0xF6, 0x55]);
        assert_eq!(SelectEntry::BLANK.encode(), [0xFF; 32]);
        assert_eq!(SelectEntry::parse(&[0xFF; 32]), SelectEntry::BLANK);
    }

    #[test]
    fn is_usable_only_when_written_whole_and_not_refused() {
        for (state, usable) in [
            (OtaState::New, true),
            (OtaState::PendingVerify, true),
            (OtaState::Valid, true),
            (OtaState::Undefined, true),
            (OtaState::Other(77), true),
            (OtaState::Invalid, false),
            (OtaState::Aborted, false),
        ] {
            assert_eq!(SelectEntry::new(9, state).is_usable(), usable, "{state}");
        }
        assert!(!SelectEntry::BLANK.is_usable());
        assert!(!SelectEntry::new(u32::MAX, OtaState::Valid).is_usable());
        assert!(
            !SelectEntry {
                crc: 0,
                ..SelectEntry::new(1, OtaState::Valid)
            }
            .is_usable()
        );
    }

    #[test]
    fn gives_back_every_entry_it_reads() {
        let mut random = XorShift(7);
        for _ in 0..2000 {
            let bytes: [u8; 32] = random.bytes(32).try_into().unwrap();
            assert_eq!(SelectEntry::parse(&bytes).encode(), bytes);
        }
    }
}
