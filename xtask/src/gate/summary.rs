//! The gate's last words: a table of its steps, then one line that counts.

use std::fmt;

use super::counts::Counts;
use super::{Outcome, Row};

/// What is said at the end.
pub(super) struct Summary {
    table: Vec<String>,
    sum: Counts,
    /// Skips that count as failures: with CI=true, all of them.
    refused_skips: u64,
}

impl Summary {
    /// Adds up the steps. A step that failed without failing a test counts as one failure, so that the line cannot lie.
    pub(super) fn of(rows: &[Row], ci: bool) -> Self {
        let mut sum = Counts::default();
        let mut table = Vec::new();
        for row in rows {
            let result = match &row.result {
                Ok(Outcome::Passed) => "ok".to_owned(),
                Ok(Outcome::Counted(counts)) => {
                    sum += *counts;
                    let word = if counts.failed > 0 { "FAILED" } else { "ok" };
                    format!("{word}: {counts}")
                }
                Ok(Outcome::Skipped(hint)) => {
                    sum += Counts {
                        skipped: 1,
                        ..Counts::default()
                    };
                    format!("SKIPPED: {hint}")
                }
                Err(error) => {
                    sum += Counts {
                        failed: 1,
                        ..Counts::default()
                    };
                    // The whole error was shown when the step ended.
                    format!(
                        "FAILED: {}",
                        error.to_string().lines().next().unwrap_or_default()
                    )
                }
            };
            table.push(format!(
                "{:<10} {:>7.1} s  {result}",
                row.name,
                row.took.as_secs_f64()
            ));
        }
        let refused_skips = if ci { sum.skipped } else { 0 };
        Self {
            table,
            sum,
            refused_skips,
        }
    }

    /// Tells whether the gate is closed.
    pub(super) fn failed(&self) -> bool {
        self.sum.failed > 0 || self.refused_skips > 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.table {
            writeln!(f, "{line}")?;
        }
        if self.refused_skips > 0 {
            writeln!(
                f,
                "with CI=true a skip is a failure: {} were skipped",
                self.refused_skips
            )?;
        }
        write!(f, "{}", self.sum)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::{Result, anyhow};

    use super::{Counts, Outcome, Row, Summary};

    fn row(result: Result<Outcome>) -> Row {
        Row {
            name: "tests",
            took: Duration::from_millis(1500),
            result,
        }
    }

    #[test]
    fn ends_with_the_line_that_counts() {
        let counts = Counts {
            passed: 7,
            failed: 0,
            skipped: 2,
        };
        let summary = Summary::of(
            &[row(Ok(Outcome::Counted(counts))), row(Ok(Outcome::Passed))],
            false,
        );
        assert_eq!(
            summary.to_string().lines().last(),
            Some("7 passed, 0 failed, 2 skipped")
        );
        assert!(!summary.failed());
    }

    #[test]
    fn counts_a_broken_step_as_a_failure() {
        let summary = Summary::of(&[row(Err(anyhow!("does not compile")))], false);
        assert_eq!(
            summary.to_string().lines().last(),
            Some("0 passed, 1 failed, 0 skipped")
        );
        assert!(summary.failed());
    }

    #[test]
    fn refuses_skips_in_ci_only() {
        let rows = [row(Ok(Outcome::Skipped("rustup target add x".to_owned())))];
        assert!(!Summary::of(&rows, false).failed());
        assert!(Summary::of(&rows, true).failed());
    }
}
