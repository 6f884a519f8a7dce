//! What came of all runs, as `fuzz/README.md` has it.

use super::libfuzzer::Run;

/// A table in Markdown, without a newline at its end.
pub(crate) fn of(runs: &[(&str, Run)]) -> String {
    let head = [
        "target",
        "executions",
        "corpus",
        "coverage",
        "features",
        "crashes",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for (target, run) in runs {
        let crashes = u8::from(run.crash.is_some());
        rows.push([
            format!("`{target}`"),
            grouped(run.executions),
            grouped(run.corpus),
            grouped(run.coverage),
            grouped(run.features),
            crashes.to_string(),
        ]);
    }
    let executions = runs.iter().map(|(_, run)| run.executions).sum();
    let crashes = runs.iter().filter(|(_, run)| run.crash.is_some()).count();
    let none = String::new;
    rows.push([
        format!("all {}", runs.len()),
        grouped(executions),
        none(),
        none(),
        none(),
        crashes.to_string(),
    ]);
    let mut lines: Vec<String> = rows.iter().map(|row| line(row)).collect();
    lines.insert(1, "|---|---:|---:|---:|---:|---:|".to_owned());
    lines.join("\n")
}

fn line(row: &[String]) -> String {
    let cells: Vec<String> = row.iter().map(|cell| format!(" {cell} |")).collect();
    format!("|{}", cells.concat())
}

/// Digits by threes: 2,263,618.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::libfuzzer::Crash;

    #[test]
    fn shows_every_run_and_their_sum() {
        let good = Run {
            executions: 1_234_567,
            corpus: 12,
            coverage: 345,
            features: 1000,
            crash: None,
        };
        let bad = Run {
            executions: 33,
            crash: Some(Crash {
                what: String::new(),
                artifact: None,
            }),
            ..Run::default()
        };
        let expected = "| target | executions | corpus | coverage | features | crashes |\n\
                        |---|---:|---:|---:|---:|---:|\n\
                        | `names` | 1,234,567 | 12 | 345 | 1,000 | 0 |\n\
                        | `pem` | 33 | 0 | 0 | 0 | 1 |\n\
                        | all 2 | 1,234,600 |  |  |  | 1 |";
        assert_eq!(of(&[("names", good), ("pem", bad)]), expected);
    }
}
