//! How often an image was begun, which is what wears out flash.

/// Downloads that began at the first sector of the slot, less those that were so long ago that they are forgiven.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::node) struct Begins {
    count: u32,
    /// Milliseconds of uptime from which on the next one is forgiven in [`FORGIVEN_MS`].
    since_ms: u64,
}

impl Begins {
    /// Whether another one may begin, where `most` may stand on the account.
    pub(super) fn may(&mut self, now_ms: u64, most: u32) -> bool {
        let passed = now_ms.saturating_sub(self.since_ms);
        let forgiven = passed.checked_div(FORGIVEN_MS).unwrap_or_default();
        self.count = self
            .count
            .saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX));
        self.since_ms = if self.count == 0 {
            now_ms
        } else {
            self.since_ms
                .saturating_add(forgiven.saturating_mul(FORGIVEN_MS))
        };
        self.count < most
    }

    /// One has begun.
    pub(super) fn note(&mut self) {
        self.count = self.count.saturating_add(1);
    }
}

/// One is forgiven in three hours, so that eight a day can go on for ever.
const FORGIVEN_MS: u64 = 3 * 3600 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_one_in_three_hours() {
        let mut begins = Begins::default();
        let mut begin = |now_ms| {
            let may = begins.may(now_ms, 2);
            if may {
                begins.note();
            }
            may
        };
        assert!(begin(5) && begin(6));
        assert!(!begin(7) && !begin(FORGIVEN_MS + 4));
        assert!(begin(FORGIVEN_MS + 5) && !begin(FORGIVEN_MS + 6));
        assert!(begin(FORGIVEN_MS * 2 + 5) && !begin(FORGIVEN_MS * 2 + 6));
        let later = FORGIVEN_MS * 90;
        assert!(begin(later) && begin(later) && !begin(later));
    }
}
