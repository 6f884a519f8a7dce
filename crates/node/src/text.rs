//! Text that is kept where it cannot be borrowed.

/// Text of up to `N` bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// No text.
    pub(crate) const EMPTY: Self = Self {
        bytes: [0; N],
        len: 0,
    };

    /// Keeps a text; `None` where it is longer.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut kept = Self::EMPTY;
        kept.set(text)?;
        Some(kept)
    }

    /// Keeps another text; `None`, and the old one stays, where it is longer.
    pub(crate) fn set(&mut self, text: &str) -> Option<()> {
        self.bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        self.len = text.len();
        Some(())
    }

    /// The bytes, to be used for something else; the text is gone.
    pub(crate) fn room(&mut self) -> &mut [u8; N] {
        self.len = 0;
        &mut self.bytes
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// What an app descriptor's and a manifest's fields hold.
pub(crate) type Name = Text<32>;
