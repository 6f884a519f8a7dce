//! Encrypted PKCS#8: `EncryptedPrivateKeyInfo` (RFC 5958 §3), by PBES2 (RFC 8018 §6.2).
//!
//! | read                     | as `openssl pkcs8 -topk8` writes it                                       |
//! |--------------------------|---------------------------------------------------------------------------|
//! | PBKDF2 (RFC 8018 §5.2)   | `-v2 CIPHER -v2prf hmacWithSHA1`, `hmacWithSHA256` (its default), 384, 512  |
//! | scrypt (RFC 7914)        | `-scrypt`                                                                 |
//! | AES-128, -192, -256, CBC | `-v2 aes-128-cbc` ... (its default is `aes-256-cbc`)                       |
//!
//! Written are PBKDF2 with HMAC-SHA-256, [`ITERATIONS`] rounds, and AES-256-CBC. Scrypt would cost an attacker more, but
//! OpenSSL takes no more than 32 MiB for it unless it is told to.

use std::num::NonZeroU32;

use aws_lc_rs::{
    cipher::{
        AES_128, AES_192, AES_256, Algorithm, DecryptionContext, EncryptionContext,
        PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
    },
    iv::FixedLength,
    pbkdf2, rand,
};
use countersign_x509::der::{OID, Reader, SEQUENCE};
use pkcs8::{
    EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef,
    der::{Decode as _, Encode as _, asn1::OctetStringRef},
    pkcs5::{self, pbes2},
};
use zeroize::Zeroizing;

use crate::Error;

/// What it may cost to try a passphrase on a file. Whoever writes the file sets that cost: without an end to it, one that
/// was slipped in would keep the program busy for hours, or take all memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Costs {
    /// The most rounds of PBKDF2. 10,000,000, which are some seconds.
    pub iterations: u32,
    /// The most bytes of memory for scrypt, 128·r·(N + p). 256 MiB.
    pub scrypt_memory: u64,
    /// The most blocks that scrypt mixes, N·r·p. 4,194,304, which are some seconds.
    pub scrypt_work: u64,
}

impl Default for Costs {
    fn default() -> Self {
        Self {
            iterations: 10_000_000,
            scrypt_memory: 256 << 20,
            scrypt_work: 1 << 22,
        }
    }
}

/// Decrypts `EncryptedPrivateKeyInfo` in DER to `PrivateKeyInfo` in DER; `None` where the passphrase is another.
///
/// Nothing in the format proves a passphrase: what comes out is the right thing where it is padded and built as a key is.
///
/// # Errors
/// [`Error::NotAKey`] where it is none; [`Error::Encryption`] where it is encrypted in another way;
/// [`Error::TooCostly`].
pub fn decrypt(
    der: &[u8],
    passphrase: &str,
    costs: &Costs,
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|_| unread(der))?;
    let pkcs5::EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(Error::Encryption);
    };
    let (algorithm, iv) = cipher(&parameters.encryption)?;
    let key = derive(parameters, passphrase, costs)?;
    let mut text = Zeroizing::new(info.encrypted_data.as_bytes().to_vec());
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(unbound(algorithm, &key)?);
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let key = key.map_err(|_| Error::Library)?;
    let Ok(len) = key.decrypt(&mut text, context).map(|plain| plain.len()) else {
        return Ok(None);
    };
    // Shorter only: nothing is left behind by moving.
    text.truncate(len);
    Ok(PrivateKeyInfoRef::from_der(&text).is_ok().then_some(text))
}

/// Encrypts `PrivateKeyInfo` in DER to `EncryptedPrivateKeyInfo` in DER.
///
/// # Errors
/// [`Error::Library`].
pub fn encrypt(der: &[u8], passphrase: &str) -> Result<Vec<u8>, Error> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    rand::fill(&mut salt).map_err(|_| Error::Library)?;
    rand::fill(&mut iv).map_err(|_| Error::Library)?;
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv)
        .map_err(|_| Error::Library)?;
    let key = derive(&parameters, passphrase, &Costs::default())?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(unbound(&AES_256, &key)?);
    let key = key.map_err(|_| Error::Library)?;
    // Room for the padding too: a buffer that grows leaves a copy behind.
    let mut text = Vec::with_capacity(der.len().saturating_add(BLOCK));
    text.extend_from_slice(der);
    let mut text = Zeroizing::new(text);
    key.less_safe_encrypt(&mut *text, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(|_| Error::Library)?;
    let info = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: parameters.into(),
        encrypted_data: OctetStringRef::new(&text).map_err(|_| Error::Library)?,
    };
    info.to_der().map_err(|_| Error::Library)
}

