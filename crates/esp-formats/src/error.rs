//! What can be wrong with bytes, and where.

use crate::app_image::ChipId;

/// Why bytes were refused, and which byte it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where, in bytes from the start of what was parsed, or of what was to be written.
    pub offset: u32,
}

impl Error {
    /// Makes an error that points at a byte; offsets beyond 4 GiB are reported as `u32::MAX`.
    pub(crate) fn new(kind: ErrorKind, offset: usize) -> Self {
        Self {
            kind,
            offset: crate::bytes::to_u32(offset),
        }
    }
}

/// What is wrong with bytes, for every format of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The data ends before a field that it must have.
    #[error("the data ends at {len} bytes, {needed} are needed")]
    Truncated {
        /// Length of the data.
        len: u32,
        /// Length that it must at least have.
        needed: u32,
    },
    /// The caller's buffer is too small for what is to be written.
    #[error("the buffer has {len} bytes, {needed} are needed")]
    BufferTooSmall {
        /// Length of the buffer.
        len: u32,
        /// Length that it must at least have.
        needed: u32,
    },
    /// A text or byte field is longer than its place.
    #[error("a field has {len} bytes, its place {max}")]
    FieldTooLong {
        /// Length of the field.
        len: u32,
        /// Length of its place.
        max: u32,
    },
    /// A text field is not UTF-8, or holds a NUL before its end.
    #[error("text that is not UTF-8 or holds a NUL")]
    Text,
    /// Bytes follow that are no part of the format.
    #[error("bytes that are no part of it")]
    TrailingData,

    /// The first byte is not an app image's.
    #[error("image magic is {found:#04x}, not 0xe9")]
    ImageMagic {
        /// The byte found.
        found: u8,
    },
    /// The image has no segments, or more than 16.
    #[error("{found} segments, not 1 to 16")]
    SegmentCount {
        /// The count found.
        found: u8,
    },
    /// A segment's length is not a multiple of 4, or not below 16 MiB.
    #[error("segment length {found} is not a multiple of 4 below 16 MiB")]
    SegmentLength {
        /// The length found.
        found: u32,
    },
    /// The flag for the appended digest is neither 0 nor 1.
    #[error("flag for the appended digest is {found}, not 0 or 1")]
    DigestFlag {
        /// The byte found.
        found: u8,
    },
    /// The image's checksum is wrong.
    #[error("checksum is {stored:#04x}, the segments give {computed:#04x}")]
    Checksum {
        /// The byte in the image.
        stored: u8,
        /// What the segments' data gives.
        computed: u8,
    },
    /// The SHA-256 at the image's end is not that of the bytes before it.
    #[error("appended digest does not match the image")]
    AppendedDigest,
    /// The chip is none whose memory map is known.
    #[error("no memory map for {chip}")]
    UnknownChip {
        /// The chip asked for.
        chip: ChipId,
    },
    /// The image would be longer than a flash-mapped segment or a slot can be.
    #[error("the image would be longer than {max} bytes")]
    ImageTooLong {
        /// Greatest length in bytes.
        max: u32,
    },

    /// The first byte is not a signature block's.
    #[error("signature block magic is {found:#04x}, not 0xe7")]
    BlockMagic {
        /// The byte found.
        found: u8,
    },
    /// A signature block's CRC does not match.
    #[error("signature block CRC is {stored:#010x}, the bytes give {computed:#010x}")]
    BlockCrc {
        /// The CRC in the block.
        stored: u32,
        /// The CRC of its bytes.
        computed: u32,
    },
    /// A signature block is of no scheme that is known.
    #[error("signature block of version {version}, digest {hash}, curve {curve} is not known")]
    BlockScheme {
        /// 2 is RSA, 3 ECDSA.
        version: u8,
        /// 0 is SHA-256, 1 SHA-384.
        hash: u8,
        /// Of ECDSA: 1 is P-192, 2 P-256, 3 P-384.
        curve: u8,
    },

    /// A field that has one length has another.
    #[error("a field has {len} bytes, not {needed}")]
    FieldLength {
        /// Length of the field.
        len: u32,
        /// The only length that it may have.
        needed: u32,
    },
    /// An RSA modulus that no key of 3072 bits has.
    #[error("the modulus is even, or has fewer than 3072 bits")]
    Modulus,
    /// No block of that number, counted from 0.
    #[error("there is no signature block {number}")]
    NoBlock {
        /// The number asked for.
        number: u32,
    },
    /// No uncompressed point of a curve that Secure Boot knows.
    #[error("{len} bytes are no uncompressed point of P-192, P-256 or P-384")]
    Point {
        /// How many bytes there were.
        len: u32,
    },
    /// A sector with no room for one more block.
    #[error("the sector has three signature blocks, or a damaged one")]
    SectorFull,

    /// A partition table's row is neither a partition, nor the MD5 row, nor the end.
    #[error("row magic {found:#06x} is not known")]
    RowMagic {
        /// The first two bytes, little-endian.
        found: u16,
    },
    /// The partition table has no row of 0xFF that ends it.
    #[error("no row ends the table")]
    NoEndRow,
    /// The MD5 row is not that of the rows before it.
    #[error("MD5 does not match the table")]
    TableMd5,
    /// A row follows the MD5 row, unprotected by it.
    #[error("a row follows the MD5 row")]
    RowAfterMd5,
    /// A partition is empty, or ends beyond 4 GiB.
    #[error("partition of {size:#x} bytes at {start:#x} cannot be")]
    PartitionRange {
        /// Start of the partition in flash.
        start: u32,
        /// Size of the partition.
        size: u32,
    },
    /// Two partitions share bytes of flash, or one lies below the end of the partition table.
    #[error("partition at {start:#x} begins below {free:#x}")]
    Overlap {
        /// Start of the partition in flash.
        start: u32,
        /// First free byte there.
        free: u32,
    },
    /// A partition that is to be written begins before the one listed above it.
    #[error("partition at {start:#x} is listed behind one that begins later")]
    OutOfOrder {
        /// Start of the partition in flash.
        start: u32,
    },
    /// A partition begins or ends at no multiple of what its type needs.
    #[error("{value:#x} is not a multiple of {align:#x}")]
    Alignment {
        /// The offset or size.
        value: u32,
        /// What it must be a multiple of.
        align: u32,
    },
    /// A partition's size is not what its type needs.
    #[error("size {found:#x} does not suit this type of partition ({needed:#x})")]
    PartitionSize {
        /// The size found.
        found: u32,
        /// The size needed, exactly (`otadata`) or at least (`nvs`).
        needed: u32,
    },
    /// Two partitions have one label.
    #[error("a label is used twice")]
    DuplicateLabel,
    /// A label is empty.
    #[error("a label is empty")]
    EmptyLabel,
    /// More partitions than a table holds.
    #[error("{found} partitions, a table holds {max}")]
    TooManyPartitions {
        /// How many were given.
        found: u32,
        /// How many there may be.
        max: u32,
    },
    /// A partition ends beyond the flash.
    #[error("partition ends at {end:#x}, the flash at {flash_size:#x}")]
    BeyondFlash {
        /// First byte after the partition.
        end: u32,
        /// Size of the flash.
        flash_size: u32,
    },

    /// A bundle of no certificates.
    #[error("a bundle without entries")]
    EmptyBundle,
    /// An entry does not begin where the one before it ends.
    #[error("entry offset is {found}, not {expected}")]
    EntryOffset {
        /// The offset found.
        found: u32,
        /// The offset expected.
        expected: u32,
    },
    /// An entry has an empty name or key.
    #[error("an entry with an empty name or key")]
    EmptyEntry,
    /// More entries than the format can count, or than a device takes.
    #[error("{found} entries, {max} are the most")]
    TooManyEntries {
        /// How many there are.
        found: u32,
        /// How many there may be.
        max: u32,
    },

    /// A word where an entry must begin is neither its magic nor blank flash.
    #[error("entry magic is {found:#010x}, not 0xba5eba11")]
    EntryMagic {
        /// The word found.
        found: u32,
    },
    /// A settings' partition without a page that holds anything.
    #[error("no page that holds settings")]
    NoPage,

    /// An entry's CRC does not match.
    #[error("CRC is {stored:#010x}, the bytes give {computed:#010x}")]
    EntryCrc {
        /// The CRC in the entry.
        stored: u32,
        /// The CRC of its bytes.
        computed: u32,
    },

    /// The first four bytes are not a sealed image's.
    #[error("magic of a sealed image is {found:#010x}, not 0x0788b6cf")]
    SealedMagic {
        /// The word found.
        found: u32,
    },
    /// A sealed image holds nothing, or more than a slot takes.
    #[error("`bin_size` is {found}, not 1 to {max}")]
    PlainLength {
        /// The length found.
        found: u32,
        /// The greatest length.
        max: u32,
    },
    /// A reserved byte is not zero.
    #[error("a reserved byte is {found:#04x}, not 0")]
    Reserved {
        /// The byte found.
        found: u8,
    },
}
