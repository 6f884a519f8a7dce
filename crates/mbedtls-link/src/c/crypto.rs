//! SHA-256 and ECDSA by themselves.

use core::ffi::c_int;

use mbedtls_rs::sys::{
    MBEDTLS_ERR_ECP_ALLOC_FAILED, MBEDTLS_ERR_MD_ALLOC_FAILED, MBEDTLS_ERR_MPI_ALLOC_FAILED,
    mbedtls_ecdsa_verify, mbedtls_ecp_check_pubkey, mbedtls_ecp_group,
    mbedtls_ecp_group_id_MBEDTLS_ECP_DP_SECP256R1 as SECP256R1, mbedtls_ecp_group_load,
    mbedtls_ecp_point, mbedtls_ecp_point_read_binary, mbedtls_mpi, mbedtls_mpi_read_binary,
    mbedtls_sha256_context, mbedtls_sha256_finish, mbedtls_sha256_free, mbedtls_sha256_init,
    mbedtls_sha256_starts, mbedtls_sha256_update, psa_generate_random,
};

use super::owned::Owned;
use crate::{Code, Error};

/// A SHA-256 under way.
pub(crate) struct Sha256 {
    context: mbedtls_sha256_context,
    /// The library said no; there is no digest then.
    failed: bool,
}

impl Sha256 {
    pub(crate) fn new() -> Self {
        let mut this = Self {
            context: mbedtls_sha256_context::default(),
            failed: false,
        };
        // SAFETY: the context is ours. It points nowhere, not even at itself, so it may be moved later.
        let code = unsafe {
            mbedtls_sha256_init(&raw mut this.context);
            mbedtls_sha256_starts(&raw mut this.context, 0)
        };
        this.failed = code != 0;
        this
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        // SAFETY: `new` initialized the context; the bytes are a slice.
        let code =
            unsafe { mbedtls_sha256_update(&raw mut self.context, bytes.as_ptr(), bytes.len()) };
        self.failed |= code != 0;
    }

    /// The digest; all zeros, which no bytes are known to have, where the library failed.
    pub(crate) fn finish(mut self) -> [u8; 32] {
        let mut digest = [0; 32];
        // SAFETY: `new` initialized the context; a digest has 32 bytes.
        let code = unsafe { mbedtls_sha256_finish(&raw mut self.context, digest.as_mut_ptr()) };
        if self.failed || code != 0 {
            return [0; 32];
        }
        digest
    }
}

impl Drop for Sha256 {
    fn drop(&mut self) {
        // SAFETY: `new` initialized the context, and nobody uses it any more.
        unsafe { mbedtls_sha256_free(&raw mut self.context) };
    }
}

/// Says whether `signature` (r, then s) is that of the key at `point` (X9.62, not compressed) on P-256 over `digest`.
///
/// # Errors
/// [`Error::Setup`]: there is no memory.
pub(crate) fn es256_verify(
    point: &[u8; 65],
    digest: &[u8; 32],
    signature: &[u8; 64],
) -> Result<bool, Error> {
    let group = Owned::<mbedtls_ecp_group>::new()?;
    let key = Owned::<mbedtls_ecp_point>::new()?;
    let (r, s) = (Owned::<mbedtls_mpi>::new()?, Owned::<mbedtls_mpi>::new()?);
    let (r_bytes, s_bytes) = signature.split_at(32);
    // SAFETY: the structures are initialized, and what they are read from are slices.
    Ok(unsafe {
        done(mbedtls_ecp_group_load(group.as_ptr(), SECP256R1))?
            && done(mbedtls_ecp_point_read_binary(
                group.as_ptr(),
                key.as_ptr(),
                point.as_ptr(),
                point.len(),
            ))?
            && done(mbedtls_ecp_check_pubkey(group.as_ptr(), key.as_ptr()))?
            && done(mbedtls_mpi_read_binary(
                r.as_ptr(),
                r_bytes.as_ptr(),
                r_bytes.len(),
            ))?
            && done(mbedtls_mpi_read_binary(
                s.as_ptr(),
                s_bytes.as_ptr(),
                s_bytes.len(),
            ))?
            && done(mbedtls_ecdsa_verify(
                group.as_ptr(),
                digest.as_ptr(),
                digest.len(),
                key.as_ptr(),
                r.as_ptr(),
                s.as_ptr(),
            ))?
    })
}

/// Says whether a step of a check was done. What was not is wrong, where there was memory to find out.
///
/// # Errors
/// [`Error::Setup`]: there was none.
pub(super) fn done(code: c_int) -> Result<bool, Error> {
    // A number of one of the library's upper modules may have one of a lower module's in its last seven bits.
    let number = code.wrapping_neg();
    let (upper, lower) = (number & !0x7F, number & 0x7F);
    let no_memory = lower == -MBEDTLS_ERR_MPI_ALLOC_FAILED
        || upper == -MBEDTLS_ERR_ECP_ALLOC_FAILED
        || upper == -MBEDTLS_ERR_MD_ALLOC_FAILED;
    if no_memory {
        return Err(Error::Setup(Code::new(code)));
    }
    Ok(code == 0)
}

/// Fills `buffer` from the library's random source; says whether it did.
pub(crate) fn fill(buffer: &mut [u8]) -> bool {
    // SAFETY: the buffer is a slice.
    unsafe { psa_generate_random(buffer.as_mut_ptr(), buffer.len()) == 0 }
}
