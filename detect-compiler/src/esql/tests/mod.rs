//! Whole queries: plans, errors, real rules.

mod properties;
mod show;

use super::{Compiled, Context, Names, QueryStrings, Table, compile, corpus};
use crate::diagnostic::Problem;
use crate::plan::{Cond, Field};
use crate::schema::Schema;
use detect_runtime::test::{Fold, Test};
use detect_runtime::value::Type;
use std::collections::HashMap;
use std::path::Path;

/// Takes every query in another language as a test of the field `query`.
struct Echo;

impl QueryStrings for Echo {
    fn kql(&self, text: &str) -> Result<Cond, Vec<Problem>> {
        let field = Field { path: "query".into(), ty: Type::Keyword };
        Ok(Cond::Any { field, test: Test::Equals { text: text.into(), fold: Fold::None } })
    }

    fn lucene(&self, text: &str) -> Result<Cond, Vec<Problem>> {
        self.kql(text)
    }
}

fn open(query: &str) -> Result<Compiled, Vec<Problem>> {
    let table = Table {
        columns: vec![("user.name".into(), Type::Keyword), ("team".into(), Type::Keyword)],
        match_field: Some("user.name".into()),
    };
    let cx = Context {
        schema: &Schema::builtin(),
        query_strings: &Echo,
        tables: &HashMap::from([("teams".to_owned(), table)]),
        names: Names::Open,
        implicit_limit: None,
    };
    compile(query, &cx)
}

fn shown(query: &str) -> String {
    match open(query) {
        Ok(compiled) => show::plan(&compiled.plan),
        Err(problems) => messages(query, &problems),
    }
}

fn messages(query: &str, problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let place = query.get(problem.span.clone()).unwrap_or("?");
        let help = problem.help.as_ref().map_or(String::new(), |help| format!(" ({help})"));
        format!("`{place}`: {}{help}", problem.message)
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Compares with the expectations in a file, or writes them anew if the
/// environment asks for it.
fn check(file: &str, text: &str, answer: fn(&str) -> String) {
    let cases: Vec<(&str, &str)> = cases(text).collect();
    if std::env::var_os("UPDATE_EXPECTATIONS").is_some() {
        let anew: Vec<String> =
            cases.iter().map(|(query, _)| format!("{query}\n---\n{}\n", answer(query))).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/esql/tests").join(file);
        assert!(std::fs::write(path, anew.join("\n")).is_ok());
        return;
    }
    for (query, expected) in cases {
        assert_eq!(answer(query), expected, "\n{query}");
    }
}

/// Sections of a file: a query, `---`, what is expected.
fn cases(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|case| !case.is_empty())
        .map(|case| case.split_once("\n---\n").unwrap_or((case, "")))
}

#[test]
fn plans() {
    check("plans.txt", include_str!("plans.txt"), shown);
}

/// Warnings of a query.
fn warned(query: &str) -> String {
    match open(query) {
        Ok(compiled) if compiled.warnings.is_empty() => "nothing".to_owned(),
        Ok(compiled) => compiled
            .warnings
            .iter()
            .map(|problem| {
                let lint = problem.lint.unwrap_or("?");
                format!("{lint} {}", messages(query, std::slice::from_ref(problem)))
            })
            .collect::<Vec<_>>()
            .join("\n"),
        Err(problems) => format!("error {}", messages(query, &problems)),
    }
}

#[test]
fn lints() {
    check("lints.txt", include_str!("lints.txt"), warned);
}

#[test]
fn errors() {
    check("errors.txt", include_str!("errors.txt"), shown);
}

#[test]
fn every_rule_of_the_corpus_compiles() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus"));
    let Ok(queries) = corpus::queries(folder) else {
        eprintln!("skipped: no corpus at {}", folder.display());
        return;
    };
    let mut broken = Vec::new();
    for (path, query) in &queries {
        if let Err(problems) = open(query) {
            broken.push(format!("{path}\n{}", messages(query, &problems)));
        }
    }
    assert!(broken.is_empty(), "{} of {}\n{}", broken.len(), queries.len(), broken.join("\n"));
}
