//! What libFuzzer says of a run.

use std::fmt;

/// What came of one run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Run {
    /// How many inputs were tried.
    pub(crate) executions: u64,
    /// Inputs that are kept, each of which does something that no other does.
    pub(crate) corpus: u64,
    /// Edges of the program that were gone along.
    pub(crate) coverage: u64,
    /// Edges told apart by how often.
    pub(crate) features: u64,
    /// What was found.
    pub(crate) crash: Option<Crash>,
}

/// Why a run ended before its time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Crash {
    /// What happened, in one line.
    pub(crate) what: String,
    /// The file with the input; none where the program did not come to write one.
    pub(crate) artifact: Option<String>,
}

impl Run {
    /// Reads what libFuzzer wrote, and whether it ended well.
    pub(crate) fn read(lines: &[String], ended_well: bool) -> Self {
        let mut run = Self::default();
        for line in lines {
            run.take(line);
        }
        if !ended_well {
            let artifact = lines.iter().rev().find_map(|line| artifact(line));
            let told = lines.iter().find(|line| line.contains(" panicked at "));
            let told = told.or_else(|| lines.iter().find(|line| line.contains("ERROR: ")));
            let told = told.or_else(|| lines.iter().rfind(|line| !line.trim().is_empty()));
            let what = told.map_or("it ended without a word", |line| line.trim());
            run.crash = Some(Crash {
                what: what.to_owned(),
                artifact,
            });
        }
        run
    }

    /// Takes a line of status, or of the statistics at the end:
    ///
    /// `#1024\tNEW    cov: 77 ft: 235 corp: 4/19Kb lim: 4096 exec/s: 0 rss: 39Mb L: 5/9 MS: 1 EraseBytes-`
    ///
    /// `stat::number_of_executed_units: 1024`
    fn take(&mut self, line: &str) {
        if let Some(units) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = units.trim().parse().unwrap_or(self.executions);
        }
        let mut words = line.split_whitespace();
        let number = words.next().and_then(|word| word.strip_prefix('#'));
        let (Some(executions), true) = (
            number.and_then(|number| number.parse().ok()),
            line.contains(" cov: "),
        ) else {
            return;
        };
        self.executions = executions;
        while let Some(word) = words.next() {
            let field = match word {
                "cov:" => &mut self.coverage,
                "ft:" => &mut self.features,
                "corp:" => &mut self.corpus,
                _ => continue,
            };
            // The corpus is how many inputs, a slash, and how long they are.
            let value = words.next().and_then(|value| value.split('/').next());
            *field = value.and_then(|value| value.parse().ok()).unwrap_or(*field);
        }
    }
}

/// The file that an input was written to. One that was only slow ends nothing.
fn artifact(line: &str) -> Option<String> {
    let (_, path) = line.split_once("Test unit written to ")?;
    let name = path.rsplit('/').next()?;
    (!name.starts_with("slow-unit-")).then(|| path.trim().to_owned())
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.artifact {
            Some(artifact) => write!(f, "{}; the input is in {artifact}", self.what),
            None => write!(f, "{}; no input was written", self.what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, ended_well: bool) -> Run {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        Run::read(&lines, ended_well)
    }

    #[test]
    fn a_run_to_its_end_says_how_far_it_came() {
        let run = read(
            "INFO: Seed: 3019988559\n\
             #63\tINITED cov: 197 ft: 235 corp: 4/19Kb exec/s: 0 rss: 39Mb\n\
             \tNEW_FUNC[1/2]: 0x562cdae63500 in esp_formats::partition_table::md5_row\n\
             #128\tpulse  cov: 201 ft: 240 corp: 6/20Kb lim: 4096 exec/s: 64 rss: 40Mb\n\
             Slowest unit: 11 s:\n\
             artifact_prefix='/w/fuzz/artifacts/x/'; Test unit written to /w/fuzz/artifacts/x/slow-unit-da39\n\
             #2263618\tDONE   cov: 490 ft: 1150 corp: 357/292Kb lim: 16384 exec/s: 37108 rss: 496Mb\n\
             Done 2263618 runs in 61 second(s)\n\
             stat::number_of_executed_units: 2263618\n\
             stat::new_units_added:          1793\n",
            true,
        );
        let expected = Run {
            executions: 2_263_618,
            corpus: 357,
            coverage: 490,
            features: 1150,
            crash: None,
        };
        assert_eq!(run, expected);
    }

    #[test]
    fn a_panic_is_told_with_the_file_that_caused_it() {
        let run = read(
            "#63\tINITED cov: 197 ft: 235 corp: 4/19Kb exec/s: 0 rss: 39Mb\n\
             thread '<unnamed>' (19921) panicked at targets/src/boot.rs:47:9:\n\
             assertion `left == right` failed\n\
             ==19921== ERROR: libFuzzer: deadly signal\n\
             NOTE: libFuzzer has rudimentary signal handlers.\n\
             artifact_prefix='/w/fuzz/artifacts/boot/'; Test unit written to /w/fuzz/artifacts/boot/crash-0af1\n\
             stat::number_of_executed_units: 172676\n\
             Error: Fuzz target exited with exit status: 77\n",
            false,
        );
        assert_eq!((run.executions, run.coverage), (172_676, 197));
        let crash = run.crash.unwrap();
        assert_eq!(
            crash.to_string(),
            "thread '<unnamed>' (19921) panicked at targets/src/boot.rs:47:9:; \
             the input is in /w/fuzz/artifacts/boot/crash-0af1"
        );
    }

    #[test]
    fn what_takes_too_long_or_too_much_is_found_too() {
        let run = read(
            "ALARM: working on the last Unit for 11 seconds\n\
             ==7== ERROR: libFuzzer: timeout after 11 seconds\n\
             artifact_prefix='a/'; Test unit written to a/timeout-12\n\
             SUMMARY: libFuzzer: timeout\n",
            false,
        );
        let crash = run.crash.unwrap();
        assert_eq!(crash.artifact.as_deref(), Some("a/timeout-12"));
        assert!(crash.what.contains("timeout after 11 seconds"));
    }

    #[test]
    fn an_end_without_a_file_is_told_by_its_last_words() {
        let run = read("error: could not compile `x`\n\n", false);
        let crash = run.crash.unwrap();
        assert_eq!(crash.what, "error: could not compile `x`");
        assert_eq!(crash.artifact, None);
        let silent = read("", false).crash.unwrap();
        assert_eq!(silent.what, "it ended without a word");
        assert_eq!(read("", true), Run::default());
    }
}
