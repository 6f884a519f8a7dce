//! How a device finds out whether a root in its bundle vouches for a server.
//!
//! The library builds a chain from what the server sent alone, since it is given no certificate authority but an empty one.
//! For each certificate, from the top of that chain down, it then asks what to make of its findings. This is the answer's
//! first half; the second is a signature to check.
//!
//! Source: ESP-IDF v5.5, `components/mbedtls/esp_crt_bundle/esp_crt_bundle.c`, `esp_crt_verify_callback`.

use esp_formats::bundle::{Bundle, Entry};

use crate::VerifyFlags;

/// What is to be done about one certificate of a server's chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision<'a> {
    /// Nothing: the findings stand, be they none or more than a missing root.
    Leave,
    /// Clear the findings if this root's key signed the certificate, else end the handshake.
    Check(Entry<'a>),
    /// No root has the issuer's name: end the handshake.
    Unknown,
}

/// Decides about a certificate by the findings and the DER of its issuer.
///
/// Only a certificate of which nothing is wrong but that nobody trusted signed it is looked up; that a hash is not admitted
/// counts for nothing here, as ESP-IDF has it. Without a bundle nobody is found. One root is tried, the first that the device's own search meets.
#[doc(alias = "esp_crt_verify_callback")]
pub fn decide<'a>(
    findings: VerifyFlags,
    bundle: Option<&Bundle<'a>>,
    issuer: &[u8],
) -> Decision<'a> {
    if findings.without(VerifyFlags::BAD_MD) != VerifyFlags::NOT_TRUSTED {
        return Decision::Leave;
    }
    bundle
        .and_then(|bundle| bundle.find(issuer))
        .map_or(Decision::Unknown, Decision::Check)
}

#[cfg(test)]
mod tests {
    use std::vec;

    use esp_formats::bundle::{Bundle, Entry, Format, encode, encoded_len};

    use super::{Decision, decide};
    use crate::VerifyFlags;

    #[test]
    fn without_a_bundle_nobody_is_found() {
        let decide = |bits| decide(VerifyFlags::new(bits), None, b"\x30\x02aa");
        assert_eq!(decide(0x0008), Decision::Unknown);
        assert_eq!(decide(0), Decision::Leave);
    }

    #[test]
    fn only_a_missing_root_is_looked_up() {
        let mut roots = [
            Entry {
                name: b"\x30\x02aa",
                key: b"key of a",
            },
            Entry {
                name: b"\x30\x02bb",
                key: b"key of b",
            },
        ];
        for format in [Format::Legacy, Format::Offsets] {
            let mut bytes = vec![0; encoded_len(format, &roots)];
            encode(format, &mut roots, &mut bytes).unwrap();
            let bundle = Bundle::parse_as(format, &bytes).unwrap();
            let decide =
                |bits: u32, issuer: &[u8]| decide(VerifyFlags::new(bits), Some(&bundle), issuer);

            assert_eq!(decide(0x0008, b"\x30\x02bb"), Decision::Check(roots[1]));
            assert_eq!(decide(0x4008, b"\x30\x02aa"), Decision::Check(roots[0]));
            assert_eq!(decide(0x0008, b"\x30\x02cc"), Decision::Unknown);
            assert_eq!(decide(0x0008, b""), Decision::Unknown);
            for bits in [0, 0x01, 0x04, 0x0C, 0x4000, 0x8008, 0x0001_0008, u32::MAX] {
                assert_eq!(
                    decide(bits, b"\x30\x02aa"),
                    Decision::Leave,
                    "{format:?} {bits:#x}"
                );
            }
        }
    }
}
