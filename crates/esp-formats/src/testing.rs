//! Random and damaged bytes for the tests of every parser.

use std::vec::Vec;

/// Marsaglia's xorshift, so that a failing run can be repeated.
pub(crate) struct XorShift(pub(crate) u32);

impl XorShift {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_le_bytes()[1]).collect()
    }
}

/// Calls a parser with every truncation, every flipped byte (three ways) and 2000 random strings.
///
/// What it returns does not matter; that it returns does.
pub(crate) fn survives_hostile_bytes(valid: &[u8], parse: impl Fn(&[u8])) {
    for len in 0..=valid.len() {
        parse(&valid[..len]);
    }
    let mut damaged = valid.to_vec();
    for at in 0..valid.len() {
        for mask in [0x01, 0x80, 0xFF] {
            damaged[at] ^= mask;
            parse(&damaged);
            damaged[at] ^= mask;
        }
    }
    let mut random = XorShift(0x2545_F491);
    for round in 0..2000 {
        let len = random.next().to_le_bytes()[0];
        let mut bytes = random.bytes(usize::from(len) * 2);
        // Half of them begin as a valid input does, to get past the first check.
        if round % 2 == 0 {
            let kept = valid.len().min(bytes.len()).min(usize::from(len) / 4);
            bytes[..kept].copy_from_slice(&valid[..kept]);
        }
        parse(&bytes);
    }
}
