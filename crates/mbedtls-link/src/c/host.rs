//! A host's name, as C has it.

use core::ffi::{CStr, c_char};

use crate::Error;

/// A name that ends with a NUL, and has no other.
pub(super) struct HostName([u8; MAX_LEN + 1]);

impl HostName {
    pub(super) fn new(host: &str) -> Result<Self, Error> {
        let mut bytes = [0; MAX_LEN + 1];
        bytes
            .get_mut(..host.len())
            .ok_or(Error::Name)?
            .copy_from_slice(host.as_bytes());
        let ended = bytes.get(..=host.len()).ok_or(Error::Name)?;
        CStr::from_bytes_with_nul(ended).map_err(|_| Error::Name)?;
        Ok(Self(bytes))
    }

    pub(super) const fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

/// `MBEDTLS_SSL_MAX_HOST_NAME_LEN`
const MAX_LEN: usize = 255;
