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
    /// The server ended the handshake because of the device's certificate, or answered 401 or 403.
    #[error("the server does not admit this device")]
    NotAdmitted = 18,
    /// The image has no Secure Boot signature by a key that the device trusts.
    #[error("no key that the device trusts has signed the image for Secure Boot")]
    UntrustedImage = 19,
    /// Known authors have signed, and fewer than their set asks for.
    #[error("fewer authors have signed the manifest than the device asks for")]
    TooFewAuthors = 20,
    /// The set of authors that the device goes by has ended.
    #[error("the set of authors that the device goes by has ended")]
    AuthorsEnded = 21,
}

impl Reason {
    /// Every reason, in the order of the wire values.
    pub const ALL: [Self; 21] = [
        Self::MalformedManifest,
        Self::UnknownAuthor,
        Self::BadSignature,
        Self::WrongProduct,
        Self::WrongChip,
        Self::OldCounter,
        Self::Ended,
        Self::LowSecureVersion,
        Self::TooLarge,
        Self::WrongDigest,
        Self::WrongImage,
        Self::ForbiddenAddress,
        Self::UntrustedServer,
        Self::BadAnswer,
        Self::Connection,
        Self::Flash,
        Self::NotConfirmed,
        Self::NotAdmitted,
        Self::UntrustedImage,
        Self::TooFewAuthors,
        Self::AuthorsEnded,
    ];

    /// The value on the wire.
    #[expect(clippy::as_conversions, reason = "the discriminant is the wire value")]
    pub const fn wire(self) -> u8 {
        self as u8
    }

    /// The reason of a value on the wire; `None` for one that this crate does not know.
    pub fn from_wire(value: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.wire() == value)
    }

    /// A stable name for JSON and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MalformedManifest => "malformed-manifest",
            Self::UnknownAuthor => "unknown-author",
            Self::BadSignature => "bad-signature",
            Self::WrongProduct => "wrong-product",
            Self::WrongChip => "wrong-chip",
            Self::OldCounter => "old-counter",
            Self::Ended => "ended",
            Self::LowSecureVersion => "low-secure-version",
            Self::TooLarge => "too-large",
            Self::WrongDigest => "wrong-digest",
            Self::WrongImage => "wrong-image",
            Self::ForbiddenAddress => "forbidden-address",
            Self::UntrustedServer => "untrusted-server",
            Self::BadAnswer => "bad-answer",
            Self::Connection => "connection",
            Self::Flash => "flash",
            Self::NotConfirmed => "not-confirmed",
            Self::NotAdmitted => "not-admitted",
            Self::UntrustedImage => "untrusted-image",
            Self::TooFewAuthors => "too-few-authors",
            Self::AuthorsEnded => "authors-ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_value_names_one_reason() {
        for value in 0..=u8::MAX {
            match Reason::from_wire(value) {
                Some(reason) => assert_eq!(reason.wire(), value),
                None => assert!(!(1..=21).contains(&value)),
            }
        }
    }

    #[test]
    fn codes_are_kebab_case_and_differ() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            let code = reason.code();
            assert!(
                code.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{code}"
            );
            assert!(
                Reason::ALL[..index]
                    .iter()
                    .all(|other| other.code() != code),
                "{code}"
            );
        }
    }
}
