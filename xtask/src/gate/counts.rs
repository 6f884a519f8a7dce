//! How many tests passed, failed and were skipped, by the runners' own closing lines.

use std::ops::AddAssign;

/// A result of tests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }
}

impl Counts {
    /// Adds up all closing lines among a runner's lines.
    pub(super) fn read<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        // A runner that closes with a summary repeats what its failed tests said, closing lines of theirs included.
        let (mut sum, mut summaries) = (Self::default(), None::<Self>);
        for line in lines {
            let line = plain(line);
            let line = line.trim();
            if let Some(rest) = line.strip_prefix("test result: ") {
                // test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
                sum += Self::of(rest.split_once(". ").unwrap_or_default().1.split(';'));
            } else if let Some((_, rest)) = line
                .strip_prefix("Summary [")
                .and_then(|rest| rest.split_once(" run: "))
            {
                // Summary [   0.010s] 3 tests run: 1 passed (1 slow), 1 failed, 1 timed out, 0 skipped
                *summaries.get_or_insert_default() += Self::of(without_asides(rest).split(','));
            }
        }
        summaries.unwrap_or(sum)
    }

    fn of<'a>(parts: impl Iterator<Item = &'a str>) -> Self {
        let mut counts = Self::default();
        for part in parts {
            let Some((number, word)) = part.trim().split_once(' ') else {
                continue;
            };
            let number = number.parse::<u64>().unwrap_or_default();
            let slot = match word.trim() {
                "passed" => &mut counts.passed,
                "failed" | "timed out" | "exec failed" => &mut counts.failed,
                "skipped" | "ignored" => &mut counts.skipped,
                _ => continue,
            };
            *slot = slot.saturating_add(number);
        }
        counts
    }
}

/// Takes out what is between parentheses.
fn without_asides(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|c| {
            match c {
                '(' => depth = depth.saturating_add(1),
                ')' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect()
}

/// Takes out the escape sequences that colour a terminal.
fn plain(line: &str) -> String {
    let mut pieces = line.split("\u{1b}[");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push_str(
            piece
                .split_once(|c: char| c.is_ascii_alphabetic())
                .unwrap_or_default()
                .1,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn what_failed_tests_said_is_not_counted_again() {
        let lines = [
            "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out",
            "Summary [ 1.0s] 2 tests run: 1 passed, 1 failed, 0 skipped",
        ];
        let counts = Counts::read(lines);
        assert_eq!((counts.passed, counts.failed, counts.skipped), (1, 1, 0));
    }

    #[test]
    fn reads_the_closing_lines_of_both_runners() {
        for (line, expected) in [
            (
                "     Summary [   0.010s] 3 tests run: 3 passed, 0 skipped",
                (3, 0, 0),
            ),
            (
                "Summary [ 65.2s] 9 tests run: 6 passed (1 slow, 1 leaky), 1 failed, 2 timed out, 4 skipped",
                (6, 3, 4),
            ),
            ("Summary [ 1.0s] 1 test run: 1 passed, 0 skipped", (1, 0, 0)),
            (
                "Summary [ 1.0s] 2/7 tests run: 1 passed, 1 exec failed, 0 skipped",
                (1, 1, 0),
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [ 1.0s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \u{1b}[32mpassed\u{1b}[0m, 0 skipped",
                (2, 0, 0),
            ),
            (
                "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s",
                (5, 0, 1),
            ),
            (
                "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
                (5, 2, 0),
            ),
            ("12 passed by the wayside", (0, 0, 0)),
        ] {
            let (passed, failed, skipped) = expected;
            assert_eq!(
                Counts::read([line]),
                Counts {
                    passed,
                    failed,
                    skipped
                },
                "{line}"
            );
        }
    }

    #[test]
    fn adds_up_several_binaries() {
        let line = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(
            Counts::read([line, "", line]),
            Counts {
                passed: 10,
                failed: 0,
                skipped: 2
            }
        );
    }
}
