//! RSA by itself, in builds that have it.

use core::ptr;

use mbedtls_rs::sys::{
    mbedtls_md_type_t_MBEDTLS_MD_SHA256 as SHA256, mbedtls_rsa_check_pubkey, mbedtls_rsa_complete,
    mbedtls_rsa_context, mbedtls_rsa_get_len, mbedtls_rsa_import_raw,
    mbedtls_rsa_rsassa_pss_verify_ext,
};

use super::{crypto::done, owned::Owned};
use crate::Error;

/// Says whether `signature` is RSASSA-PSS over `digest` by a key of 3072 bits, with SHA-256 throughout and a salt of its
/// length.
///
/// # Errors
/// [`Error::Setup`]: there is no memory.
pub(crate) fn rsa3072_pss_verify(
    modulus: &[u8; 384],
    exponent: u32,
    digest: &[u8; 32],
    signature: &[u8; 384],
) -> Result<bool, Error> {
    let key = Owned::<mbedtls_rsa_context>::new()?;
    let exponent = exponent.to_be_bytes();
    // SAFETY: the key is initialized, what it is read from are slices, and a part of length 0 is not read. The signature is
    // as long as the key, which is asked first.
    Ok(unsafe {
        done(mbedtls_rsa_import_raw(
            key.as_ptr(),
            modulus.as_ptr(),
            modulus.len(),
            ptr::null(),
            0,
            ptr::null(),
            0,
            ptr::null(),
            0,
            exponent.as_ptr(),
            exponent.len(),
        ))? && done(mbedtls_rsa_complete(key.as_ptr()))?
            && done(mbedtls_rsa_check_pubkey(key.as_ptr()))?
            && mbedtls_rsa_get_len(key.as_ptr()) == signature.len()
            && done(mbedtls_rsa_rsassa_pss_verify_ext(
                key.as_ptr(),
                SHA256,
                32,
                digest.as_ptr(),
                SHA256,
                32,
                signature.as_ptr(),
            ))?
    })
}
