//! What a key may be used for.

use x509_parser::extensions;

/// The key usage extension (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyUsage(u16);

/// The extended key usage extension (RFC 5280 §4.2.1.12).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExtendedKeyUsage {
    /// `anyExtendedKeyUsage`: no limit.
    pub any: bool,
    /// `id-kp-serverAuth`.
    pub server_auth: bool,
    /// `id-kp-clientAuth`.
    pub client_auth: bool,
    /// All others that are no common ones, in dotted form.
    pub other: Vec<String>,
}

impl KeyUsage {
    /// Whether the key may sign other things than certificates and CRLs.
    pub const fn digital_signature(self) -> bool {
        self.has(0)
    }

    /// Whether keys may be encrypted to it, as in TLS with static RSA.
    pub const fn key_encipherment(self) -> bool {
        self.has(2)
    }

    /// Whether it may take part in a key agreement, as in TLS with static ECDH.
    pub const fn key_agreement(self) -> bool {
        self.has(4)
    }

    /// Whether the key may sign certificates.
    pub const fn key_cert_sign(self) -> bool {
        self.has(5)
    }

    /// Whether the key may sign CRLs.
    pub const fn crl_sign(self) -> bool {
        self.has(6)
    }

    /// Bit numbers as RFC 5280 §4.2.1.3 counts them.
    const fn has(self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }

    pub(crate) const fn from_flags(flags: u16) -> Self {
        Self(flags)
    }
}

impl ExtendedKeyUsage {
    pub(crate) fn from_parsed(parsed: &extensions::ExtendedKeyUsage<'_>) -> Self {
        Self {
            any: parsed.any,
            server_auth: parsed.server_auth,
            client_auth: parsed.client_auth,
            other: parsed.other.iter().map(ToString::to_string).collect(),
        }
    }
}
