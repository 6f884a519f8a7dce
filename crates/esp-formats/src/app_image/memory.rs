//! What lies at a segment's address.

use core::fmt;

use super::chip::ChipId;

/// What a segment's load address belongs to, as far as it tells.
///
/// Source: ESP-IDF v5.5.5, `components/soc/<chip>/include/soc/soc.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Memory {
    /// Flash that is mapped where code is read (IROM).
    FlashCode,
    /// Flash that is mapped where data is read (DROM).
    FlashData,
    /// Flash, on a chip that maps code and data to one range.
    Flash,
    /// RAM as code is read (IRAM).
    RamCode,
    /// RAM as data is read (DRAM).
    RamData,
    /// RAM, on a chip where code and data share it.
    Ram,
    /// RAM that lasts through deep sleep (RTC, LP).
    Rtc,
    /// Nothing: the build fills a gap with it, and it is not loaded.
    Padding,
}

impl ChipId {
    /// Says what lies at a segment's address; `None` for unknown chips.
    pub fn memory(self, load_addr: u32) -> Option<Memory> {
        let chip = self.known()?;
        let split = chip.drom != chip.irom;
        Some(match load_addr {
            0..PADDING_END => Memory::Padding,
            _ if split && chip.irom.contains(&load_addr) => Memory::FlashCode,
            _ if split && chip.drom.contains(&load_addr) => Memory::FlashData,
            _ if chip.irom.contains(&load_addr) => Memory::Flash,
            _ if self
                .memory_types(load_addr)
                .any(|name| name.starts_with("RTC")) =>
            {
                Memory::Rtc
            }
            _ if !split => Memory::Ram,
            CODE_BUS..=u32::MAX => Memory::RamCode,
            _ => Memory::RamData,
        })
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FlashCode => "flash, code",
            Self::FlashData => "flash, data",
            Self::Flash => "flash",
            Self::RamCode => "RAM, code",
            Self::RamData => "RAM, data",
            Self::Ram => "RAM",
            Self::Rtc => "RTC RAM",
            Self::Padding => "padding",
        })
    }
}

/// Below this nothing is loaded: the boot stage reserves it (`esp_image_format.c`, `should_load`).
const PADDING_END: u32 = 0x1000_0000;
/// Where the chips with two buses begin to read code.
const CODE_BUS: u32 = 0x4000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_what_the_memory_maps_say() {
        for (chip, address, memory) in [
            (ChipId::ESP32, 0x3F40_0020, Memory::FlashData),
            (ChipId::ESP32, 0x400D_0020, Memory::FlashCode),
            (ChipId::ESP32, 0x3FFB_0000, Memory::RamData),
            (ChipId::ESP32, 0x4008_0000, Memory::RamCode),
            (ChipId::ESP32, 0x5000_0000, Memory::Rtc),
            (ChipId::ESP32_C3, 0x3C00_0020, Memory::FlashData),
            (ChipId::ESP32_C3, 0x4200_0020, Memory::FlashCode),
            (ChipId::ESP32_C3, 0x3FC8_0000, Memory::RamData),
            (ChipId::ESP32_C3, 0x4038_0000, Memory::RamCode),
            (ChipId::ESP32_C3, 0, Memory::Padding),
            (ChipId::ESP32_C6, 0x4200_0020, Memory::Flash),
            (ChipId::ESP32_C6, 0x4080_0000, Memory::Ram),
            (ChipId::ESP32_C6, 0x5000_0000, Memory::Rtc),
            (ChipId::ESP32_P4, 0x4FF0_0000, Memory::Ram),
            (ChipId::ESP32_P4, 0x4000_0020, Memory::Flash),
            (ChipId::ESP32_P4, 0x5010_8000, Memory::Rtc),
            (ChipId::ESP32, 0x3FF8_0000, Memory::Rtc),
            (ChipId::ESP32_S2, 0x4007_0000, Memory::Rtc),
            (ChipId::ESP32_S3, 0x600F_E000, Memory::Rtc),
            (ChipId::ESP32_S31, 0x5000_0020, Memory::Flash),
            (ChipId::ESP32_S31, 0x2E00_0000, Memory::Rtc),
        ] {
            assert_eq!(chip.memory(address), Some(memory), "{chip} {address:#x}");
        }
        assert_eq!(ChipId(0x7777).memory(0x4200_0020), None);
    }
}
