//! The two forms of an ECDSA signature.

use countersign_x509::{
    Error,
    der::{INTEGER, Reader, SEQUENCE},
};

/// Turns a DER `Ecdsa-Sig-Value` over P-256 (RFC 3279 §2.2.3) into `r || s`, as COSE wants it
/// (RFC 9053 §2.1).
///
/// # Errors
/// [`Error::Malformed`] where it is not one, or a number is zero or longer than 32 bytes.
pub fn fixed_signature(der: &[u8]) -> Result<[u8; 64], Error> {
    let mut input = Reader::new(der);
    let sequence = input.expect(SEQUENCE, WHAT)?;
    input.finish(WHAT)?;
    let mut numbers = sequence.reader();
    let mut fixed = [0; 64];
    for half in fixed.chunks_exact_mut(32) {
        let element = numbers.expect(INTEGER, WHAT)?;
        let number = element.unsigned(WHAT)?;
        let malformed = Error::Malformed {
            what: WHAT,
            offset: element.offset(),
        };
        match half.len().checked_sub(number.len()) {
            Some(unused) if !number.is_empty() => half
                .get_mut(unused..)
                .ok_or(malformed)?
                .copy_from_slice(number),
            _ => return Err(malformed),
        }
    }
    numbers.finish(WHAT)?;
    Ok(fixed)
}

const WHAT: &str = "ECDSA signature";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_to_32_bytes() {
        let fixed = fixed_signature(&[0x30, 7, 2, 1, 5, 2, 2, 0, 0x80]).unwrap();
        let mut expected = [0; 64];
        expected[31] = 5;
        expected[63] = 0x80;
        assert_eq!(fixed, expected);
        let mut longest = vec![0x30, 70];
        for _ in 0..2 {
            longest.extend([2, 33, 0]);
            longest.extend([0xff; 32]);
        }
        assert_eq!(fixed_signature(&longest), Ok([0xff; 64]));
    }

    #[test]
    fn refuses_what_is_no_signature() {
        let mut too_long = vec![0x30, 38, 2, 33, 1];
        too_long.extend([0; 32]);
        too_long.extend([2, 1, 1]);
        for bad in [
            &[][..],
            &[0x30, 3, 2, 1, 5],
            &[0x30, 6, 2, 1, 0, 2, 1, 5],
            &[0x30, 6, 2, 1, 5, 2, 1, 0x80],
            &[0x30, 6, 2, 1, 5, 2, 1, 5, 0],
            &[0x30, 9, 2, 1, 5, 2, 1, 5, 2, 1, 5],
            &too_long,
        ] {
            let refused = fixed_signature(bad).unwrap_err();
            assert!(matches!(refused, Error::Malformed { .. }), "{bad:x?}");
        }
    }
}
