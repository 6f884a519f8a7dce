//! Kinds of keys, and which chip takes which.

use core::fmt;

use crate::app_image::ChipId;

/// Which kind of key and signature a block has. A chip, or an app that verifies updates itself, knows one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PSS of 3072 bits with SHA-256 and a salt of 32 bytes. The key is the modulus (384 bytes), the exponent (4),
    /// and two numbers that save the chip work.
    Rsa3072,
    /// ECDSA on P-192 with SHA-256. The key is the curve's number (1 byte), then x and y (24 each), then 16 zeros.
    EcdsaP192,
    /// ECDSA on P-256 with SHA-256. The key is the curve's number (1 byte), then x and y (32 each).
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384. The key is the curve's number (1 byte), then x and y (48 each).
    EcdsaP384,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Rsa3072,
        Self::EcdsaP192,
        Self::EcdsaP256,
        Self::EcdsaP384,
    ];

    /// Gives its name: "RSA-3072", "ECDSA P-256".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa3072 => "RSA-3072",
            Self::EcdsaP192 => "ECDSA P-192",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
        }
    }

    /// Gives the length of the image's digest that is signed, in bytes: 48 is SHA-384, 32 is SHA-256.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::EcdsaP384 => 48,
            _ => 32,
        }
    }

    /// Gives the length of a signature in bytes: the modulus', or that of r and s together.
    pub const fn signature_len(self) -> usize {
        match self {
            Self::Rsa3072 => 384,
            Self::EcdsaP192 => 48,
            Self::EcdsaP256 => 64,
            Self::EcdsaP384 => 96,
        }
    }

    /// The bytes 1 and 2 of a block: version and digest.
    pub(super) const fn numbers(self) -> (u8, u8) {
        match self {
            Self::Rsa3072 => (2, 0),
            Self::EcdsaP192 | Self::EcdsaP256 => (3, 0),
            Self::EcdsaP384 => (3, 1),
        }
    }

    /// The bytes that a key and a signature take in a block.
    pub(super) const fn places(self) -> (usize, usize) {
        match self {
            Self::Rsa3072 => (super::RSA_KEY, 384),
            Self::EcdsaP192 | Self::EcdsaP256 => (65, 64),
            Self::EcdsaP384 => (97, 96),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a chip can do of Secure Boot v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// Kinds of signatures that its ROM and ESP-IDF verify on it.
    pub schemes: &'static [Scheme],
    /// How many digests of keys its eFuses hold.
    pub key_digests: u8,
    /// How many bytes of a key's digest its eFuses hold.
    pub digest_len: usize,
}

/// Says what a chip can do of Secure Boot v2; `None` where that is not known.
///
/// The ESP32 can from revision 3.0 on, and then verifies one block. P-192 went with ESP-IDF v6.0.
///
/// Source: ESP-IDF v5.5.5, `components/soc/<chip>/include/soc/soc_caps.h` (`SOC_SECURE_BOOT_V2_RSA`, `SOC_SECURE_BOOT_V2_ECC`,
/// `SOC_ECDSA_SUPPORT_CURVE_P384`, `SOC_EFUSE_SECURE_BOOT_KEY_DIGESTS`), `components/efuse/esp32c2`; of the
/// ESP32-S31 ESP-IDF's master of 2026-07.
pub fn support(chip: ChipId) -> Option<Support> {
    use Scheme::{EcdsaP192, EcdsaP256, EcdsaP384, Rsa3072};
    let (schemes, key_digests, digest_len): (&[_], _, _) = match chip {
        ChipId::ESP32 => (&[Rsa3072], 1, 32),
        ChipId::ESP32_S2
        | ChipId::ESP32_S3
        | ChipId::ESP32_C3
        | ChipId::ESP32_H21
        | ChipId::ESP32_S31 => (&[Rsa3072], 3, 32),
        ChipId::ESP32_C2 => (&[EcdsaP192, EcdsaP256], 1, 16),
        ChipId::ESP32_C61 => (&[EcdsaP192, EcdsaP256], 3, 32),
        ChipId::ESP32_C6 | ChipId::ESP32_H2 | ChipId::ESP32_H4 => {
            (&[Rsa3072, EcdsaP192, EcdsaP256], 3, 32)
        }
        ChipId::ESP32_C5 | ChipId::ESP32_P4 => (&[Rsa3072, EcdsaP192, EcdsaP256, EcdsaP384], 3, 32),
        _ => return None,
    };
    Some(Support {
        schemes,
        key_digests,
        digest_len,
    })
}
