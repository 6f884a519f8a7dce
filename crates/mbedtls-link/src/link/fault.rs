//! What the library's errors mean to a node.

use countersign_node::LinkError;

use crate::{Alert, Code, Error, Refusal};

/// Gives the node's word for why there is no session, or no more of it.
pub(super) fn link_error(error: &Error, alert: Option<Alert>) -> LinkError {
    if alert.is_some_and(Alert::is_about_our_certificate) {
        return LinkError::Refused;
    }
    let Error::Handshake { code, refusal, .. } = error else {
        return LinkError::Broken;
    };
    let untrusted = match refusal {
        // What could not be judged for want of memory was not judged.
        Some(Refusal::Key(code) | Refusal::Signature(code)) => !is_want_of_memory(*code),
        Some(Refusal::Unknown) => true,
        None => is_about_the_servers_certificate(*code),
    };
    if untrusted {
        LinkError::Untrusted
    } else {
        LinkError::Broken
    }
}

/// Says whether the server's chain, or its proof that it has the key, is what the library did not like.
fn is_about_the_servers_certificate(code: Code) -> bool {
    let code = code.get().unsigned_abs();
    match code & MODULE {
        // `MBEDTLS_ERR_X509_ALLOC_FAILED`
        0x2880 => false,
        // `MBEDTLS_ERR_X509_*`, `MBEDTLS_ERR_SSL_BAD_CERTIFICATE`, `MBEDTLS_ERR_ECP_VERIFY_FAILED`,
        // `MBEDTLS_ERR_RSA_VERIFY_FAILED`.
        module => {
            let bad_number = code & !MODULE == 0x10;
            matches!(module, 0x2080..=0x3000 | 0x7A00 | 0x4E00 | 0x4380) && !bad_number
        }
    }
}

/// `MBEDTLS_ERR_*_ALLOC_FAILED` of what a signature is checked by: numbers, curves, keys, hashes.
fn is_want_of_memory(code: Code) -> bool {
    let code = code.get().unsigned_abs();
    matches!(code & MODULE, 0x3F80 | 0x4D80 | 0x5180 | 0x7F00) || code & !MODULE == 0x10
}

/// The part of a code that is the higher module's own; what is below is added by a lower one.
const MODULE: u32 = 0xFF80;

#[cfg(test)]
mod tests {
    use countersign_node::LinkError;

    use super::link_error;
    use crate::{Alert, Code, Error, Refusal, VerifyFlags};

    fn of(code: i32, refusal: Option<Refusal>) -> LinkError {
        let error = Error::Handshake {
            code: Code::new(code),
            flags: VerifyFlags::default(),
            refusal,
        };
        link_error(&error, None)
    }

    #[test]
    fn a_chain_that_is_not_believed_is_told_from_a_connection_that_failed() {
        for untrusted in [-0x2700, -0x3000, -0x2180, -0x21E0, -0x7A00, -0x4E00] {
            assert_eq!(of(untrusted, None), LinkError::Untrusted, "{untrusted:#x}");
        }
        for broken in [-0x7880, -0x50, -0x7780, -0x6E00, -0x7F00, -0x2880, -0x2890] {
            assert_eq!(of(broken, None), LinkError::Broken, "{broken:#x}");
        }
        let key = |code| Some(Refusal::Key(Code::new(code)));
        assert_eq!(of(-0x3000, Some(Refusal::Unknown)), LinkError::Untrusted);
        assert_eq!(of(-0x3000, key(-0x3D00)), LinkError::Untrusted);
        for no_memory in [-0x3F80, -0x10, -0x3D90] {
            assert_eq!(of(-0x3000, key(no_memory)), LinkError::Broken);
        }
    }

    #[test]
    fn alerts_about_our_certificate_are_a_refusal_wherever_they_come() {
        let read = Error::Read(Code::new(-0x7780));
        for (alert, word) in [
            (42, LinkError::Refused),
            (48, LinkError::Refused),
            (116, LinkError::Refused),
            (40, LinkError::Broken),
            (47, LinkError::Broken),
            (80, LinkError::Broken),
        ] {
            assert_eq!(link_error(&read, Some(Alert(alert))), word, "{alert}");
        }
        assert_eq!(link_error(&Error::CutOff, None), LinkError::Broken);
    }
}
