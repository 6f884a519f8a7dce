//! Chips by number, and where each maps flash.

use core::fmt;
use core::ops::Range;

/// The chip that an image is for, as its header numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "esp_chip_id_t")]
pub struct ChipId(pub u16);

impl ChipId {
    /// ESP32.
    pub const ESP32: Self = Self(0x00);
    /// ESP32-S2.
    pub const ESP32_S2: Self = Self(0x02);
    /// ESP32-C3.
    pub const ESP32_C3: Self = Self(0x05);
    /// ESP32-S3.
    pub const ESP32_S3: Self = Self(0x09);
    /// ESP32-C2.
    pub const ESP32_C2: Self = Self(0x0C);
    /// ESP32-C6.
    pub const ESP32_C6: Self = Self(0x0D);
    /// ESP32-H2.
    pub const ESP32_H2: Self = Self(0x10);
    /// ESP32-P4.
    pub const ESP32_P4: Self = Self(0x12);
    /// ESP32-C61.
    pub const ESP32_C61: Self = Self(0x14);
    /// ESP32-C5.
    pub const ESP32_C5: Self = Self(0x17);
    /// ESP32-H21.
    pub const ESP32_H21: Self = Self(0x19);
    /// ESP32-H4.
    pub const ESP32_H4: Self = Self(0x1C);
    /// ESP32-E22.
    pub const ESP32_E22: Self = Self(0x1F);
    /// ESP32-S31.
    pub const ESP32_S31: Self = Self(0x20);

    /// Gives Espressif's name for the chip ("ESP32-C3"), or `None` for a number not known here.
    ///
    /// Samples from before a chip was sold have numbers and names of their own, and nothing else is known of them here.
    pub fn name(self) -> Option<&'static str> {
        let sample = || SAMPLES.iter().find(|(id, _)| *id == self);
        self.known()
            .map(|chip| chip.name)
            .or_else(|| Some(sample()?.1))
    }

    /// Finds a chip by name, in any case, with or without the hyphen ("esp32c3", "ESP32-C3").
    pub fn from_name(name: &str) -> Option<Self> {
        let folded = |text: &'static str| text.bytes().filter(|byte| *byte != b'-');
        let wanted = || {
            name.bytes()
                .filter(|byte| *byte != b'-')
                .map(|b| b.to_ascii_uppercase())
        };
        KNOWN
            .iter()
            .find(|chip| wanted().eq(folded(chip.name)))
            .map(|chip| chip.id)
    }

    /// Iterates over the chips known here, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(|chip| chip.id)
    }

    /// Says whether a segment with this load address stays in flash and is mapped; `None` for unknown chips.
    ///
    /// Such a segment must lie in the file at an offset congruent to its address modulo the MMU's page.
    pub fn is_flash_mapped(self, load_addr: u32) -> Option<bool> {
        self.known()
            .map(|chip| chip.drom.contains(&load_addr) || chip.irom.contains(&load_addr))
    }

    /// Says of how many bytes the pages are in which flash is mapped, as a power of two; `stated` is what the app's descriptor says,
    /// 0 for nothing.
    ///
    /// Most chips have 64 KiB, whatever is stated. Where the page can be set and nothing is stated, it is the smallest: what
    /// does not fit that fits no other.
    ///
    /// Source: ESP-IDF v5.5.5, `esp_image_format.c`, `process_segment_data`.
    pub fn mmu_page_log2(self, stated: u8) -> u8 {
        match (self.has_mmu_pages_to_choose(), stated) {
            (false, _) => 16,
            (true, 0) => 13,
            (true, stated) => stated,
        }
    }

    /// Says whether the MMU's page can be set, so that a boot loader asks the app's descriptor for it, and takes no app without
    /// one.
    ///
    /// Source: ESP-IDF, `components/soc/<chip>/include/soc/soc_caps.h` of v5.5.5, for H21 and H4 of v6.0, for S31 of 2026-07.
    #[doc(alias = "SOC_MMU_PAGE_SIZE_CONFIGURABLE")]
    pub fn has_mmu_pages_to_choose(self) -> bool {
        matches!(
            self,
            Self::ESP32_C2
                | Self::ESP32_C6
                | Self::ESP32_C61
                | Self::ESP32_H2
                | Self::ESP32_H21
                | Self::ESP32_H4
                | Self::ESP32_S31
        )
    }

    pub(super) fn known(self) -> Option<&'static Chip> {
        KNOWN.iter().find(|chip| chip.id == self)
    }
}

