//! What is left of a session, by which another connection may go on with it.

use mbedtls_rs::sys::{
    mbedtls_free, mbedtls_pk_free, mbedtls_ssl_get_session, mbedtls_ssl_session,
    mbedtls_ssl_set_session, mbedtls_x509_crt_free,
};

use super::{
    client::{Client, check},
    owned::Owned,
};
use crate::Error;

/// A session without its connection: secrets, and what the server knows it by.
pub(crate) struct Saved(Owned<mbedtls_ssl_session>);

impl Client<'_> {
    /// Takes what may be resumed, where the server gave something new to resume by. Nothing where it is larger than it
    /// needs to be, or there is no memory for it: the next handshake is then a full one.
    pub(crate) fn save(&mut self) -> Option<Saved> {
        let saved = Owned::<mbedtls_ssl_session>::new().ok()?;
        // SAFETY: both are initialized. What was saved before is not given again.
        if unsafe { mbedtls_ssl_get_session(self.ssl.as_ptr(), saved.as_ptr()) } != 0 {
            return None;
        }
        // SAFETY: the session is initialized, and ours alone.
        let session = unsafe { &mut *saved.as_ptr() };
        forget_peer(session);
        let known = !session.private_ticket.is_null() || session.private_id_len > 0;
        (known && session.private_ticket_len <= MAX_TICKET_LEN).then_some(Saved(saved))
    }

    /// Offers to go on with a session, before the handshake begins.
    pub(crate) fn offer(&mut self, saved: &Saved) -> Result<(), Error> {
        // SAFETY: both are initialized; the library copies the session.
        check(
            unsafe { mbedtls_ssl_set_session(self.ssl.as_ptr(), saved.0.as_ptr()) },
            Error::Setup,
        )
    }

    /// Gives back what only the handshake needed: both ends' certificates, and our key. The server is refused another
    /// handshake from now on.
    pub(crate) fn shed(&mut self) {
        self.renegotiate(false);
        // SAFETY: the connection is set up. The session, where there is one, is its own, and nobody uses it now.
        let session = unsafe { (*self.ssl.as_ptr()).private_session.as_mut() };
        if let Some(session) = session {
            forget_peer(session);
        }
        // SAFETY: both are initialized, and so again afterwards, without contents. The configuration still points at them,
        // but only a handshake follows that, and there is none any more.
        unsafe {
            mbedtls_x509_crt_free(self.chain.as_ptr());
            mbedtls_pk_free(self.key.as_ptr());
        }
    }
}

/// Frees the peer's certificates: several hundred bytes to some thousands, by which nothing is decided any more.
pub(super) fn forget_peer(session: &mut mbedtls_ssl_session) {
    let certificate = core::mem::replace(&mut session.private_peer_cert, core::ptr::null_mut());
    if !certificate.is_null() {
        // SAFETY: the library allocated and initialized it; the session was its one owner.
        unsafe {
            mbedtls_x509_crt_free(certificate);
            mbedtls_free(certificate.cast());
        }
    }
}

/// What a ticket may have, in bytes: our servers' have 32 to 64, others' a few hundred. It stops a server from filling a
/// device's memory with a ticket of 64 KiB that stays.
const MAX_TICKET_LEN: usize = 1024;
