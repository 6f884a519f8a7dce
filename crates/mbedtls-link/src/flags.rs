//! What the library found wrong with a certificate.

use core::fmt;

/// A set of findings, as the library keeps them for each certificate; empty where all is well.
///
/// Source: Mbed TLS 3.6.5, `include/mbedtls/x509.h`, `MBEDTLS_X509_BADCERT_*`; the same numbers since 2.1.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct VerifyFlags(u32);

impl VerifyFlags {
    /// Wraps the library's number.
    pub const fn new(bits: u32) -> Self {
        Self(bits)
    }

    /// Gives the library's number.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Says whether nothing was found.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Says whether there is no finding but a number that stands for all: a callback ended the verification.
    pub const fn is_unknown(self) -> bool {
        self.0 == u32::MAX
    }

    /// Leaves some findings out.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Says whether all findings of `other` are among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// It ended.
    pub const EXPIRED: Self = Self(0x01);
    /// The name is not that of the host.
    pub const CN_MISMATCH: Self = Self(0x04);
    /// No trusted certificate signed it.
    pub const NOT_TRUSTED: Self = Self(0x08);
    /// Its key usage does not allow this use.
    pub const KEY_USAGE: Self = Self(0x0800);
    /// Its extended key usage does not allow this use.
    pub const EXT_KEY_USAGE: Self = Self(0x1000);
    /// It is signed over a hash that the profile does not admit.
    pub const BAD_MD: Self = Self(0x4000);
}

impl fmt::Display for VerifyFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        if self.is_unknown() {
            return f.write_str("refused by the bundle");
        }
        let mut left = self.0;
        for (bit, words) in WORDS {
            if self.0 & bit != 0 {
                if left != self.0 {
                    f.write_str(", ")?;
                }
                f.write_str(words)?;
                left &= !bit;
            }
        }
        match (left, left == self.0) {
            (0, _) => Ok(()),
            (_, true) => write!(f, "{left:#x}"),
            (_, false) => write!(f, ", {left:#x}"),
        }
    }
}

const WORDS: [(u32, &str); 13] = [
    (0x01, "expired"),
    (0x02, "revoked"),
    (0x04, "the name is another"),
    (0x08, "signed by nobody trusted"),
    (0x40, "no certificate"),
    (0x0100, "other"),
    (0x0200, "not yet valid"),
    (0x0800, "not for this use (key usage)"),
    (0x1000, "not for this use (extended key usage)"),
    (0x2000, "not for this use (Netscape type)"),
    (0x4000, "hash not admitted"),
    (0x8000, "kind of key not admitted"),
    (0x0001_0000, "key too short or curve not admitted"),
];

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::VerifyFlags;

    #[test]
    fn says_each_finding_in_words() {
        for (bits, words) in [
            (0, "nothing"),
            (0x04, "the name is another"),
            (0x0C, "the name is another, signed by nobody trusted"),
            (0x0002_0008, "signed by nobody trusted, 0x20000"),
            (0x0002_0000, "0x20000"),
            (u32::MAX, "refused by the bundle"),
        ] {
            assert_eq!(VerifyFlags::new(bits).to_string(), words, "{bits:#x}");
        }
    }
}
