//! Why a device refused an offer, or could not finish it.

/// Why a device refused an offer or could not finish it. The number is the wire value and never changes its meaning.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[repr(u8)]
#[non_exhaustive]
pub enum Reason {
    /// The manifest is not a manifest.
    #[error("the manifest is malformed")]
    MalformedManifest = 1,
    /// No author that the device knows signed it.
    #[error("the manifest names an author that the device does not know")]
    UnknownAuthor = 2,
    /// A known author's name, and not his signature.
    #[error("the author's signature on the manifest is not valid")]
    BadSignature = 3,
    /// The manifest is for another product.
    #[error("the manifest is for another product")]
    WrongProduct = 4,
    /// The manifest or the image is for another chip.
    #[error("the release is for another chip")]
    WrongChip = 5,
    /// The counter is not above that of a manifest accepted before.
    #[error("the release counter is not newer than one already accepted")]
    OldCounter = 6,
    /// The manifest's end has passed.
    #[error("the manifest has ended")]
    Ended = 7,
    /// The secure version is below the device's.
    #[error("the secure version is below the device's")]
    LowSecureVersion = 8,
    /// The image does not fit the slot.
    #[error("the image does not fit the slot")]
    TooLarge = 9,
    /// The bytes received, or read back from flash, are not those of the manifest.
    #[error("the image's digest is not the manifest's")]
    WrongDigest = 10,
    /// The image's header or app descriptor does not say what the manifest says.
    #[error("the image does not say what its manifest says")]
    WrongImage = 11,
    /// The download URL is not one that the device may follow.
    #[error("the download address is not one that the device may go to")]
    ForbiddenAddress = 12,
    /// The server's certificate was not accepted.
    #[error("the download server could not prove itself")]
    UntrustedServer = 13,
    /// The server's answers break HTTP, or the protocol's rules.
    #[error("the server's answer breaks the protocol")]
    BadAnswer = 14,
    /// The connection could not be made or broke too often.
    #[error("the connection failed too often")]
    Connection = 15,
    /// The flash refused a read, a write or an erase.
    #[error("the flash failed")]
    Flash = 16,
    /// The offer was lost by a boot of something else, the image never having been confirmed.
    #[error("the new image was not confirmed before the next reset")]
    NotConfirmed = 17,
}
