//! The way between the library and a transport.

use core::{
    ffi::{c_int, c_uchar, c_void},
    slice,
};

use mbedtls_rs::sys::{
    MBEDTLS_ERR_SSL_WANT_READ, MBEDTLS_ERR_SSL_WANT_WRITE, mbedtls_ssl_context, mbedtls_ssl_set_bio,
};

use crate::{Transport, TransportError};

/// A transport for the time of one call.
struct Bio<'t, T> {
    transport: &'t mut T,
    /// It could not move a byte.
    blocked: bool,
}

/// Makes one call of the library, which may send and receive by `transport`. Gives the call's answer, and whether the
/// transport said "not now".
///
/// # Safety
/// `ssl` is initialized, and `operation` keeps to the conditions of the call that it makes.
pub(super) unsafe fn with<T: Transport>(
    ssl: *mut mbedtls_ssl_context,
    transport: &mut T,
    operation: impl FnOnce(*mut mbedtls_ssl_context) -> c_int,
) -> (c_int, bool) {
    let mut bio = Bio {
        transport,
        blocked: false,
    };
    let context = (&raw mut bio).cast::<c_void>();
    // SAFETY: the library uses the context only within `operation`, during which `bio` lives and is used by nobody else,
    // and hands it to the two functions for this very `T`.
    unsafe { mbedtls_ssl_set_bio(ssl, context, Some(send::<T>), Some(receive::<T>), None) };
    let code = operation(ssl);
    // SAFETY: without functions the library says that it has none; it does not follow the pointer.
    unsafe { mbedtls_ssl_set_bio(ssl, core::ptr::null_mut(), None, None, None) };
    (code, bio.blocked)
}

/// # Safety
/// `context` points at a `Bio` of a `T` that nobody else uses; `bytes` is valid for reading `len` bytes.
unsafe extern "C" fn send<T: Transport>(
    context: *mut c_void,
    bytes: *const c_uchar,
    len: usize,
) -> c_int {
    // SAFETY: as above; both references end with the call.
    let (bio, bytes) = unsafe {
        (
            &mut *context.cast::<Bio<'_, T>>(),
            slice::from_raw_parts(bytes, len),
        )
    };
    match bio.transport.send(bytes) {
        // To the library 0 means that all is sent.
        Ok(0) => SEND_FAILED,
        answer => bio.answer(answer, len, MBEDTLS_ERR_SSL_WANT_WRITE, SEND_FAILED),
    }
}

/// # Safety
/// `context` points at a `Bio` of a `T` that nobody else uses; `buffer` is valid for reading and writing `len` bytes.
unsafe extern "C" fn receive<T: Transport>(
    context: *mut c_void,
    buffer: *mut c_uchar,
    len: usize,
) -> c_int {
    // SAFETY: as above; both references end with the call. The library's buffers are set to zero when they are made.
    let (bio, buffer) = unsafe {
        (
            &mut *context.cast::<Bio<'_, T>>(),
            slice::from_raw_parts_mut(buffer, len),
        )
    };
    let answer = bio.transport.receive(buffer);
    bio.answer(answer, len, MBEDTLS_ERR_SSL_WANT_READ, RECEIVE_FAILED)
}

impl<T> Bio<'_, T> {
    /// Turns a transport's answer into the library's number; one that claims more than was asked has failed.
    fn answer(
        &mut self,
        answer: Result<usize, TransportError>,
        len: usize,
        want: c_int,
        failed: c_int,
    ) -> c_int {
        match answer {
            Ok(moved) if moved <= len => c_int::try_from(moved).unwrap_or(failed),
            Ok(_) | Err(TransportError::Broken) => failed,
            Err(TransportError::Reset) => RESET,
            Err(TransportError::WouldBlock) => {
                self.blocked = true;
                want
            }
        }
    }
}

/// `MBEDTLS_ERR_NET_SEND_FAILED` of `mbedtls/net_sockets.h`, which the bindings leave out.
const SEND_FAILED: c_int = -0x4E;

/// `MBEDTLS_ERR_NET_RECV_FAILED`.
const RECEIVE_FAILED: c_int = -0x4C;

/// `MBEDTLS_ERR_NET_CONN_RESET`.
const RESET: c_int = -0x50;
