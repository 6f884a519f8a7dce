//! Whether a server's Certificate message gets into a device at all.

use crate::{IdfRelease, release::MbedTls};

/// Why a Certificate message does not get into a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageRefusal {
    /// It is longer than the device's buffer (`CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN`).
    #[error(
        "the server's certificates are a message of {len} bytes, and the device has room for {max}"
    )]
    TooLong {
        /// The message's length in bytes.
        len: usize,
        /// The buffer's.
        max: usize,
    },

    /// A record is longer than the device's buffer.
    #[error("the server sends records of {len} bytes, and the device has room for {max}")]
    RecordTooLong {
        /// The record's plain text in bytes.
        len: usize,
        /// The buffer's.
        max: usize,
    },

    /// It comes in several records, which mbedTLS puts together only since 3.6.3.
    #[error(
        "the server's certificates are a message of {len} bytes in records of {record}, and mbedTLS {version} cannot put messages together: send fewer certificates, or longer records"
    )]
    InPieces {
        /// The message's length in bytes.
        len: usize,
        /// What the server puts into a record, in bytes of plain text.
        record: usize,
        /// The mbedTLS that the release has.
        version: MbedTls,
    },
}

/// The length of the TLS 1.2 Certificate message that carries `chain`, its header of 4 bytes included
/// (RFC 5246 §7.4.2).
pub fn certificate_message_len(chain: &[&[u8]]) -> usize {
    chain.iter().fold(HEADER, |len, der| {
        len.saturating_add(LENGTH).saturating_add(der.len())
    })
}

/// Whether that message gets into a device whose buffer for received records has `in_content_len`
/// bytes, from a server that puts at most `record` bytes of plain text into one (16384 where nobody
/// said otherwise).
///
/// Since 3.6.3 mbedTLS puts a message together that comes in several records, within that same
/// buffer; before, each message must come in one.
///
/// # Errors
/// [`MessageRefusal`].
pub fn certificate_message_fits(
    chain: &[&[u8]],
    release: IdfRelease,
    in_content_len: usize,
    record: usize,
) -> Result<(), MessageRefusal> {
    let len = certificate_message_len(chain);
    let max = in_content_len;
    if len > max {
        return Err(MessageRefusal::TooLong { len, max });
    }
    if len <= record {
        return Ok(());
    }
    if record > max {
        return Err(MessageRefusal::RecordTooLong { len: record, max });
    }
    let version = release.mbedtls();
    if version < MbedTls::new(3, 6, 3) {
        return Err(MessageRefusal::InPieces {
            len,
            record,
            version,
        });
    }
    Ok(())
}

/// The message's type and length, and the length of the list.
const HEADER: usize = 7;
/// The length before each certificate.
const LENGTH: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_whole_or_is_put_together() {
        let old = IdfRelease::new(5, 4, 1);
        let new = IdfRelease::new(5, 4, 2);
        let certificate: &[u8] = &[0x30; 1490];
        let chain = [certificate; 3];
        let len = 7 + 3 * 1493;
        assert_eq!(certificate_message_len(&chain), len);
        for (release, buffer, record, expected) in [
            (old, 16384, 16384, Ok(())),
            (old, len, len, Ok(())),
            (
                old,
                len - 1,
                16384,
                Err(MessageRefusal::TooLong { len, max: len - 1 }),
            ),
            (new, 16384, 1024, Ok(())),
            (
                new,
                4096,
                1024,
                Err(MessageRefusal::TooLong { len, max: 4096 }),
            ),
            (
                old,
                16384,
                1024,
                Err(MessageRefusal::InPieces {
                    len,
                    record: 1024,
                    version: MbedTls::new(3, 6, 2),
                }),
            ),
        ] {
            let found = certificate_message_fits(&chain, release, buffer, record);
            assert_eq!(found, expected, "{release} {buffer} {record}");
        }
    }
}
