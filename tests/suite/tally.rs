//! Counts what passes, fails and is skipped with a reason.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

/// Outcomes of one suite.
pub(crate) struct Tally {
    name: &'static str,
    reasons: HashMap<String, String>,
    /// Only cases whose name has this in it (argument of the test).
    only: Option<String>,
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
}

impl Tally {
    /// For the suite of this name; its skips stand in `tests/data/skips.tsv`.
    pub(crate) fn new(name: &'static str) -> Tally {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/skips.tsv");
        let reasons = std::fs::read_to_string(path)
            .unwrap_or_default()
            .lines()
            .filter_map(|line| {
                let mut cells = line.split('\t');
                let (suite, case, reason) = (cells.next()?, cells.next()?, cells.next()?);
                (suite == name).then(|| (case.to_owned(), reason.to_owned()))
            })
            .collect();
        let only = std::env::args().nth(1).filter(|text| !text.starts_with('-'));
        Tally { name, reasons, only, passed: 0, failed: Vec::new(), skipped: 0 }
    }

    /// Runs a case, unless a reason says that it is skipped.
    pub(crate) fn case(&mut self, name: &str, run: impl FnOnce() -> Result<(), String>) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        if self.is_skipped(name) {
            self.skipped += 1;
            return;
        }
        match run() {
            Ok(()) => self.passed += 1,
            Err(problem) => {
                println!("FAILED {name}: {problem}");
                self.failed.push(name.to_owned());
            }
        }
    }

    /// Whether a case is skipped with a reason; a reason may name a whole section.
    pub(crate) fn is_skipped(&self, name: &str) -> bool {
        let section = name.split(' ').next().unwrap_or_default();
        self.reasons.contains_key(name) || self.reasons.contains_key(&format!("{section} *"))
    }

    /// The last line; every case must pass.
    pub(crate) fn close(self) -> ExitCode {
        self.close_with(1.0)
    }

    /// The last line; at least this share of the cases must pass.
    pub(crate) fn close_with(self, least: f64) -> ExitCode {
        println!(
            "{}: {} passed, {} failed, {} skipped",
            self.name,
            self.passed,
            self.failed.len(),
            self.skipped
        );
        let cases = self.passed + self.failed.len();
        if self.passed as f64 >= least * cases as f64 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