impl fmt::Display for ChipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "chip {:#06x}", self.0),
        }
    }
}

/// What has to be known of a chip to place segments.
#[derive(Debug)]
pub(super) struct Chip {
    id: ChipId,
    name: &'static str,
    /// Addresses at which read-only data is mapped from flash.
    pub(super) drom: Range<u32>,
    /// Addresses at which code is mapped from flash.
    pub(super) irom: Range<u32>,
    /// First address of RAM that can hold code, above what the second-stage bootloader uses.
    pub(super) iram: u32,
}

const fn chip(
    id: ChipId,
    name: &'static str,
    drom: Range<u32>,
    irom: Range<u32>,
    iram: u32,
) -> Chip {
    Chip {
        id,
        name,
        drom,
        irom,
        iram,
    }
}

/// Source: esptool 4.8.1, the last that knows them.
const SAMPLES: [(ChipId, &str); 5] = [
    (ChipId(0x04), "ESP32-S3(beta2)"),
    (ChipId(0x07), "ESP32-C6(beta)"),
    (ChipId(0x0A), "ESP32-H2(beta1)"),
    (ChipId(0x0E), "ESP32-H2(beta2)"),
    (ChipId(0x11), "ESP32-C5(beta3)"),
];

/// Source: ESP-IDF v5.5.5, `components/soc/<chip>/include/soc/soc.h` and `esp_app_format.h`.
const KNOWN: [Chip; 14] = [
    chip(
        ChipId::ESP32,
        "ESP32",
        0x3F40_0000..0x3F80_0000,
        0x400D_0000..0x4040_0000,
        0x4008_0000,
    ),
    chip(
        ChipId::ESP32_S2,
        "ESP32-S2",
        0x3F00_0000..0x3FF8_0000,
        0x4008_0000..0x4080_0000,
        0x4002_8000,
    ),
    chip(
        ChipId::ESP32_C3,
        "ESP32-C3",
        0x3C00_0000..0x3C80_0000,
        0x4200_0000..0x4280_0000,
        0x4038_0000,
    ),
    chip(
        ChipId::ESP32_S3,
        "ESP32-S3",
        0x3C00_0000..0x3E00_0000,
        0x4200_0000..0x4400_0000,
        0x4037_8000,
    ),
    chip(
        ChipId::ESP32_C2,
        "ESP32-C2",
        0x3C00_0000..0x3C40_0000,
        0x4200_0000..0x4240_0000,
        0x4038_0000,
    ),
    chip(
        ChipId::ESP32_C6,
        "ESP32-C6",
        0x4200_0000..0x4300_0000,
        0x4200_0000..0x4300_0000,
        0x4080_0000,
    ),
    chip(
        ChipId::ESP32_H2,
        "ESP32-H2",
        0x4200_0000..0x4300_0000,
        0x4200_0000..0x4300_0000,
        0x4080_0000,
    ),
    chip(
        ChipId::ESP32_P4,
        "ESP32-P4",
        0x4000_0000..0x4C00_0000,
        0x4000_0000..0x4C00_0000,
        0x4FF0_0000,
    ),
    chip(
        ChipId::ESP32_C61,
        "ESP32-C61",
        0x4200_0000..0x4400_0000,
        0x4200_0000..0x4400_0000,
        0x4080_0000,
    ),
    chip(
        ChipId::ESP32_C5,
        "ESP32-C5",
        0x4200_0000..0x4400_0000,
        0x4200_0000..0x4400_0000,
        0x4080_0000,
    ),
    chip(
        ChipId::ESP32_H21,
        "ESP32-H21",
        0x4200_0000..0x4300_0000,
        0x4200_0000..0x4300_0000,
        0x4080_0000,
    ),
    chip(
        ChipId::ESP32_H4,
        "ESP32-H4",
        0x4200_0000..0x4400_0000,
        0x4200_0000..0x4400_0000,
        0x4081_0000,
    ),
    // Of esptool 5.6.0 alone: no ESP-IDF release has it yet.
    chip(
        ChipId::ESP32_E22,
        "ESP32-E22",
        0x3C00_0000..0x4000_0000,
        0x3C00_0000..0x4000_0000,
        0x3100_0000,
    ),
    chip(
        ChipId::ESP32_S31,
        "ESP32-S31",
        0x4000_0000..0x5400_0000,
        0x4000_0000..0x5400_0000,
        0x2F00_0000,
    ),
];
