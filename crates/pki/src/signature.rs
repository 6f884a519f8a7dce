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

/// Turns `r || s` over P-256, as tokens give it, into a DER `Ecdsa-Sig-Value` (RFC 3279 §2.2.3).
pub fn der_signature(fixed: &[u8; 64]) -> Vec<u8> {
    let (r, s) = fixed.split_at(32);
    let content = [integer(r), integer(s)].concat();
    element(SEQUENCE, &content)
}

/// A number that is not negative, in the fewest octets (X.690 §8.3).
fn integer(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let digits = magnitude.get(zeros..).unwrap_or_default();
    // A leading bit that is set would be a sign; and zero is one octet.
    let sign: &[u8] = match digits.first() {
        Some(..0x80) => &[],
        _ => &[0],
    };
    element(INTEGER, &[sign, digits].concat())
}

/// An element of fewer than 128 octets.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u8::try_from(content.len()).unwrap_or_default();
    [&[tag, len], content].concat()
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
    fn fixed_signatures_come_out_in_the_fewest_octets_and_back_again() {
        let mut fixed = [0; 64];
        fixed[31] = 5;
        fixed[63] = 0x80;
        assert_eq!(der_signature(&fixed), [0x30, 7, 2, 1, 5, 2, 2, 0, 0x80]);
        for at in 0..64 {
            for value in [1, 0x7f, 0x80, 0xff] {
                let mut fixed = [0; 64];
                (fixed[31], fixed[63], fixed[at]) = (1, 1, value);
                assert_eq!(fixed_signature(&der_signature(&fixed)), Ok(fixed));
            }
        }
        let longest = [0xff; 64];
        assert_eq!(fixed_signature(&der_signature(&longest)), Ok(longest));
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
