//! All rules compile, what Kibana refuses is refused, no text panics. What
//! queries match is tested in the conformance suite.

use super::compile;
use crate::schema::{Schema, parse_type};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is missing", path.display());
    None
}

fn rule_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rule_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

#[test]
fn detection_rules_compile() {
    let Some(folder) = shared("corpus/detection-rules") else { return };
    let schema = Schema::builtin();
    let mut paths = Vec::new();
    rule_files(&folder, &mut paths);
    let mut count = 0;
    for path in paths {
        let file: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let Some(rule) = file.get("rule") else { continue };
        let text = |key: &str| rule.get(key).and_then(toml::Value::as_str);
        if text("language") != Some("kuery") {
            continue;
        }
        for query in [text("query"), text("threat_query")].into_iter().flatten() {
            if let Err(problems) = compile(query, &schema) {
                let problem = &problems[0];
                panic!(
                    "{}: {} at `{}`",
                    path.display(),
                    problem.message,
                    &query[problem.span.clone()]
                );
            }
            count += 1;
        }
    }
    assert!(count > 500);
}

#[test]
fn refuses_what_kibana_refuses() {
    let Some(path) = shared("conformance/kql/cases.toml") else { return };
    let file: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let mut accepted = Vec::new();
    for case in file["refused"].as_array().unwrap() {
        if case["dialect"].as_str() == Some("elasticsearch") {
            continue;
        }
        let mapping =
            case.get("mapping").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        let fields = mapping
            .iter()
            .map(|(name, ty)| (name.clone(), parse_type(ty.as_str().unwrap()).unwrap()));
        let query = case["query"].as_str().unwrap();
        if compile(query, &Schema::closed(fields)).is_ok() {
            accepted.push(query.to_owned());
        }
    }
    assert!(accepted.is_empty(), "accepted: {accepted:#?}");
}

/// Queries that must be refused, a part of the message, and where.
const REFUSED: &[(&str, &str, &str)] = &[
    ("a:null", "is no value", "null"),
    ("process.pid:four", "not a number", "four"),
    ("source.ip:10.0.0", "not an address", "10.0.0"),
    ("process.pid:4*", "without wildcards", "4*"),
    ("a:b\\c", "backslash", "\\"),
    ("a:(b or )", "expected a value", ")"),
    ("a:\"b", "not closed", "\""),
];

#[test]
fn refusals_say_why_and_where() {
    let schema = Schema::builtin();
    for (query, part, place) in REFUSED {
        let problems = compile(query, &schema).expect_err(query);
        assert!(problems[0].message.contains(part), "{query}: {problems:?}");
        assert_eq!(&query[problems[0].span.clone()], *place, "{query}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = compile(&text, &Schema::builtin());
    }

    #[test]
    fn no_mixture_of_tokens_panics(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..24)) {
        let _ = compile(&tokens.concat(), &Schema::builtin());
        let _ = compile(&tokens.join(" "), &Schema::builtin());
    }
}

/// Words that the grammar knows.
const TOKENS: &[&str] = &[
    "a",
    "process.pid",
    "@timestamp",
    "source.ip",
    "message",
    ":",
    "(",
    ")",
    "{",
    "}",
    "<",
    ">=",
    " and ",
    " or ",
    "not ",
    "*",
    "\"x\"",
    "\"",
    "\\",
    "\\u00e9",
    "\\and",
    "\u{a0}",
    "4",
    "null",
    "10.0.0.0/8",
    "now-1d/d",
    "é",
    "file.hash.*",
];
