//! Damaged copies of valid inputs, the same ones in every run.

/// Makes inputs out of a corpus.
pub(crate) struct Mutator<'c> {
    corpus: &'c [(String, Vec<u8>)],
    /// Marsaglia's xorshift.
    state: u64,
}

impl<'c> Mutator<'c> {
    /// Begins a sequence that depends on nothing but the corpus.
    pub(crate) fn new(corpus: &'c [(String, Vec<u8>)]) -> Self {
        Self {
            corpus,
            state: 0x9E37_79B9_7F4A_7C15,
        }
    }

    /// The next input: a copy of one of the corpus, changed once to eight times.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut bytes = self.seed().to_vec();
        for _ in 0..=self.below(8) {
            self.change(&mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let until = at + self.below((bytes.len() - at).min(64) + 1);
        let value = self.value();
        match self.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..until)),
            2 => bytes[at..until].fill(value),
            3 => bytes.insert(at, value),
            4 => {
                let copy = bytes[at..until].to_vec();
                let to = self.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            5 => {
                let other = self.seed();
                let from = self.below(other.len() + 1);
                bytes.splice(at..until, other[from..].iter().take(64).copied());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = if value & 1 == 0 { value } else { *byte ^ value };
                }
            }
        }
    }

    /// A byte that is apt to be a border, or any.
    fn value(&mut self) -> u8 {
        let borders = [0, 1, 0x20, 0x30, 0x7F, 0x80, 0xFE, 0xFF];
        match self.below(16) {
            which @ 0..8 => borders[which],
            _ => self.random().to_le_bytes()[0],
        }
    }

    fn seed(&mut self) -> &'c [u8] {
        &self.corpus[self.below(self.corpus.len())].1
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random() % u64::try_from(end).unwrap()).unwrap()
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

/// Longer inputs find no more, and take longer.
const LONGEST: usize = 4096;
