//! The C library: its structures as values with an owner, its calls as methods that a safe caller cannot misuse.
//!
//! All `unsafe` of this crate is here. What makes it sound, in short: structures lie in boxes of their own and never move
//! ([`owned`]); those that point at each other are one value, and go in the right order ([`client`]); a transport is known to
//! the library only while a call is under way ([`bio`]); nothing here leaves the thread that made the [`Library`].

mod bio;
mod chain;
mod client;
mod crypto;
mod host;
mod identity;
mod owned;
#[cfg(feature = "rsa")]
mod rsa;
mod saved;
mod verify;

use core::{
    cell::Cell,
    ffi::{CStr, c_char, c_int, c_uchar, c_void},
    fmt,
    marker::PhantomData,
};

use mbedtls_rs::{
    Tls,
    sys::{
        MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED, MBEDTLS_SSL_IN_CONTENT_LEN,
        MBEDTLS_SSL_OUT_CONTENT_LEN, MBEDTLS_VERSION_STRING_FULL, mbedtls_psa_crypto_free,
        psa_crypto_init, psa_generate_random,
    },
};
use rand_core::CryptoRng;

#[cfg(feature = "rsa")]
pub(crate) use self::rsa::rsa3072_pss_verify;
pub(crate) use self::{
    client::{Client, Outcome},
    crypto::{Sha256, es256_verify, fill},
    saved::Saved,
};
use crate::{Code, Error};

/// The library and its version, as it calls itself: `Mbed TLS 3.6.5`.
pub const LIBRARY: &str = match CStr::from_bytes_with_nul(MBEDTLS_VERSION_STRING_FULL) {
    Ok(name) => match name.to_str() {
        Ok(name) => name,
        Err(_) => "Mbed TLS",
    },
    Err(_) => "Mbed TLS",
};

/// How many bytes of plain text a record that we receive may have (`CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN`).
pub const IN_CONTENT_LEN: u32 = MBEDTLS_SSL_IN_CONTENT_LEN;

/// How many bytes of plain text a record that we send may have (`CONFIG_MBEDTLS_SSL_OUT_CONTENT_LEN`).
pub const OUT_CONTENT_LEN: u32 = MBEDTLS_SSL_OUT_CONTENT_LEN;

/// The library, ready for sessions. There is one in a process, and it stays on its thread.
pub struct Library {
    /// Holds the library's one place for a random source.
    _tls: Tls<'static>,
    /// A signature could not be checked, and nobody has asked yet.
    unchecked: Cell<bool>,
    /// The library has no locks: neither this nor what borrows it goes to another thread.
    _one_thread: PhantomData<*mut ()>,
}

impl Library {
    /// Sets the library up with the source of all its randomness.
    ///
    /// # Errors
    /// - [`Error::InUse`]: there is one already.
    /// - [`Error::Setup`]: the library says no.
    pub fn new(random: &'static mut (dyn CryptoRng + Send)) -> Result<Self, Error> {
        let library = Self {
            _tls: Tls::new(random).map_err(|_| Error::InUse)?,
            unchecked: Cell::new(false),
            _one_thread: PhantomData,
        };
        // SAFETY: the call has no conditions. Nobody else is in the library, since there is one `Tls` in a process and we
        // have it.
        match unsafe { psa_crypto_init() } {
            0 => Ok(library),
            status => Err(Error::Setup(Code::new(status))),
        }
    }
}

impl Library {
    /// Where it is kept that a signature could not be checked.
    pub(crate) fn unchecked(&self) -> &Cell<bool> {
        &self.unchecked
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: every session borrows the library, so none is left to use what this frees; our place for the random
        // source is given up only after it.
        unsafe { mbedtls_psa_crypto_free() };
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(LIBRARY)
    }
}

/// Hands on what the library says of one of its numbers; where it knows none, nothing is said.
pub(crate) fn with_words(code: Code, say: impl FnOnce(&str) -> fmt::Result) -> fmt::Result {
    let mut buffer: [c_char; WORDS_LEN] = [0; WORDS_LEN];
    // SAFETY: the library writes at most as many bytes as it is told, a NUL among them.
    unsafe { mbedtls_strerror(code.get(), buffer.as_mut_ptr(), buffer.len()) };
    // SAFETY: a NUL ends the text within the buffer: the library's own, or one of those it was filled with.
    let words = unsafe { CStr::from_ptr(buffer.as_ptr()) };
    match words.to_str() {
        Ok(words) if !words.is_empty() && !words.starts_with("UNKNOWN") => say(words),
        _ => Ok(()),
    }
}

/// The random source in the form in which the library's calls take one.
///
/// # Safety
/// `output` is valid for writing `len` bytes.
unsafe extern "C" fn random(_context: *mut c_void, output: *mut c_uchar, len: usize) -> c_int {
    // SAFETY: as above.
    match unsafe { psa_generate_random(output, len) } {
        0 => 0,
        _ => MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED,
    }
}

unsafe extern "C" {
    /// `mbedtls/error.h`, which the bindings leave out.
    fn mbedtls_strerror(code: c_int, buffer: *mut c_char, len: usize);
}

/// The longest text of Mbed TLS 3.6 has about 140 bytes; a longer one is cut.
const WORDS_LEN: usize = 200;
