//! What an image says of itself, field by field.

use countersign_protocol::Digest;
use esp_formats::{
    app_image::{AppImage, ChipId, Signature},
    secure_boot::{self, Scheme},
};

use crate::{check::Signed, sha256};

/// What an image says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Facts {
    /// The chip that it is for.
    pub chip: ChipId,
    /// The least revision of the chip, major × 100 + minor.
    pub min_chip_rev: u16,
    /// The greatest revision of the chip; `None` where there is no limit.
    pub max_chip_rev: Option<u16>,
    /// The project's name; `None` where it has no descriptor.
    pub project: Option<String>,
    /// The app's version; `None` where it has no descriptor.
    pub version: Option<String>,
    /// The anti-rollback version; `None` where it has no descriptor.
    pub secure_version: Option<u32>,
    /// The kind of its signature.
    pub signed: Signed,
    /// The blocks of a signature of Secure Boot v2 that are whole, in their order. None is verified.
    pub blocks: Vec<SignatureBlock>,
    /// All fields, these too, in the order in which they are shown.
    pub fields: Vec<Field>,
}

/// One block of a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignatureBlock {
    /// The kind of key.
    pub scheme: Scheme,
    /// The digest of the key, as a chip's eFuse has it.
    pub key: Digest,
}

impl SignatureBlock {
    /// The kind of key in words.
    pub const fn scheme_name(&self) -> &'static str {
        match self.scheme {
            Scheme::Rsa3072 => "RSA-3072",
            Scheme::EcdsaP192 => "ECDSA P-192",
            Scheme::EcdsaP256 => "ECDSA P-256",
            Scheme::EcdsaP384 => "ECDSA P-384",
        }
    }
}

/// One field of an image.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// Its name in ESP-IDF, or what it is where ESP-IDF has no name for it.
    pub name: &'static str,
    /// What in `sdkconfig` it comes from, if it does.
    pub setting: Option<&'static str>,
    /// Its value.
    pub value: Value,
}

/// The value of a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// A SHA-256.
    Digest(Digest),
    /// A flag.
    Flag(bool),
    /// There is none.
    None,
    /// A number, and how it is said to people.
    Number(u64, String),
    /// A text.
    Text(String),
}

impl Facts {
    pub(super) fn of(file: &[u8], image: &AppImage<'_>) -> Self {
        let header = image.header();
        let descriptor = image.descriptor();
        let (signed, blocks) = match image.signature() {
            Signature::None => (Signed::No, Vec::new()),
            Signature::V1(_) => (Signed::V1, Vec::new()),
            Signature::V2(sector) => (Signed::V2, blocks(sector)),
        };
        let text = |of: Option<&str>| of.map_or(Value::None, |text| Value::Text(text.to_owned()));
        let said = |number: u64, said: &str| Value::Number(number, said.to_owned());
        let plain = |number: u64| Value::Number(number, number.to_string());
        let address = |number: u32| Value::Number(number.into(), format!("{number:#010x}"));
        let length = |number: usize| {
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            Value::Number(number, format!("{number} bytes"))
        };
        let max = |rev: u16| (rev != 0 && rev != u16::MAX).then_some(rev);
        let at_most = |rev: u16| max(rev).map_or(Value::None, revision);
        let of_descriptor = |field: Option<Value>| field.unwrap_or(Value::None);
        let fields = vec![
            field("chip_id", "CONFIG_IDF_TARGET", {
                said(header.chip.0.into(), &header.chip.to_string())
            }),
            unset("project_name", text(descriptor.map(|d| d.project_name))),
            field(
                "version",
                "CONFIG_APP_PROJECT_VER",
                text(descriptor.map(|d| d.version)),
            ),
            field(
                "secure_version",
                "CONFIG_BOOTLOADER_APP_SECURE_VERSION",
                of_descriptor(descriptor.map(|d| plain(d.secure_version.into()))),
            ),
            unset("idf_ver", text(descriptor.map(|d| d.idf_version))),
            field(
                "date",
                "CONFIG_APP_COMPILE_TIME_DATE",
                text(descriptor.map(|d| d.date)),
            ),
            field(
                "time",
                "CONFIG_APP_COMPILE_TIME_DATE",
                text(descriptor.map(|d| d.time)),
            ),
            unset(
                "app_elf_sha256",
                of_descriptor(descriptor.map(|d| Value::Digest(Digest(*d.app_elf_sha256)))),
            ),
            field(
                "min_chip_rev_full",
                "CONFIG_ESP_REV_MIN_FULL",
                revision(header.min_chip_rev_full),
            ),
            field(
                "max_chip_rev_full",
                "CONFIG_ESP_REV_MAX_FULL",
                at_most(header.max_chip_rev_full),
            ),
            field(
                "min_efuse_blk_rev_full",
                "CONFIG_ESP_EFUSE_BLOCK_REV_MIN_FULL",
                of_descriptor(descriptor.map(|d| revision(d.min_efuse_blk_rev))),
            ),
            field(
                "max_efuse_blk_rev_full",
                "CONFIG_ESP_EFUSE_BLOCK_REV_MAX_FULL",
                of_descriptor(descriptor.map(|d| at_most(d.max_efuse_blk_rev))),
            ),
            field("spi_mode", "CONFIG_ESPTOOLPY_FLASHMODE", {
                said(header.spi_mode.into(), spi_mode(header.spi_mode))
            }),
            field("spi_speed", "CONFIG_ESPTOOLPY_FLASHFREQ", {
                said(header.spi_speed.into(), spi_speed(header.spi_speed))
            }),
            field("spi_size", "CONFIG_ESPTOOLPY_FLASHSIZE", {
                said(header.flash_size.into(), &flash_size(header.flash_size))
            }),
            field(
                "mmu_page_size",
                "CONFIG_MMU_PAGE_SIZE",
                of_descriptor(descriptor.map(|d| page_size(d.mmu_page_size_log2))),
            ),
            unset("wp_pin", plain(header.wp_pin.into())),
            unset(
                "spi_pin_drv",
                Value::Text(format!("{:02x?}", header.spi_pin_drive)),
            ),
            unset("entry_addr", address(header.entry_addr)),
            unset("segment_count", plain(header.segment_count.into())),
            unset("checksum", {
                said(
                    image.checksum().into(),
                    &format!("{:#04x}", image.checksum()),
                )
            }),
            unset("hash_appended", Value::Flag(header.has_digest)),
            unset(
                "appended hash",
                image
                    .appended_digest()
                    .map_or(Value::None, |digest| Value::Digest(Digest(*digest))),
            ),
            unset("image size", {
                length(usize::try_from(image.image_len()).unwrap_or(usize::MAX))
            }),
            unset("file size", length(file.len())),
            unset("file sha256", Value::Digest(sha256(file))),
            field("signature", "CONFIG_SECURE_SIGNED_APPS", {
                text(kind(signed))
            }),
            unset("signature block 0", block(&blocks, 0)),
            unset("signature block 1", block(&blocks, 1)),
            unset("signature block 2", block(&blocks, 2)),
        ];
        Self {
            chip: header.chip,
            min_chip_rev: header.min_chip_rev_full,
            max_chip_rev: max(header.max_chip_rev_full),
            project: descriptor.map(|d| d.project_name.to_owned()),
            version: descriptor.map(|d| d.version.to_owned()),
            secure_version: descriptor.map(|d| d.secure_version),
            signed,
            blocks,
            fields,
        }
    }
}

