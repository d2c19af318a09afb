//! The KQL conformance suite: `kql/cases.toml` of each data folder, each case as a
//! compiled rule, in reference mode, and by its plain form.

#[path = "esql_suite/src/kql.rs"]
mod kql;
mod suite;

use kql::Case;
use std::process::ExitCode;
use suite::compiled::{Built, MODES, results};
use suite::plain::Plain;
use suite::tally::Tally;
use suite::{Conditions, Document, Way, folders};

detect_suite::kql_suite!(Kql);

fn main() -> ExitCode {
    let mut tally = Tally::new("kql");
    let mut built = BUILT.iter();
    for case in folders("kql").iter().flat_map(|folder| kql::of(folder)) {
        let Some(expected) = &case.matches else {
            tally.case(&case.name, || refused(&case));
            continue;
        };
        let built = built.next().expect("the test was built of the same data");
        tally.case(&case.name, || {
            plain(&case, expected)?;
            compiled(&case, built, expected)
        });
    }
    tally.close()
}

fn plain(case: &Case, expected: &[usize]) -> Result<(), String> {
    let query = &case.query;
    let cond = case
        .compile()
        .map_err(|problems| format!("`{query}` is refused: {}", problems[0].message))?;
    let documents: Vec<Document> = case.documents.iter().cloned().map(Document::new).collect();
    let found = Plain.matches(&Conditions { cond: &cond, lineages: &[] }, &documents);
    compare(query, Plain.name(), &found, expected)
}

fn compiled(case: &Case, built: &Built, expected: &[usize]) -> Result<(), String> {
    let rule = built.rule(&case.name, &case.query)?;
    // A document with line breaks is the same without.
    let lines: Vec<String> = case.documents.iter().map(|line| line.replace('\n', " ")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    for (mode, reference) in MODES {
        let found = &results::<Kql>(&lines, reference)[rule];
        let found: Vec<usize> = found.iter().filter_map(|joined| joined.events[0]).collect();
        compare(&case.query, mode, &found, expected)?;
    }
    Ok(())
}

fn compare(query: &str, way: &str, found: &[usize], expected: &[usize]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("`{query}` ({way}): {found:?} instead of {expected:?}"))
}

fn refused(case: &Case) -> Result<(), String> {
    match case.compile() {
        Err(_) => Ok(()),
        Ok(_) => Err(format!("`{}` is accepted", case.query)),
    }
}
