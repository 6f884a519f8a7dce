//! One of the library's structures, at a place of its own.

use alloc::boxed::Box;
use core::ptr::NonNull;

use mbedtls_rs::sys::{
    mbedtls_pk_context, mbedtls_pk_free, mbedtls_pk_init, mbedtls_ssl_config,
    mbedtls_ssl_config_free, mbedtls_ssl_config_init, mbedtls_ssl_context, mbedtls_ssl_free,
    mbedtls_ssl_init, mbedtls_x509_crt, mbedtls_x509_crt_free, mbedtls_x509_crt_init,
};

/// A structure that the library initializes and frees.
///
/// # Safety
/// A default value owns nothing; after `init` the value may be used until `free`, which releases all that it owns.
pub(super) unsafe trait Structure: Default {
    /// Initializes one.
    ///
    /// # Safety
    /// `this` is valid for writing, and owns nothing yet.
    unsafe fn init(this: *mut Self);

    /// Releases what one owns.
    ///
    /// # Safety
    /// `this` was initialized, and is not used afterwards.
    unsafe fn free(this: *mut Self);
}

macro_rules! structure {
    ($name:ty, $init:ident, $free:ident) => {
        // SAFETY: the library's documentation of both calls.
        unsafe impl Structure for $name {
            unsafe fn init(this: *mut Self) {
                // SAFETY: the same conditions.
                unsafe { $init(this) }
            }

            unsafe fn free(this: *mut Self) {
                // SAFETY: the same conditions.
                unsafe { $free(this) }
            }
        }
    };
}

structure!(mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free);
structure!(
    mbedtls_ssl_config,
    mbedtls_ssl_config_init,
    mbedtls_ssl_config_free
);
structure!(mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free);
structure!(
    mbedtls_x509_crt,
    mbedtls_x509_crt_init,
    mbedtls_x509_crt_free
);

/// An initialized structure in a box, freed with its owner.
///
/// It is kept as a pointer, since the library keeps pointers to it too: a `Box` would claim to be the only one.
pub(super) struct Owned<S: Structure>(NonNull<S>);

impl<S: Structure> Owned<S> {
    pub(super) fn new() -> Self {
        let place = NonNull::from(Box::leak(Box::new(S::default())));
        // SAFETY: the place is ours, and a default value owns nothing.
        unsafe { S::init(place.as_ptr()) };
        Self(place)
    }

    /// Where it is, until it is dropped.
    pub(super) fn as_ptr(&self) -> *mut S {
        self.0.as_ptr()
    }
}

impl<S: Structure> Drop for Owned<S> {
    fn drop(&mut self) {
        // SAFETY: `new` initialized it and nobody uses it any more.
        unsafe { S::free(self.0.as_ptr()) };
        // SAFETY: `new` took it from a box.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
