//! Public keys (`library/pkparse.c`, `mbedtls_pk_parse_subpubkey`).

use std::fmt;

use countersign_x509::{PublicKey, is_on_curve};

use super::{
    Rules,
    algorithm::Identifier,
    asn1::{Cursor, INTEGER, Malformed, OID, SEQUENCE},
    der,
};

/// A key that the library can read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    Rsa {
        bits: usize,
    },
    /// `usable_for_signatures` is false for `id-ecDH`.
    Ec {
        curve: Curve,
        usable_for_signatures: bool,
    },
}

/// A curve that ESP-IDF compiles in by default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Curve {
    P192,
    P224,
    P256,
    P384,
    P521,
    Secp192k1,
    Secp224k1,
    Secp256k1,
    Brainpool256,
    Brainpool384,
    Brainpool512,
}

/// Why a key is not read.
#[derive(Clone, Debug)]
pub(crate) enum KeyFault {
    /// It is of a kind that the library does not have.
    Unknown,
    Malformed(Malformed),
}

impl From<Malformed> for KeyFault {
    fn from(fault: Malformed) -> Self {
        Self::Malformed(fault)
    }
}

impl Key {
    /// Reads a DER `SubjectPublicKeyInfo` that stands alone, as in a bundle.
    pub(crate) fn parse(der: &[u8], rules: &Rules) -> Result<Self, KeyFault> {
        Self::read(&mut Cursor::new(der), rules)
    }

    pub(crate) fn read(parts: &mut Cursor<'_>, rules: &Rules) -> Result<Self, KeyFault> {
        let at = parts.at;
        let mut inside = parts.element(SEQUENCE, WHAT)?;
        let algorithm = Identifier::read(&mut inside, WHAT)?;
        let fault = inside.fault(WHAT, false);
        if algorithm.oid == RSA {
            if !algorithm.is_bare() {
                return Err(fault.into());
            }
            let key = inside.octets(WHAT)?;
            inside.finish(WHAT)?;
            return rsa(key, rules);
        }
        let usable_for_signatures = algorithm.oid == EC_PUBLIC_KEY;
        if !usable_for_signatures && algorithm.oid != EC_DH {
            return Err(KeyFault::Unknown);
        }
        let Some((OID, curve)) = algorithm.parameters else {
            return Err(fault.into());
        };
        let curve = CURVES.iter().find(|(oid, _, _)| *oid == curve);
        let &(_, curve, size) = curve.ok_or(KeyFault::Unknown)?;
        if rules.psa && curve.is_small() {
            return Err(KeyFault::Unknown);
        }
        let point = inside.octets(WHAT)?.rest();
        inside.finish(WHAT)?;
        let whole = match point.split_first() {
            Some((&UNCOMPRESSED, both)) => both.len() == size.saturating_mul(2),
            Some((&(EVEN | ODD), x)) => {
                rules.compressed_points && curve.can_be_compressed() && x.len() == size
            }
            _ => false,
        };
        if !whole {
            return Err(fault.into());
        }
        // `mbedtls_ecp_check_pubkey`; of the curves that we cannot compute on, any point is taken.
        let der = der::public_key(parts.slice(at..parts.at));
        let on_curve = PublicKey::from_der(&der)
            .ok()
            .and_then(|key| is_on_curve(&key));
        if on_curve == Some(false) {
            return Err(fault.into());
        }
        Ok(Self::Ec {
            curve,
            usable_for_signatures,
        })
    }

    /// Whether a signature by it can be checked. The accelerator of most chips takes numbers of up to 4096 bits, and by
    /// default nothing else does (ESP-IDF v4.2 to v5.5, `components/mbedtls/port/esp_bignum.c`, later
    /// `port/bignum/`, `mbedtls_mpi_exp_mod`; `CONFIG_MBEDTLS_LARGE_KEY_SOFTWARE_MPI`). Chips with a smaller one
    /// do without it, slowly.
    pub(crate) const fn is_computable(self) -> bool {
        !matches!(self, Self::Rsa { bits } if bits > MAX_RSA_BITS)
    }

    /// `x509_profile_check_key` with the default profile.
    pub(crate) const fn suits_profile(self, rules: &Rules) -> bool {
        match self {
            Self::Rsa { bits } => bits >= MIN_RSA_BITS,
            Self::Ec { curve, .. } => !rules.narrow_profile || curve.is_strong(),
        }
    }
}

impl Curve {
    /// Those that 4.0 no longer has.
    const fn is_small(self) -> bool {
        matches!(
            self,
            Self::P192 | Self::P224 | Self::Secp192k1 | Self::Secp224k1
        )
    }

    /// Whether the library finds `y` for an `x`: where the prime is 3 modulo 4 (`mbedtls_ecp_sw_derive_y`).
    const fn can_be_compressed(self) -> bool {
        !matches!(self, Self::P224 | Self::Secp224k1)
    }

