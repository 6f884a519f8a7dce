//! What lies at an address of a chip, and what the four bits of the flash's speed mean on it.

use super::ChipId;

impl ChipId {
    /// Names the kinds of memory at an address: a data bus and a code bus may show the same one. The names and their order are
    /// those of `esptool image-info`, and so is what a segment is named in images as they are built.
    pub fn memory_types(self, address: u32) -> impl Iterator<Item = &'static str> {
        let padding = (0, 0x1_0000, "PADDING");
        let known = !self.regions().is_empty();
        let all = known.then_some(&padding).copied().into_iter();
        all.chain(self.regions().iter().copied())
            .filter(move |(start, end, _)| (*start..*end).contains(&address))
            .map(|(_, _, name)| name)
    }

    /// Says what the four bits of the flash's speed mean; `None` where they mean nothing.
    ///
    /// Source: esptool 5.6.0, `--flash-freq` of each chip; ESP-IDF v5.5.5, `esp_image_spi_freq_t`.
    pub fn flash_frequency(self, bits: u8) -> Option<&'static str> {
        let speeds: &[(u8, &str)] = match self {
            Self::ESP32_C2 => &[(15, "60m"), (0, "30m"), (1, "20m"), (2, "15m")],
            // Its ROM reads 80 MHz where 40 MHz stands.
            Self::ESP32_C6 => &[(0, "80m"), (2, "20m")],
            Self::ESP32_C5 | Self::ESP32_C61 | Self::ESP32_S31 => {
                &[(15, "80m"), (0, "40m"), (2, "20m")]
            }
            Self::ESP32_H2 => &[(15, "48m"), (0, "24m"), (1, "16m"), (2, "12m")],
            Self::ESP32_H21 | Self::ESP32_H4 => &[(15, "48m"), (0, "24m")],
            _ => &[(15, "80m"), (0, "40m"), (1, "26m"), (2, "20m")],
        };
        let found = speeds.iter().find(|(value, _)| *value == bits);
        found.map(|(_, name)| *name)
    }

    /// Ranges of addresses: `SOC_<NAME>_LOW` and `SOC_<NAME>_HIGH`.
    ///
    /// Source: ESP-IDF, `components/soc/<chip>/include/soc/soc.h`, of the release in which a chip came, by which it is named
    /// since: the ESP32 of v5.0, the S2 of v4.2, the S3 and C3 of v4.3, the C2 of v5.0, the C6 and H2 of v5.1,
    /// the P4 of v5.2, the C61 of v5.3, the C5 of v5.4, the H21 and H4 of v5.5, the S31 of 2026-07. Where that would name segments
    /// otherwise than esptool 5.6.0 does, it is followed: it calls the ESP32's ROM IROM, ends the P4's RAM at 0x4FFA0000, of which
    /// there is more, and draws flash and PSRAM of P4 and S31 together. Of the ESP32-E22 nothing but esptool speaks yet.
    fn regions(self) -> &'static [(u32, u32, &'static str)] {
        match self {
            Self::ESP32 => &[
                (0x3F40_0000, 0x3F80_0000, "DROM"),
                (0x3F80_0000, 0x3FC0_0000, "EXTRAM_DATA"),
                (0x3FF8_0000, 0x3FF8_2000, "RTC_DRAM"),
                (0x3FF9_0000, 0x4000_0000, "BYTE_ACCESSIBLE"),
                (0x3FFA_E000, 0x4000_0000, "DRAM"),
                (0x3FFE_0000, 0x4000_0000, "DIRAM_DRAM"),
                (0x4000_0000, 0x4007_0000, "IROM"),
                (0x4007_0000, 0x4007_8000, "CACHE_PRO"),
                (0x4007_8000, 0x4008_0000, "CACHE_APP"),
                (0x4008_0000, 0x400A_0000, "IRAM"),
                (0x400A_0000, 0x400C_0000, "DIRAM_IRAM"),
                (0x400C_0000, 0x400C_2000, "RTC_IRAM"),
                (0x400D_0000, 0x4040_0000, "IROM"),
                (0x5000_0000, 0x5000_2000, "RTC_DATA"),
            ],
            Self::ESP32_S2 => &[
                (0x3F00_0000, 0x3FF8_0000, "DROM"),
                (0x3F50_0000, 0x3FF8_0000, "EXTRAM_DATA"),
                (0x3FF9_E000, 0x3FFA_0000, "RTC_DRAM"),
                (0x3FF9_E000, 0x4000_0000, "BYTE_ACCESSIBLE"),
                (0x3FF9_E000, 0x4007_2000, "MEM_INTERNAL"),
                (0x3FFB_0000, 0x4000_0000, "DRAM"),
                (0x4000_0000, 0x4001_A100, "IROM_MASK"),
                (0x4002_0000, 0x4007_0000, "IRAM"),
                (0x4007_0000, 0x4007_2000, "RTC_IRAM"),
                (0x4008_0000, 0x4080_0000, "IROM"),
                (0x5000_0000, 0x5000_2000, "RTC_DATA"),
            ],
            Self::ESP32_S3 => &[
                (0x3C00_0000, 0x3D00_0000, "DROM"),
                (0x3D00_0000, 0x3E00_0000, "EXTRAM_DATA"),
                (0x600F_E000, 0x6010_0000, "RTC_DRAM"),
                (0x3FC8_8000, 0x3FD0_0000, "BYTE_ACCESSIBLE"),
                (0x3FC8_8000, 0x403E_2000, "MEM_INTERNAL"),
                (0x3FC8_8000, 0x3FD0_0000, "DRAM"),
                (0x4000_0000, 0x4001_A100, "IROM_MASK"),
                (0x4037_0000, 0x403E_0000, "IRAM"),
                (0x600F_E000, 0x6010_0000, "RTC_IRAM"),
                (0x4200_0000, 0x4280_0000, "IROM"),
                (0x5000_0000, 0x5000_2000, "RTC_DATA"),
            ],
            Self::ESP32_C3 => &[
                (0x3C00_0000, 0x3C80_0000, "DROM"),
                (0x3FC8_0000, 0x3FCE_0000, "DRAM"),
                (0x3FC8_8000, 0x3FD0_0000, "BYTE_ACCESSIBLE"),
                (0x3FF0_0000, 0x3FF2_0000, "DROM_MASK"),
                (0x4000_0000, 0x4006_0000, "IROM_MASK"),
                (0x4200_0000, 0x4280_0000, "IROM"),
                (0x4037_C000, 0x403E_0000, "IRAM"),
                (0x5000_0000, 0x5000_2000, "RTC_IRAM"),
                (0x5000_0000, 0x5000_2000, "RTC_DRAM"),
            ],
            Self::ESP32_C2 => &[
                (0x3C00_0000, 0x3C40_0000, "DROM"),
                (0x3FCA_0000, 0x3FCE_0000, "DRAM"),
                (0x3FC8_8000, 0x3FD0_0000, "BYTE_ACCESSIBLE"),
                (0x3FF0_0000, 0x3FF5_0000, "DROM_MASK"),
                (0x4000_0000, 0x4009_0000, "IROM_MASK"),
                (0x4200_0000, 0x4240_0000, "IROM"),
                (0x4037_C000, 0x403C_0000, "IRAM"),
            ],
            Self::ESP32_C6 => &[
                (0x4200_0000, 0x4300_0000, "DROM"),
                (0x4080_0000, 0x4088_0000, "DRAM"),
                (0x4080_0000, 0x4088_0000, "BYTE_ACCESSIBLE"),
                (0x4004_AC00, 0x4005_0000, "DROM_MASK"),
                (0x4000_0000, 0x4004_AC00, "IROM_MASK"),
                (0x4200_0000, 0x4300_0000, "IROM"),
                (0x4080_0000, 0x4088_0000, "IRAM"),
                (0x5000_0000, 0x5000_4000, "RTC_IRAM"),
                (0x5000_0000, 0x5000_4000, "RTC_DRAM"),
            ],
            Self::ESP32_H2 => &[
                (0x4200_0000, 0x4300_0000, "DROM"),
                (0x4080_0000, 0x4085_0000, "DRAM"),
                (0x4080_0000, 0x4085_0000, "BYTE_ACCESSIBLE"),
                (0x4001_C400, 0x4002_0000, "DROM_MASK"),
                (0x4000_0000, 0x4001_C400, "IROM_MASK"),
                (0x4200_0000, 0x4300_0000, "IROM"),
                (0x4080_0000, 0x4085_0000, "IRAM"),
                (0x5000_0000, 0x5000_1000, "RTC_IRAM"),
                (0x5000_0000, 0x5000_1000, "RTC_DRAM"),
            ],
            Self::ESP32_C61 => &[
                (0x4200_0000, 0x4400_0000, "DROM"),
                (0x4080_0000, 0x4085_0000, "DRAM"),
                (0x4080_0000, 0x4085_0000, "BYTE_ACCESSIBLE"),
                (0x4004_AC00, 0x4007_0000, "DROM_MASK"),
                (0x4000_0000, 0x4004_AC00, "IROM_MASK"),
                (0x4200_0000, 0x4400_0000, "IROM"),
                (0x4080_0000, 0x4085_0000, "IRAM"),
                (0x5000_0000, 0x5000_4000, "RTC_IRAM"),
                (0x5000_0000, 0x5000_4000, "RTC_DRAM"),
            ],
            Self::ESP32_C5 => &[
                (0x4200_0000, 0x4400_0000, "DROM"),
                (0x4080_0000, 0x4086_0000, "DRAM"),
                (0x4080_0000, 0x4086_0000, "BYTE_ACCESSIBLE"),
                (0x4000_0000, 0x4005_0000, "DROM_MASK"),
                (0x4000_0000, 0x4005_0000, "IROM_MASK"),
                (0x4200_0000, 0x4400_0000, "IROM"),
                (0x4080_0000, 0x4086_0000, "IRAM"),
                (0x5000_0000, 0x5000_4000, "RTC_IRAM"),
                (0x5000_0000, 0x5000_4000, "RTC_DRAM"),
            ],
            Self::ESP32_H21 => &[
                (0x4200_0000, 0x4300_0000, "DROM"),
                (0x4080_0000, 0x4085_0000, "DRAM"),
                (0x4080_0000, 0x4085_0000, "BYTE_ACCESSIBLE"),
                (0x4000_0000, 0x4002_0000, "DROM_MASK"),
                (0x4000_0000, 0x4002_0000, "IROM_MASK"),
                (0x4200_0000, 0x4300_0000, "IROM"),
                (0x4080_0000, 0x4085_0000, "IRAM"),
                (0x5000_0000, 0x5000_1000, "RTC_IRAM"),
                (0x5000_0000, 0x5000_1000, "RTC_DRAM"),
                (0x4080_0000, 0x4085_0000, "MEM_INTERNAL"),
            ],
            Self::ESP32_P4 => &[
                (0x4000_0000, 0x4C00_0000, "DROM"),
                (0x4FF0_0000, 0x4FFA_0000, "DRAM"),
                (0x4FF0_0000, 0x4FFA_0000, "BYTE_ACCESSIBLE"),
                (0x4FC0_0000, 0x4FC2_0000, "DROM_MASK"),
                (0x4FC0_0000, 0x4FC2_0000, "IROM_MASK"),
                (0x4000_0000, 0x4C00_0000, "IROM"),
                (0x4FF0_0000, 0x4FFA_0000, "IRAM"),
                (0x5010_8000, 0x5011_0000, "RTC_IRAM"),
                (0x5010_8000, 0x5011_0000, "RTC_DRAM"),
            ],
            Self::ESP32_H4 => &[
                (0x4200_0000, 0x4400_0000, "DROM"),
                (0x4081_0000, 0x4086_0000, "DRAM"),
                (0x4081_0000, 0x4086_0000, "BYTE_ACCESSIBLE"),
                (0x4000_0000, 0x4005_0000, "DROM_MASK"),
                (0x4000_0000, 0x4005_0000, "IROM_MASK"),
                (0x4200_0000, 0x4400_0000, "IROM"),
                (0x4081_0000, 0x4086_0000, "IRAM"),
                (0x4081_0000, 0x4086_0000, "MEM_INTERNAL"),
            ],
            Self::ESP32_S31 => &[
                (0x4000_0000, 0x5400_0000, "DROM"),
                (0x2F00_0000, 0x2F08_0000, "DRAM"),
                (0x2F00_0000, 0x2F08_0000, "BYTE_ACCESSIBLE"),
                (0x2F80_0000, 0x2F85_0000, "DROM_MASK"),
                (0x2F80_0000, 0x2F85_0000, "IROM_MASK"),
                (0x4000_0000, 0x5400_0000, "IROM"),
                (0x2F00_0000, 0x2F08_0000, "IRAM"),
                (0x2E00_0000, 0x2E00_8000, "RTC_IRAM"),
                (0x2E00_0000, 0x2E00_8000, "RTC_DRAM"),
            ],
            Self::ESP32_E22 => &[
                (0x3C00_0000, 0x4000_0000, "DROM"),
                (0x3100_0000, 0x3120_0000, "DRAM"),
                (0x3100_0000, 0x3120_0000, "BYTE_ACCESSIBLE"),
                (0x3000_0000, 0x3012_0000, "DROM_MASK"),
                (0x3000_0000, 0x3012_0000, "IROM_MASK"),
                (0x3C00_0000, 0x4000_0000, "IROM"),
                (0x30FE_0000, 0x3120_0000, "IRAM"),
                (0xC000_0000, 0xC000_8000, "RTC_IRAM"),
                (0xC000_0000, 0xC000_8000, "RTC_DRAM"),
            ],
            _ => &[],
        }
    }
}

/// Names the way in which the flash is read (`esp_image_spi_mode_t`); `None` for numbers that mean nothing.
pub fn flash_mode(number: u8) -> Option<&'static str> {
    ["QIO", "QOUT", "DIO", "DOUT", "FAST_READ", "SLOW_READ"]
        .get(usize::from(number))
        .copied()
}

/// Names the size of the flash (`esp_image_flash_size_t`); `None` for numbers that mean nothing.
pub fn flash_size(number: u8) -> Option<&'static str> {
    ["1MB", "2MB", "4MB", "8MB", "16MB", "32MB", "64MB", "128MB"]
        .get(usize::from(number))
        .copied()
}
