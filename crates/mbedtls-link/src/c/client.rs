//! A client's end of a connection, with all that the library keeps pointers to.

use alloc::{ffi::CString, vec::Vec};
use core::ffi::{CStr, c_int};

use mbedtls_rs::sys::{
    MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET,
    MBEDTLS_ERR_SSL_WANT_READ, MBEDTLS_ERR_SSL_WANT_WRITE, MBEDTLS_SSL_IS_CLIENT,
    MBEDTLS_SSL_PRESET_DEFAULT, MBEDTLS_SSL_RENEGOTIATION_ENABLED, MBEDTLS_SSL_TRANSPORT_STREAM,
    MBEDTLS_SSL_VERIFY_REQUIRED, mbedtls_pk_context, mbedtls_pk_parse_key,
    mbedtls_ssl_close_notify, mbedtls_ssl_conf_authmode, mbedtls_ssl_conf_ca_chain,
    mbedtls_ssl_conf_own_cert, mbedtls_ssl_conf_renegotiation, mbedtls_ssl_conf_rng,
    mbedtls_ssl_conf_verify, mbedtls_ssl_config, mbedtls_ssl_config_defaults, mbedtls_ssl_context,
    mbedtls_ssl_get_ciphersuite, mbedtls_ssl_get_verify_result, mbedtls_ssl_get_version,
    mbedtls_ssl_handshake, mbedtls_ssl_protocol_version_MBEDTLS_SSL_VERSION_TLS1_2 as TLS1_2,
    mbedtls_ssl_protocol_version_MBEDTLS_SSL_VERSION_TLS1_3 as TLS1_3, mbedtls_ssl_read,
    mbedtls_ssl_set_hostname, mbedtls_ssl_setup, mbedtls_ssl_write, mbedtls_x509_crt,
    mbedtls_x509_crt_parse,
};
use zeroize::Zeroizing;

use super::{
    bio,
    owned::Owned,
    random,
    verify::{Verifier, verify},
};
use crate::{Code, Config, Error, Identity, Refusal, Transport, VerifyFlags, Versions};

/// What a call came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It is done; the library's number.
    Done(usize),
    /// The transport had nothing to receive.
    WantRead,
    /// The transport took nothing.
    WantWrite,
    /// The peer said that it sends no more.
    Closed,
    /// It failed for good.
    Failed(Code),
}

/// The library's structures for one connection. Fields are dropped in their order: who points at another goes first.
pub(crate) struct Client<'a> {
    ssl: Owned<mbedtls_ssl_context>,
    config: Owned<mbedtls_ssl_config>,
    chain: Owned<mbedtls_x509_crt>,
    key: Owned<mbedtls_pk_context>,
    /// Empty; the library verifies nothing for a client without authorities.
    no_authority: Owned<mbedtls_x509_crt>,
    verifier: Verifier<'a>,
}

impl<'a> Client<'a> {
    /// Sets one up, in the order of `esp_create_mbedtls_handle`.
    pub(crate) fn new(config: &Config<'a>) -> Result<Self, Error> {
        let host = CString::new(config.host).map_err(|_| Error::Name)?;
        let client = Self {
            ssl: Owned::new(),
            config: Owned::new(),
            chain: Owned::new(),
            key: Owned::new(),
            no_authority: Owned::new(),
            verifier: Verifier::new(config.bundle),
        };
        client.configure(config.versions)?;
        if let Some(identity) = config.identity {
            client.identify(identity)?;
        }
        // SAFETY: both are initialized, and the configuration outlives the connection.
        check(
            unsafe { mbedtls_ssl_setup(client.ssl.as_ptr(), client.config.as_ptr()) },
            Error::Setup,
        )?;
        // SAFETY: the name ends with a NUL; the library copies it.
        check(
            unsafe { mbedtls_ssl_set_hostname(client.ssl.as_ptr(), host.as_ptr()) },
            |_| Error::Name,
        )?;
        Ok(client)
    }

    #[doc(alias = "set_client_config")]
    fn configure(&self, versions: Versions) -> Result<(), Error> {
        let config = self.config.as_ptr();
        let number = |constant: u32| c_int::try_from(constant).unwrap_or_default();
        // SAFETY: the configuration is initialized, and what it is made to point at (the random source, the bundle, the
        // empty authority) lives longer than it.
        unsafe {
            check(
                mbedtls_ssl_config_defaults(
                    config,
                    number(MBEDTLS_SSL_IS_CLIENT),
                    number(MBEDTLS_SSL_TRANSPORT_STREAM),
                    number(MBEDTLS_SSL_PRESET_DEFAULT),
                ),
                Error::Setup,
            )?;
            mbedtls_ssl_conf_rng(config, Some(random), core::ptr::null_mut());
            mbedtls_ssl_conf_renegotiation(config, number(MBEDTLS_SSL_RENEGOTIATION_ENABLED));
            mbedtls_ssl_conf_authmode(config, number(MBEDTLS_SSL_VERIFY_REQUIRED));
            mbedtls_ssl_conf_ca_chain(config, self.no_authority.as_ptr(), core::ptr::null_mut());
            mbedtls_ssl_conf_verify(config, Some(verify), self.verifier.context());
            // `mbedtls_ssl_conf_max_tls_version` is an inline function, which has no symbol.
            (*config).private_max_tls_version = match versions {
                Versions::Tls12 => TLS1_2,
                Versions::UpTo13 => TLS1_3,
            };
        }
        Ok(())
    }