    /// 128 bits of security or more, and no Koblitz curve.
    const fn is_strong(self) -> bool {
        matches!(
            self,
            Self::P256
                | Self::P384
                | Self::P521
                | Self::Brainpool256
                | Self::Brainpool384
                | Self::Brainpool512
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let curve = match self {
            Self::Rsa { bits } => return write!(f, "RSA {bits}"),
            Self::Ec { curve, .. } => curve,
        };
        f.write_str(match curve {
            Curve::P192 => "EC P-192",
            Curve::P224 => "EC P-224",
            Curve::P256 => "EC P-256",
            Curve::P384 => "EC P-384",
            Curve::P521 => "EC P-521",
            Curve::Secp192k1 => "EC secp192k1",
            Curve::Secp224k1 => "EC secp224k1",
            Curve::Secp256k1 => "EC secp256k1",
            Curve::Brainpool256 => "EC brainpoolP256r1",
            Curve::Brainpool384 => "EC brainpoolP384r1",
            Curve::Brainpool512 => "EC brainpoolP512r1",
        })
    }
}

fn rsa(mut key: Cursor<'_>, rules: &Rules) -> Result<Key, KeyFault> {
    let fault = key.fault(WHAT, false);
    let mut numbers = key.element(SEQUENCE, WHAT)?;
    key.finish(WHAT)?;
    let modulus = magnitude(numbers.element(INTEGER, WHAT)?.rest());
    let exponent = magnitude(numbers.element(INTEGER, WHAT)?.rest());
    numbers.finish(WHAT)?;
    let bits = bit_len(modulus);
    // `mbedtls_rsa_check_pubkey`: both odd, the exponent at least 3 and less than the modulus.
    let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
    let small =
        exponent.len() < modulus.len() || (exponent.len() == modulus.len() && exponent < modulus);
    if bits < 128 || !odd(modulus) || !odd(exponent) || exponent == [1] || !small {
        return Err(fault.into());
    }
    if rules.psa && (bits > MAX_RSA_BITS || !bits.is_multiple_of(8)) {
        return Err(KeyFault::Unknown);
    }
    Ok(Key::Rsa { bits })
}

/// The library takes an INTEGER here for a magnitude, whatever its sign.
fn magnitude(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

fn bit_len(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |first| first.leading_zeros());
    let unused = usize::try_from(unused).unwrap_or(0);
    number.len().saturating_mul(8).saturating_sub(unused)
}

const WHAT: &str = "public key";
/// What a point begins with (SEC 1 §2.3.3): both coordinates follow, or the first, and the other one is even or odd.
const UNCOMPRESSED: u8 = 4;
const EVEN: u8 = 2;
const ODD: u8 = 3;

/// `rsa_min_bitlen` of the default profile.
const MIN_RSA_BITS: usize = 2048;
/// `SOC_RSA_MAX_BIT_LEN` of the ESP32, S2, S3 and P4; since 4.0 `PSA_VENDOR_RSA_MAX_KEY_BITS`
/// (`drivers/builtin/src/psa_crypto_rsa.c`, `mbedtls_psa_rsa_load_representation`).
const MAX_RSA_BITS: usize = 4096;

/// 1.2.840.113549.1.1.1 (RFC 8017 §A.1).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1 (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.3.132.1.12 (RFC 5480 §2.1.2).
const EC_DH: &[u8] = &[0x2b, 0x81, 0x04, 0x01, 0x0c];

/// A curve's OID, and the octets of a coordinate.
const CURVES: [(&[u8], Curve, usize); 11] = [
    (&prime(1), Curve::P192, 24),
    (&secg(33), Curve::P224, 28),
    (&prime(7), Curve::P256, 32),
    (&secg(34), Curve::P384, 48),
    (&secg(35), Curve::P521, 66),
    (&secg(31), Curve::Secp192k1, 24),
    (&secg(32), Curve::Secp224k1, 28),
    (&secg(10), Curve::Secp256k1, 32),
    (&brainpool(7), Curve::Brainpool256, 32),
    (&brainpool(11), Curve::Brainpool384, 48),
    (&brainpool(13), Curve::Brainpool512, 64),
];

/// 1.2.840.10045.3.1.n (RFC 5480 §2.1.1.1).
const fn prime(n: u8) -> [u8; 8] {
    [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, n]
}

/// 1.3.132.0.n (SEC 2 §A.2).
const fn secg(n: u8) -> [u8; 5] {
    [0x2b, 0x81, 0x04, 0x00, n]
}

/// 1.3.36.3.3.2.8.1.1.n (RFC 5639 §4.1).
const fn brainpool(n: u8) -> [u8; 9] {
    [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, n]
}
