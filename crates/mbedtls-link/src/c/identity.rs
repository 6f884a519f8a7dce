//! Who we are, read when we are asked, and what is given back until then.

use alloc::vec::Vec;
use core::{ffi::c_int, mem};

use mbedtls_rs::sys::{
    mbedtls_free, mbedtls_pk_parse_key, mbedtls_ssl_conf_own_cert,
    mbedtls_ssl_states_MBEDTLS_SSL_CLIENT_CERTIFICATE as CLIENT_CERTIFICATE,
    mbedtls_ssl_states_MBEDTLS_SSL_SERVER_CERTIFICATE as SERVER_CERTIFICATE,
    mbedtls_ssl_states_MBEDTLS_SSL_SERVER_FINISHED as SERVER_FINISHED, mbedtls_x509_crt,
    mbedtls_x509_crt_free, mbedtls_x509_crt_parse, mbedtls_x509_crt_parse_der_nocopy,
};
use zeroize::Zeroizing;

use super::{
    client::{Client, check, number},
    owned::NO_MEMORY,
    random,
    saved::forget_peer,
};
use crate::{Error, Identity};

impl<'a> Client<'a> {
    /// What is done before the step that the handshake has come to.
    pub(super) fn between_steps(&mut self, state: c_int) -> Result<(), Error> {
        if !self.trimmed && state != number(SERVER_CERTIFICATE) {
            self.trim();
        }
        if state == number(SERVER_FINISHED) {
            self.forget_server();
        }
        if state == number(CLIENT_CERTIFICATE)
            && let Some(identity) = self.identity.take()
        {
            self.identify(identity)?;
        }
        Ok(())
    }

    /// Once the server's chain is verified, only its own certificate counts: the handshake wants its key.
    fn trim(&mut self) {
        // SAFETY: the connection is set up. The session under negotiation, where there is one, is its own, as are the
        // certificates in it; they were verified in the step in which they came, and nobody uses them now.
        unsafe {
            let Some(session) = (*self.ssl.as_ptr()).private_session_negotiate.as_mut() else {
                return;
            };
            let Some(certificate) = session.private_peer_cert.as_mut() else {
                return;
            };
            self.trimmed = true;
            let issuers = mem::replace(&mut certificate.next, core::ptr::null_mut());
            if !issuers.is_null() {
                mbedtls_x509_crt_free(issuers);
                mbedtls_free(issuers.cast());
            }
        }
    }

    /// Once the server has proved that it has its certificate's key, that counts no more either. In TLS 1.3 it would lie
    /// beside the keys of both halves of the handshake and our own chain, which together are the most that it ever takes.
    fn forget_server(&mut self) {
        // SAFETY: the connection is set up. The session under negotiation, where there is one, is its own, and nobody uses
        // the certificate in it before the connection is over.
        let session = unsafe { (*self.ssl.as_ptr()).private_session_negotiate.as_mut() };
        if let Some(session) = session {
            forget_peer(session);
        }
    }

    #[doc(alias = "set_pki_context")]
    fn identify(&self, identity: Identity<'a>) -> Result<(), Error> {
        self.show(identity.chain)?;
        let key = AsParsed::new(identity.key)?;
        // SAFETY: the bytes are a slice, with a NUL where they are PEM; the library copies them. There is no password.
        check(
            unsafe {
                mbedtls_pk_parse_key(
                    self.key.as_ptr(),
                    key.bytes().as_ptr(),
                    key.bytes().len(),
                    core::ptr::null(),
                    0,
                    Some(random),
                    core::ptr::null_mut(),
                )
            },
            Error::Key,
        )?;
        // SAFETY: all three are initialized; chain and key outlive the configuration.
        check(
            unsafe {
                mbedtls_ssl_conf_own_cert(
                    self.config.as_ptr(),
                    self.chain.as_ptr(),
                    self.key.as_ptr(),
                )
            },
            Error::Setup,
        )
    }

    /// Reads our own chain. DER stays where it is, so that a device has it in memory once.
    fn show(&self, chain: &'a [u8]) -> Result<(), Error> {
        if is_pem(chain) {
            let chain = AsParsed::new(chain)?;
            let bytes = chain.bytes();
            // SAFETY: the bytes are a slice with a NUL at its end; the library copies them.
            let code =
                unsafe { mbedtls_x509_crt_parse(self.chain.as_ptr(), bytes.as_ptr(), bytes.len()) };
            // More than 0: so many certificates of it could not be read. A device goes on with the others; it should not.
            let code = if code > 0 { NOT_ALL_READ } else { code };
            return check(code, Error::Certificate);
        }
        let mut rest = chain;
        loop {
            // SAFETY: the bytes are a slice, which outlives us, and so the chain.
            let code = unsafe {
                mbedtls_x509_crt_parse_der_nocopy(self.chain.as_ptr(), rest.as_ptr(), rest.len())
            };
            check(code, Error::Certificate)?;
            rest = rest.get(self.last_read()..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// How long the last certificate of our chain is.
    fn last_read(&self) -> usize {
        let mut last = self.chain.as_ptr();
        // SAFETY: the chain is a list of certificates, and ends with NULL.
        unsafe {
            while !(*last).next.is_null() {
                last = (*last).next;
            }
            (*last).raw.len
        }
    }
}

/// An authority without a name or a key: the library verifies nothing for a client that has none.
pub(super) const fn no_authority() -> *mut mbedtls_x509_crt {
    (&raw const NO_AUTHORITY.0).cast_mut()
}

/// It lies where constants lie: the library only reads the authorities that it is given.
struct NoAuthority(mbedtls_x509_crt);

// SAFETY: its pointers are all null, and it does not change.
unsafe impl Sync for NoAuthority {}

// SAFETY: a certificate is initialized by setting it to zero (`mbedtls_x509_crt_init`).
static NO_AUTHORITY: NoAuthority = NoAuthority(unsafe { mem::zeroed() });

/// PEM ends with a NUL, by which the library tells it from DER. What was copied is wiped: it may be a key.
enum AsParsed<'a> {
    As(&'a [u8]),
    Ended(Zeroizing<Vec<u8>>),
}

impl<'a> AsParsed<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        if !is_pem(bytes) || bytes.last() == Some(&0) {
            return Ok(Self::As(bytes));
        }
        let mut copy = Zeroizing::new(Vec::new());
        copy.try_reserve_exact(bytes.len().saturating_add(1))
            .map_err(|_| NO_MEMORY)?;
        copy.extend_from_slice(bytes);
        copy.push(0);
        Ok(Self::Ended(copy))
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::As(bytes) => bytes,
            Self::Ended(copy) => copy,
        }
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(PEM.len()).any(|window| window == PEM)
}

const PEM: &[u8] = b"-----BEGIN ";

/// `MBEDTLS_ERR_X509_INVALID_FORMAT`
const NOT_ALL_READ: c_int = -0x2180;