fn field(name: &'static str, setting: &'static str, value: Value) -> Field {
    Field {
        name,
        setting: Some(setting),
        value,
    }
}

fn unset(name: &'static str, value: Value) -> Field {
    Field {
        name,
        setting: None,
        value,
    }
}

fn blocks(sector: &[u8; secure_boot::SECTOR]) -> Vec<SignatureBlock> {
    let whole = secure_boot::blocks(sector).into_iter().flatten();
    whole
        .map(|block| SignatureBlock {
            scheme: block.scheme,
            key: sha256(block.key),
        })
        .collect()
}

fn kind(signed: Signed) -> Option<&'static str> {
    match signed {
        Signed::No => None,
        Signed::V1 => Some("secure boot v1"),
        Signed::V2 => Some("secure boot v2"),
    }
}

fn block(blocks: &[SignatureBlock], at: usize) -> Value {
    blocks.get(at).map_or(Value::None, |block| {
        Value::Text(format!("{}, key {}", block.scheme_name(), block.key))
    })
}

/// Major × 100 + minor, as `v1.3`.
fn revision(full: u16) -> Value {
    Value::Number(full.into(), format!("v{}.{}", full / 100, full % 100))
}

fn spi_mode(mode: u8) -> &'static str {
    match mode {
        0 => "QIO",
        1 => "QOUT",
        2 => "DIO",
        3 => "DOUT",
        4 => "fast read",
        5 => "slow read",
        _ => "unknown",
    }
}

/// `esp_image_spi_freq_t`: the flash's clock by a divider, so that the frequency is another on each chip.
fn spi_speed(speed: u8) -> &'static str {
    match speed {
        0x0 => "clock / 2",
        0x1 => "clock / 3",
        0x2 => "clock / 4",
        0xF => "clock / 1",
        _ => "unknown",
    }
}

fn flash_size(log2: u8) -> String {
    match log2 {
        0..=7 => format!("{} MB", 1_u32 << log2),
        _ => "unknown".to_owned(),
    }
}

fn page_size(log2: u8) -> Value {
    match log2 {
        0 => Value::None,
        10..=20 => Value::Number(log2.into(), format!("{} KiB", 1_u32 << (log2 - 10))),
        _ => Value::Number(log2.into(), format!("2^{log2} bytes")),
    }
}
