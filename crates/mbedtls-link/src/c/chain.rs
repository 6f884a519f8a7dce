//! What the library makes of a chain without a connection: that part of a handshake alone.

use core::{ffi::c_char, ptr};

use countersign_protocol::UnixTime;
use esp_formats::bundle::Bundle;
use mbedtls_rs::sys::{
    MBEDTLS_ERR_OID_NOT_FOUND, MBEDTLS_ERR_SSL_BAD_CERTIFICATE, MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG,
    MBEDTLS_OID_SERVER_AUTH, MBEDTLS_X509_KU_DIGITAL_SIGNATURE,
    mbedtls_x509_crt_check_extended_key_usage, mbedtls_x509_crt_check_key_usage,
    mbedtls_x509_crt_parse_der, mbedtls_x509_crt_profile_default,
    mbedtls_x509_crt_verify_with_profile,
};

use super::{
    Library,
    host::HostName,
    identity::no_authority,
    owned::Owned,
    verify::{Verifier, verify},
};
use crate::{Code, Error, VerifyFlags};

impl Library {
    /// Does what a client does when a server that it calls `host` sends these certificates (DER, the
    /// server's own first) and the suite is one with a signature.
    ///
    /// # Errors
    /// - [`Error::Name`]: the name has a NUL in it, or is too long.
    /// - [`Error::Certificate`]: one ended the handshake when it was read, or none was left.
    /// - [`Error::Handshake`]: what the handshake would end with.
    #[doc(alias = "ssl_parse_certificate_chain")]
    #[doc(alias = "mbedtls_ssl_verify_certificate")]
    pub fn check_chain(
        &self,
        certificates: &[&[u8]],
        host: &str,
        bundle: Bundle<'_>,
    ) -> Result<(), Error> {
        let host = HostName::new(host)?;
        let chain = Owned::new()?;
        for der in certificates {
            // SAFETY: the chain is initialized; the bytes are a slice, and are copied.
            let code =
                unsafe { mbedtls_x509_crt_parse_der(chain.as_ptr(), der.as_ptr(), der.len()) };
            // What is signed with an unknown algorithm is passed over.
            if code != 0 && code != MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND {
                return Err(Error::Certificate(Code::new(code)));
            }
        }
        // SAFETY: the chain is initialized.
        if unsafe { (*chain.as_ptr()).version } == 0 {
            return Err(Error::Certificate(Code::new(0)));
        }
        let verifier = Verifier::new(Some(bundle), UnixTime(0))?;
        let mut flags = 0;
        // SAFETY: the structures are initialized and outlive the call, as do the name, the flags and the
        // verifier, whose context the callback is given.
        let mut code = unsafe {
            mbedtls_x509_crt_verify_with_profile(
                chain.as_ptr(),
                no_authority(),
                ptr::null_mut(),
                &raw const mbedtls_x509_crt_profile_default,
                host.as_ptr(),
                &raw mut flags,
                Some(verify),
                verifier.context(),
            )
        };
        let purpose = MBEDTLS_OID_SERVER_AUTH;
        let purpose_len = purpose.len().saturating_sub(1);
        // SAFETY: the chain has a certificate; the OID is followed by a NUL that is not counted.
        let (usage, purpose) = unsafe {
            (
                mbedtls_x509_crt_check_key_usage(chain.as_ptr(), MBEDTLS_X509_KU_DIGITAL_SIGNATURE),
                mbedtls_x509_crt_check_extended_key_usage(
                    chain.as_ptr(),
                    purpose.as_ptr().cast::<c_char>(),
                    purpose_len,
                ),
            )
        };
        for (found, flag) in [
            (usage, VerifyFlags::KEY_USAGE),
            (purpose, VerifyFlags::EXT_KEY_USAGE),
        ] {
            if found != 0 {
                flags |= flag.bits();
                if code == 0 {
                    code = MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
                }
            }
        }
        if code == 0 {
            return Ok(());
        }
        Err(Error::Handshake {
            code: Code::new(code),
            flags: VerifyFlags::new(flags),
            refusal: verifier.refusal(),
        })
    }
}
