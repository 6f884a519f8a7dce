//! The most memory that the machine ever used, from the lines in which it tells.

/// The greatest figures of all lines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Peaks {
    /// Bytes of heap.
    pub(super) heap: u32,
    /// Bytes of stack.
    pub(super) stack: u32,
}

impl Peaks {
    /// Looks at a line: `memory: heap 0 now, 29000 at most, of 200000; stack 9000 at most, of 32768`.
    pub(super) fn note(&mut self, line: &str) {
        let Some((heap, stack)) = line
            .strip_prefix("memory: ")
            .and_then(|rest| rest.split_once("; stack "))
        else {
            return;
        };
        let before = |text: &str, word: &str| {
            let (number, _) = text.split_once(word)?;
            number.rsplit(' ').next()?.parse().ok()
        };
        self.heap = self.heap.max(before(heap, " at most").unwrap_or_default());
        self.stack = self
            .stack
            .max(before(stack, " at most").unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_figures_count() {
        let mut peaks = Peaks::default();
        peaks.note("memory: heap 10 now, 29000 at most, of 200000; stack 900 at most, of 32768");
        peaks.note("memory: heap 10 now, 2900 at most, of 200000; stack 9000 at most, of 32768");
        peaks.note("node: confirmed 1.1.0");
        let expected = Peaks {
            heap: 29000,
            stack: 9000,
        };
        assert_eq!(peaks, expected);
    }
}
