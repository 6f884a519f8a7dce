//! What a chip has in eFuse, and this machine on QEMU's command line: the file `opt/countersign/efuse`.
//!
//! Its text is the secure version; where the product has Secure Boot v2, then a space, `rsa3072` or `p256`, a space, and the
//! digest of the key that is trusted, in hexadecimal digits. Without the file nothing was ever burnt.

use crate::fw_cfg;

/// What was burnt.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Efuse {
    /// The least secure version that boots.
    pub secure_version: u32,
    /// Who signs images, where that is looked at.
    pub secure_boot: Option<Trusted>,
}

/// A key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trusted {
    /// It is one of RSA-3072, rather than on P-256.
    pub rsa: bool,
    /// SHA-256 of it.
    pub digest: [u8; 32],
}

/// The text makes no sense: a chip's eFuse always does.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the eFuse holds no such thing")]
pub struct Garbled;

impl Efuse {
    /// Reads it.
    ///
    /// # Errors
    /// [`Garbled`].
    pub fn read() -> Result<Self, Garbled> {
        let mut bytes = [0; 96];
        let Some(len) = fw_cfg::read("opt/countersign/efuse", &mut bytes) else {
            return Ok(Self::default());
        };
        let text = bytes.get(..len).unwrap_or_default();
        Self::parse(text).ok_or(Garbled)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let mut words = core::str::from_utf8(text).ok()?.split(' ');
        let secure_version = words.next()?.parse().ok()?;
        let secure_boot = match words.next() {
            None => None,
            Some(scheme) => Some(Trusted {
                rsa: match scheme {
                    "rsa3072" => true,
                    "p256" => false,
                    _ => return None,
                },
                digest: digest(words.next()?)?,
            }),
        };
        words.next().is_none().then_some(Self {
            secure_version,
            secure_boot,
        })
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != digest.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}
