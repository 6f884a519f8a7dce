//! SHA-256.

use aws_lc_rs::digest;
use countersign_protocol::Digest;

/// The SHA-256 of `bytes`, under which an image is kept.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut sum = [0; 32];
    for (to, from) in sum
        .iter_mut()
        .zip(digest::digest(&digest::SHA256, bytes).as_ref())
    {
        *to = *from;
    }
    Digest(sum)
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_that_of_fips_180() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256(b"abc").to_string(), expected);
    }
}