    #[doc(alias = "set_pki_context")]
    fn identify(&self, identity: Identity<'_>) -> Result<(), Error> {
        let chain = as_parsed(identity.chain);
        // SAFETY: the bytes are a slice, with a NUL where they are PEM; the library copies them.
        let code =
            unsafe { mbedtls_x509_crt_parse(self.chain.as_ptr(), chain.as_ptr(), chain.len()) };
        // More than 0: so many certificates of it could not be read. A device goes on with the others; it should not.
        check(
            if code > 0 { NOT_ALL_READ } else { code },
            Error::Certificate,
        )?;
        let key = as_parsed(identity.key);
        // SAFETY: the same; there is no password.
        check(
            unsafe {
                mbedtls_pk_parse_key(
                    self.key.as_ptr(),
                    key.as_ptr(),
                    key.len(),
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

    pub(crate) fn handshake<T: Transport>(&mut self, transport: &mut T) -> Outcome {
        // SAFETY: the connection is set up.
        self.call(transport, |ssl| unsafe { mbedtls_ssl_handshake(ssl) })
    }

    pub(crate) fn read<T: Transport>(&mut self, transport: &mut T, buffer: &mut [u8]) -> Outcome {
        // SAFETY: the connection is set up; the buffer is a slice.
        self.call(transport, |ssl| unsafe {
            mbedtls_ssl_read(ssl, buffer.as_mut_ptr(), buffer.len())
        })
    }

    pub(crate) fn write<T: Transport>(&mut self, transport: &mut T, bytes: &[u8]) -> Outcome {
        // SAFETY: the connection is set up; the bytes are a slice.
        self.call(transport, |ssl| unsafe {
            mbedtls_ssl_write(ssl, bytes.as_ptr(), bytes.len())
        })
    }

    pub(crate) fn close_notify<T: Transport>(&mut self, transport: &mut T) -> Outcome {
        // SAFETY: the connection is set up.
        self.call(transport, |ssl| unsafe { mbedtls_ssl_close_notify(ssl) })
    }

    fn call<T: Transport>(
        &mut self,
        transport: &mut T,
        mut operation: impl FnMut(*mut mbedtls_ssl_context) -> c_int,
    ) -> Outcome {
        loop {
            // SAFETY: the connection is initialized; the operations are the four above.
            let (code, blocked) =
                unsafe { bio::with(self.ssl.as_ptr(), transport, &mut operation) };
            return match code {
                // The library passed over a message that is not data. Who waited for the transport now would wait for
                // what may be there already.
                MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET => continue,
                MBEDTLS_ERR_SSL_WANT_READ | MBEDTLS_ERR_SSL_WANT_WRITE if !blocked => continue,
                MBEDTLS_ERR_SSL_WANT_READ => Outcome::WantRead,
                MBEDTLS_ERR_SSL_WANT_WRITE => Outcome::WantWrite,
                MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY => Outcome::Closed,
                code => {
                    usize::try_from(code).map_or(Outcome::Failed(Code::new(code)), Outcome::Done)
                }
            };
        }
    }

    /// What was found wrong with the server's chain, and why the bundle refused it.
    pub(crate) fn findings(&self) -> (VerifyFlags, Option<Refusal>) {
        // SAFETY: the connection is set up.
        let flags = unsafe { mbedtls_ssl_get_verify_result(self.ssl.as_ptr()) };
        (VerifyFlags::new(flags), self.verifier.refusal())
    }

    pub(crate) fn version(&self) -> &'static str {
        // SAFETY: the connection is set up.
        text(unsafe { mbedtls_ssl_get_version(self.ssl.as_ptr()) })
    }

    pub(crate) fn suite(&self) -> &'static str {
        // SAFETY: the connection is set up.
        text(unsafe { mbedtls_ssl_get_ciphersuite(self.ssl.as_ptr()) })
    }
}

fn check(code: c_int, error: impl FnOnce(Code) -> Error) -> Result<(), Error> {
    match code {
        0 => Ok(()),
        code => Err(error(Code::new(code))),
    }
}

/// One of the library's names.
fn text(name: *const core::ffi::c_char) -> &'static str {
    if name.is_null() {
        return "";
    }
    // SAFETY: the library's names are constants that end with a NUL.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default()
}

/// PEM ends with a NUL, by which the library tells it from DER. What was copied is wiped: it may be a key.
fn as_parsed(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let pem = bytes.windows(PEM.len()).any(|window| window == PEM);
    let mut copy = Zeroizing::new(Vec::with_capacity(bytes.len().saturating_add(1)));
    copy.extend_from_slice(bytes);
    if pem && bytes.last() != Some(&0) {
        copy.push(0);
    }
    copy
}

const PEM: &[u8] = b"-----BEGIN ";

/// `MBEDTLS_ERR_X509_INVALID_FORMAT`
const NOT_ALL_READ: c_int = -0x2180;