/// The key of the cipher, if it may cost that much.
fn derive(
    parameters: &pbes2::Parameters,
    passphrase: &str,
    costs: &Costs,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let len = parameters.encryption.key_size();
    if parameters
        .kdf
        .key_length()
        .is_some_and(|said| usize::from(said) != len)
    {
        return Err(Error::Encryption);
    }
    let mut key = Zeroizing::new(vec![0; len]);
    match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(kdf) => {
            let algorithm = match kdf.prf {
                pbes2::Pbkdf2Prf::HmacWithSha1 => pbkdf2::PBKDF2_HMAC_SHA1,
                pbes2::Pbkdf2Prf::HmacWithSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
                pbes2::Pbkdf2Prf::HmacWithSha384 => pbkdf2::PBKDF2_HMAC_SHA384,
                pbes2::Pbkdf2Prf::HmacWithSha512 => pbkdf2::PBKDF2_HMAC_SHA512,
                _ => return Err(Error::Encryption),
            };
            let most = costs.iterations.into();
            affordable("rounds of PBKDF2", kdf.iteration_count.into(), most)?;
            let rounds = NonZeroU32::new(kdf.iteration_count).ok_or(Error::Encryption)?;
            let salt = kdf.salt.as_bytes();
            pbkdf2::derive(algorithm, rounds, salt, passphrase.as_bytes(), &mut key);
        }
        pbes2::Kdf::Scrypt(kdf) => {
            let (n, r, p) = (
                kdf.cost_parameter,
                u64::from(kdf.block_size),
                u64::from(kdf.parallelization),
            );
            let memory = n.saturating_add(p).saturating_mul(r).saturating_mul(128);
            affordable("bytes of memory for scrypt", memory, costs.scrypt_memory)?;
            let work = n.saturating_mul(r).saturating_mul(p);
            affordable("blocks of scrypt", work, costs.scrypt_work)?;
            let log_n = n.checked_ilog2().filter(|_| n > 1 && n.is_power_of_two());
            let log_n = log_n.and_then(|log_n| u8::try_from(log_n).ok());
            let parameters = log_n.and_then(|log_n| {
                scrypt::Params::new(log_n, kdf.block_size.into(), kdf.parallelization.into()).ok()
            });
            let parameters = parameters.ok_or(Error::Encryption)?;
            let salt = kdf.salt.as_bytes();
            scrypt::scrypt(passphrase.as_bytes(), salt, &parameters, &mut key)
                .map_err(|_| Error::Encryption)?;
        }
        _ => return Err(Error::Encryption),
    }
    Ok(key)
}

fn affordable(what: &'static str, asked: u64, most: u64) -> Result<(), Error> {
    if asked > most {
        return Err(Error::TooCostly { what, asked, most });
    }
    Ok(())
}

fn cipher(scheme: &pbes2::EncryptionScheme) -> Result<(&'static Algorithm, [u8; BLOCK]), Error> {
    match scheme {
        pbes2::EncryptionScheme::Aes128Cbc { iv } => Ok((&AES_128, *iv)),
        pbes2::EncryptionScheme::Aes192Cbc { iv } => Ok((&AES_192, *iv)),
        pbes2::EncryptionScheme::Aes256Cbc { iv } => Ok((&AES_256, *iv)),
        _ => Err(Error::Encryption),
    }
}

fn unbound(algorithm: &'static Algorithm, key: &[u8]) -> Result<UnboundCipherKey, Error> {
    UnboundCipherKey::new(algorithm, key).map_err(|_| Error::Library)
}

/// What could not be read: another encryption, where the bytes begin as an encrypted key does, or nothing of the kind.
fn unread(der: &[u8]) -> Error {
    let named = || -> Result<(), countersign_x509::Error> {
        let mut input = Reader::new(der);
        let mut info = input.expect(SEQUENCE, WHAT)?.reader();
        input.finish(WHAT)?;
        info.expect(SEQUENCE, WHAT)?.reader().expect(OID, WHAT)?;
        info.expect(OCTET_STRING, WHAT)?;
        info.finish(WHAT)
    };
    named().map_or(Error::NotAKey, |()| Error::Encryption)
}

/// The rounds of what is written: OWASP's figure for PBKDF2 with HMAC-SHA-256 (Password Storage Cheat Sheet, 2023).
pub const ITERATIONS: u32 = 600_000;
/// AES's block.
const BLOCK: usize = 16;
const OCTET_STRING: u8 = 0x04;
const WHAT: &str = "encrypted private key";

#[cfg(test)]
mod tests;
