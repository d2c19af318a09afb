//! `detect test`: samples beside rules, run through the compiled rules.
//!
//! What a case says stands in [`detect::runtime::rule_test`].

use super::failure::Failure;
use super::output::{self, Cell, Column, Format, Table, Tone};
use super::ruleset::Rules;
use clap::Args;
use detect::runtime::rule_test::Case;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Ends the name of a file of cases.
const CASES: &str = ".tests.ndjson";

/// Runs the samples beside rules through the compiled rules
#[derive(Args, Debug)]
pub(crate) struct TestRules {
    /// Files of cases, or folders that hold them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Print the outcomes as records, in place of a line a case as it runs
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the outcome as JUnit XML too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// A case that ran.
struct Outcome {
    file: String,
    name: String,
    /// Why it failed.
    failure: Option<String>,
    elapsed: Duration,
}

impl TestRules {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut files = Vec::new();
        for path in &self.paths {
            collect(path, &mut files)?;
        }
        files.sort();
        files.dedup();
        let mut outcomes = Vec::new();
        for file in &files {
            let text = std::fs::read_to_string(file).map_err(|error| Failure::read(file, error))?;
            for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
                let outcome = case(&file.display().to_string(), number + 1, line);
                if self.format.is_none() {
                    output::line(format_args!("{}", line_of(&outcome)))?;
                }
                outcomes.push(outcome);
            }
        }
        match self.format {
            None => summary(&outcomes)?,
            Some(format) => {
                let records: Vec<Json> = outcomes.iter().map(record).collect();
                output::records(format, &records, || table(&outcomes))?;
            }
        }
        if let Some(path) = &self.junit {
            std::fs::write(path, junit(&outcomes)).map_err(|error| Failure::write(path, error))?;
        }
        let failed = outcomes.iter().any(|outcome| outcome.failure.is_some());
        if failed { Err(Failure::Found) } else { Ok(()) }
    }
}

fn summary(outcomes: &[Outcome]) -> Result<(), Failure> {
    let failed: Vec<&Outcome> =
        outcomes.iter().filter(|outcome| outcome.failure.is_some()).collect();
    if !failed.is_empty() {
        output::line(format_args!("\nfailures:\n"))?;
        for outcome in &failed {
            let why = outcome.failure.as_deref().unwrap_or_default();
            let (file, name) = (&outcome.file, &outcome.name);
            output::line(format_args!("---- {file} {name} ----\n{why}\n"))?;
        }
    }
    let word = if failed.is_empty() {
        output::toned("ok", Tone::Good)
    } else {
        output::toned("FAILED", Tone::Bad)
    };
    let (passed, failures) = (outcomes.len() - failed.len(), failed.len());
    output::line(format_args!("\ntest result: {word}. {passed} passed; {failures} failed"))
}

fn record(outcome: &Outcome) -> Json {
    json!({
        "file": outcome.file,
        "case": outcome.name,
        "passed": outcome.failure.is_none(),
        "failure": outcome.failure,
        "seconds": outcome.elapsed.as_secs_f64(),
    })
}

fn table(outcomes: &[Outcome]) -> Table {
    let mut table = Table::new(vec![
        Column::left("OUTCOME"),
        Column::left("CASE").most(60),
        Column::left("FILE"),
        Column::left("WHY").most(100),
    ]);
    for outcome in outcomes {
        let (word, tone) = match outcome.failure {
            None => ("ok", Tone::Good),
            Some(_) => ("FAILED", Tone::Bad),
        };
        table.row(vec![
            Cell::new(word).tone(tone),
            Cell::new(&outcome.name),
            Cell::new(&outcome.file).tone(Tone::Dim),
            Cell::new(outcome.failure.as_deref().unwrap_or_default()),
        ]);
    }
    table
}

/// Files of cases below a path.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| Failure::read(path, error);
    if !path.metadata().map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        if name.ends_with(CASES) || (is_folder && !name.starts_with('.')) {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

fn line_of(outcome: &Outcome) -> String {
    let word = match outcome.failure {
        None => output::toned("ok", Tone::Good),
        Some(_) => output::toned("FAILED", Tone::Bad),
    };
    format!("test {} {} ... {word}", outcome.file, outcome.name)
}

fn case(file: &str, number: usize, line: &str) -> Outcome {
    let started = Instant::now();
    let (name, done) = match Case::parse(line) {
        Ok(mut case) => (case.name.take(), case.run::<Rules>()),
        Err(error) => (None, Err(error)),
    };
    Outcome {
        file: file.to_owned(),
        name: name.unwrap_or_else(|| format!("line {number}")),
        failure: done.err().map(|error| error.to_string()),
        elapsed: started.elapsed(),
    }
}

/// JUnit XML: one suite a file.
fn junit(outcomes: &[Outcome]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in outcomes.chunk_by(|a, b| a.file == b.file) {
        let failures = suite.iter().filter(|outcome| outcome.failure.is_some()).count();
        let file = suite.first().map_or("", |outcome| &outcome.file);
        let _infallible = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\">",
            escaped(file),
            suite.len()
        );
        for outcome in suite {
            let _infallible = write!(
                xml,
                "    <testcase name=\"{}\" time=\"{:.6}\"",
                escaped(&outcome.name),
                outcome.elapsed.as_secs_f64()
            );
            match &outcome.failure {
                None => xml.push_str("/>\n"),
                Some(why) => {
                    let why = escaped(why);
                    let _infallible = writeln!(xml, "><failure message=\"{why}\"/></testcase>");
                }
            }
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Text inside an attribute; characters that XML cannot hold become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junit_groups_by_file() {
        let outcome = |file: &str, failure: Option<&str>| Outcome {
            file: file.to_owned(),
            name: "a \"b\"".to_owned(),
            failure: failure.map(str::to_owned),
            elapsed: Duration::ZERO,
        };
        let xml = junit(&[outcome("x", None), outcome("x", Some("1 < 2")), outcome("y", None)]);
        assert_eq!(xml.matches("<testsuite ").count(), 2);
        assert!(xml.contains("tests=\"2\" failures=\"1\""));
        assert!(xml.contains("message=\"1 &lt; 2\""));
        assert!(xml.contains("name=\"a &quot;b&quot;\""));
    }
}
