//! SHA-256.

use aws_lc_rs::digest;
use countersign_protocol::Digest;

/// The SHA-256 of `bytes`, under which an image is kept.
pub fn sha256(bytes: &[u8]) -> Digest {
    read(&digest::digest(&digest::SHA256, bytes))
}

/// The SHA-256 of a file and of its beginning, for which no byte is hashed twice.
pub(crate) struct Hashing<'f> {
    file: &'f [u8],
    done: usize,
    context: digest::Context,
}

impl<'f> Hashing<'f> {
    pub(crate) fn of(file: &'f [u8]) -> Self {
        Self {
            file,
            done: 0,
            context: digest::Context::new(&digest::SHA256),
        }
    }

    /// The SHA-256 of `bytes`, which are the file's first ones as a rule.
    pub(crate) fn beginning(&mut self, bytes: &[u8]) -> Digest {
        if self.done > 0 || !std::ptr::eq(self.file.as_ptr(), bytes.as_ptr()) {
            return sha256(bytes);
        }
        self.context.update(bytes);
        self.done = bytes.len();
        read(&self.context.clone().finish())
    }

    /// That of the whole file.
    pub(crate) fn whole(self) -> Digest {
        let end = self.file.len();
        self.first(end, &[])
    }

    /// That of the file's first bytes, up to `end`, with others behind them.
    pub(crate) fn first(mut self, end: usize, behind: &[u8]) -> Digest {
        if self.done > end {
            self = Self::of(self.file);
        }
        let rest = self.file.get(self.done..end);
        self.context.update(rest.unwrap_or_default());
        self.context.update(behind);
        read(&self.context.finish())
    }
}

fn read(sum: &digest::Digest) -> Digest {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(sum.as_ref()) {
        *to = *from;
    }
    Digest(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Hashing, sha256};

    #[test]
    fn a_file_and_its_beginning_are_hashed_as_each_alone() {
        let file: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for len in [0, 1, 63, 64, 999, 1000] {
            let mut hashing = Hashing::of(&file);
            assert_eq!(hashing.beginning(&file[..len]), sha256(&file[..len]));
            // Asked for again, or something else.
            assert_eq!(hashing.beginning(&file[..7]), sha256(&file[..7]));
            assert_eq!(hashing.beginning(b"abc"), sha256(b"abc"));
            assert_eq!(hashing.whole(), sha256(&file));
        }
        assert_eq!(Hashing::of(&file).whole(), sha256(&file));
        for (begun, end) in [(0, 7), (5, 7), (7, 7), (9, 7)] {
            let mut hashing = Hashing::of(&file);
            hashing.beginning(&file[..begun]);
            let expected = sha256(&[&file[..end], b"more"].concat());
            assert_eq!(hashing.first(end, b"more"), expected);
        }
    }

    #[test]
    fn is_that_of_fips_180() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc").to_string(), expected);
    }
}
