//! One of the library's structures, at a place of its own.

use alloc::{alloc::alloc, boxed::Box};
use core::{alloc::Layout, ptr::NonNull};

use mbedtls_rs::sys::{
    mbedtls_ecp_group, mbedtls_ecp_group_free, mbedtls_ecp_group_init, mbedtls_ecp_point,
    mbedtls_ecp_point_free, mbedtls_ecp_point_init, mbedtls_mpi, mbedtls_mpi_free,
    mbedtls_mpi_init, mbedtls_pk_context, mbedtls_pk_free, mbedtls_pk_init, mbedtls_ssl_config,
    mbedtls_ssl_config_free, mbedtls_ssl_config_init, mbedtls_ssl_context, mbedtls_ssl_free,
    mbedtls_ssl_init, mbedtls_ssl_session, mbedtls_ssl_session_free, mbedtls_ssl_session_init,
    mbedtls_x509_crt, mbedtls_x509_crt_free, mbedtls_x509_crt_init,
};

#[cfg(feature = "rsa")]
use mbedtls_rs::sys::{mbedtls_rsa_context, mbedtls_rsa_free, mbedtls_rsa_init};

use crate::{Code, Error};

/// A structure that the library initializes and frees.
///
/// # Safety
/// It takes up memory. A default value owns nothing; after `init` the value may be used until `free`, which releases all
/// that it owns.
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

structure!(
    mbedtls_ecp_group,
    mbedtls_ecp_group_init,
    mbedtls_ecp_group_free
);
structure!(
    mbedtls_ecp_point,
    mbedtls_ecp_point_init,
    mbedtls_ecp_point_free
);
structure!(mbedtls_mpi, mbedtls_mpi_init, mbedtls_mpi_free);
structure!(mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free);
#[cfg(feature = "rsa")]
structure!(mbedtls_rsa_context, mbedtls_rsa_init, mbedtls_rsa_free);
structure!(
    mbedtls_ssl_config,
    mbedtls_ssl_config_init,
    mbedtls_ssl_config_free
);
structure!(mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free);
structure!(
    mbedtls_ssl_session,
    mbedtls_ssl_session_init,
    mbedtls_ssl_session_free
);
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
    /// Makes one, or says that there is no memory.
    pub(super) fn new() -> Result<Self, Error> {
        // SAFETY: a structure takes up memory.
        let place = unsafe { put(S::default()) }?;
        // SAFETY: the place is ours, and a default value owns nothing.
        unsafe { S::init(place.as_ptr()) };
        Ok(Self(place))
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
        // SAFETY: `new` put it there.
        unsafe { take(self.0) };
    }
}

/// Puts a value on the heap. `Box::new` would end the program where there is no memory; a device then has to live on.
///
/// # Safety
/// The type takes up memory.
pub(super) unsafe fn put<T>(value: T) -> Result<NonNull<T>, Error> {
    // SAFETY: the layout is that of a type that takes up memory.
    let place = unsafe { alloc(Layout::new::<T>()) }.cast::<T>();
    let place = NonNull::new(place).ok_or(NO_MEMORY)?;
    // SAFETY: the place is ours, and large enough.
    unsafe { place.write(value) };
    Ok(place)
}

/// Drops a value and gives its memory back.
///
/// # Safety
/// [`put`] gave the place, and nobody uses it any more.
pub(super) unsafe fn take<T>(place: NonNull<T>) {
    // SAFETY: it was allocated as a box allocates it.
    drop(unsafe { Box::from_raw(place.as_ptr()) });
}

/// `MBEDTLS_ERR_SSL_ALLOC_FAILED`
pub(super) const NO_MEMORY: Error = Error::Setup(Code::new(-0x7F00));
