//! A client's end of a connection, with all that the library keeps pointers to.

use core::ffi::{CStr, c_int};

use super::{
    bio,
    host::HostName,
    identity::no_authority,
    owned::Owned,
    random,
    verify::{Verifier, verify},
};
use crate::{Code, Config, Error, Identity, Refusal, Transport, VerifyFlags, Versions};
use countersign_protocol::UnixTime;
use mbedtls_rs::sys::{
    MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET,
    MBEDTLS_ERR_SSL_WANT_READ, MBEDTLS_ERR_SSL_WANT_WRITE, MBEDTLS_SSL_IS_CLIENT,
    MBEDTLS_SSL_PRESET_DEFAULT, MBEDTLS_SSL_RENEGOTIATION_DISABLED,
    MBEDTLS_SSL_RENEGOTIATION_ENABLED, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL,
    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_VERIFY_REQUIRED, mbedtls_pk_context,
    mbedtls_ssl_close_notify, mbedtls_ssl_conf_authmode, mbedtls_ssl_conf_ca_chain,
    mbedtls_ssl_conf_renegotiation, mbedtls_ssl_conf_rng,
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets,
    mbedtls_ssl_conf_tls13_key_exchange_modes, mbedtls_ssl_conf_verify, mbedtls_ssl_config,
    mbedtls_ssl_config_defaults, mbedtls_ssl_context, mbedtls_ssl_get_ciphersuite,
    mbedtls_ssl_get_verify_result, mbedtls_ssl_get_version, mbedtls_ssl_handshake_step,
    mbedtls_ssl_protocol_version_MBEDTLS_SSL_VERSION_TLS1_2 as TLS1_2,
    mbedtls_ssl_protocol_version_MBEDTLS_SSL_VERSION_TLS1_3 as TLS1_3, mbedtls_ssl_read,
    mbedtls_ssl_set_hostname, mbedtls_ssl_setup,
    mbedtls_ssl_states_MBEDTLS_SSL_HANDSHAKE_OVER as HANDSHAKE_OVER, mbedtls_ssl_write,
    mbedtls_x509_crt,
};

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
    /// We cannot go on.
    Broken(Error),
}

/// The library's structures for one connection. Fields are dropped in their order: who points at another goes first.
pub(crate) struct Client<'a> {
    pub(super) ssl: Owned<mbedtls_ssl_context>,
    pub(super) config: Owned<mbedtls_ssl_config>,
    pub(super) chain: Owned<mbedtls_x509_crt>,
    pub(super) key: Owned<mbedtls_pk_context>,
    verifier: Verifier<'a>,
    /// What we show where we are asked who we are; read when it comes to that, since a device has no memory to spare
    /// while it verifies the server.
    pub(super) identity: Option<Identity<'a>>,
    /// The certificates that vouch for the server's own were given back.
    pub(super) trimmed: bool,
    /// A ticket came after the handshake.
    ticket: bool,
}

impl<'a> Client<'a> {
    /// Sets one up, in the order of `esp_create_mbedtls_handle`.
    pub(crate) fn new(host: &str, config: &Config<'a>) -> Result<Self, Error> {
        let host = HostName::new(host)?;
        let client = Self {
            ssl: Owned::new()?,
            config: Owned::new()?,
            chain: Owned::new()?,
            key: Owned::new()?,
            verifier: Verifier::new(config.bundle, config.floor)?,
            identity: config.identity,
            trimmed: false,
            ticket: false,
        };
        client.configure(config)?;
        // SAFETY: both are initialized, and the configuration outlives the connection.
        check(
            unsafe { mbedtls_ssl_setup(client.ssl.as_ptr(), client.config.as_ptr()) },
            Error::Setup,
        )?;
        // SAFETY: the name ends with a NUL; the library copies it.
        check(
            unsafe { mbedtls_ssl_set_hostname(client.ssl.as_ptr(), host.as_ptr()) },
            Error::Setup,
        )?;
        Ok(client)
    }

    #[doc(alias = "set_client_config")]
    fn configure(&self, settings: &Config<'a>) -> Result<(), Error> {
        let config = self.config.as_ptr();
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
            mbedtls_ssl_conf_authmode(config, number(MBEDTLS_SSL_VERIFY_REQUIRED));
            mbedtls_ssl_conf_ca_chain(config, no_authority(), core::ptr::null_mut());
            mbedtls_ssl_conf_verify(config, Some(verify), self.verifier.context());
            // `mbedtls_ssl_conf_max_tls_version` is an inline function, which has no symbol.
            (*config).private_max_tls_version = match settings.versions {
                Versions::Tls12 => TLS1_2,
                Versions::UpTo13 => TLS1_3,
            };
            if settings.keep {
                mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config, 1);
                // Whoever learns a session's key later shall not read what was said after it was resumed.
                mbedtls_ssl_conf_tls13_key_exchange_modes(
                    config,
                    number(MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL),
                );
            }
        }
        self.renegotiate(true);
        Ok(())
    }

    /// Says whether a server may ask for another handshake: a device of ESP-IDF lets it.
    pub(super) fn renegotiate(&self, allow: bool) {
        let allow = if allow {
            MBEDTLS_SSL_RENEGOTIATION_ENABLED
        } else {
            MBEDTLS_SSL_RENEGOTIATION_DISABLED
        };
        // SAFETY: the configuration is initialized.
        unsafe { mbedtls_ssl_conf_renegotiation(self.config.as_ptr(), number(allow)) };
    }

    pub(crate) fn handshake<T: Transport>(&mut self, transport: &mut T) -> Outcome {
        loop {
            // SAFETY: the connection is set up.
            let state = unsafe { (*self.ssl.as_ptr()).private_state };
            if state == number(HANDSHAKE_OVER) {
                return Outcome::Done(0);
            }
            if let Err(error) = self.between_steps(state) {
                return Outcome::Broken(error);
            }
            // SAFETY: the connection is set up, and its handshake is not over.
            match self.call(transport, |ssl| unsafe { mbedtls_ssl_handshake_step(ssl) }) {
                Outcome::Done(_) => {}
                other => return other,
            }
        }
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
                MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET => {
                    self.ticket = true;
                    continue;
                }
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

    /// The alert with which the peer ended the connection (RFC 8446 §6), where that is what the last call said.
    pub(crate) fn alert(&self) -> Option<u8> {
        // SAFETY: the connection is set up, and so has a message to receive into, of more than two bytes; an alert was the
        // last that lies there.
        unsafe {
            let message = (*self.ssl.as_ptr()).private_in_msg;
            (!message.is_null()).then(|| message.add(1).read())
        }
    }

    /// What was found wrong with the server's chain, and why the bundle refused it.
    pub(crate) fn findings(&self) -> (VerifyFlags, Option<Refusal>) {
        // SAFETY: the connection is set up.
        let flags = unsafe { mbedtls_ssl_get_verify_result(self.ssl.as_ptr()) };
        (VerifyFlags::new(flags), self.verifier.refusal())
    }

    /// When the first certificate of the server's chain ends; nothing where it showed none, since a session was resumed.
    pub(crate) fn ends(&self) -> Option<UnixTime> {
        self.verifier.ends()
    }

    /// Says, once for each, whether a ticket came after the handshake.
    pub(crate) fn took_ticket(&mut self) -> bool {
        core::mem::take(&mut self.ticket)
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

/// One of the library's constants, as its calls take it.
pub(super) fn number(constant: u32) -> c_int {
    c_int::try_from(constant).unwrap_or_default()
}

pub(super) fn check(code: c_int, error: impl FnOnce(Code) -> Error) -> Result<(), Error> {
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
