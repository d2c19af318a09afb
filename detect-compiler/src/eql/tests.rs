//! All rules of both corpora compile; what Elasticsearch refuses is refused; no
//! text makes the compiler panic.

use super::{Context, Dialect, Unmapped, compile};
use crate::schema::{FieldType, Mapping, Schema, parse_type};
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

/// Compiles every EQL rule below the folder and gives their number.
fn compile_all(folder: &Path, dialect: Dialect) -> usize {
    let schema = Schema::builtin();
    let mut paths = Vec::new();
    rule_files(folder, &mut paths);
    let mut count = 0;
    for path in paths {
        let file: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let Some(rule) = file.get("rule") else { continue };
        let text = |key: &str| rule.get(key).and_then(toml::Value::as_str);
        if dialect == Dialect::Elasticsearch && text("language") != Some("eql") {
            continue;
        }
        let context = Context {
            category_field: text("event_category_override").unwrap_or("event.category"),
            ..Context::new(&schema, dialect)
        };
        let query = text("query").unwrap();
        if let Err(problems) = compile(query, &context) {
            let problem = &problems[0];
            panic!("{}: {} at `{}`", path.display(), problem.message, &query[problem.span.clone()]);
        }
        count += 1;
    }
    count
}

#[test]
fn detection_rules_compile() {
    if let Some(folder) = shared("corpus/detection-rules") {
        assert!(compile_all(&folder, Dialect::Elasticsearch) > 500);
    }
}

#[test]
fn endpoint_rules_compile() {
    if let Some(folder) = shared("corpus/endpoint-rules") {
        assert!(compile_all(&folder, Dialect::Endpoint) > 500);
    }
}

/// A type of the suite's mapping.
fn declared(name: &str) -> FieldType {
    match name {
        "text+keyword" => parse_type("keyword").unwrap(),
        other => parse_type(other).unwrap(),
    }
}

#[test]
fn refuses_what_elasticsearch_refuses() {
    let Some(path) = shared("conformance/eql/refused.toml") else { return };
    let file: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let mapping = file["mapping"].as_table().unwrap();
    let fields = mapping.iter().map(|(name, ty)| (name.clone(), declared(ty.as_str().unwrap())));
    let schema = Schema::closed(fields);
    let context = Context {
        category_field: "event_type",
        unmapped: Unmapped::Refuse,
        ..Context::new(&schema, Dialect::Elasticsearch)
    };
    let accepted: Vec<&str> = file["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["query"].as_str().unwrap())
        .filter(|query| compile(query, &context).is_ok())
        .collect();
    assert!(accepted.is_empty(), "accepted: {accepted:#?}");
}

#[test]
fn refuses_old_syntax() {
    let Some(path) = shared("conformance/eql/queries-unsupported.eql") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let schema = Schema::builtin();
    let context = Context::new(&schema, Dialect::Elasticsearch);
    for statement in text.split(';').map(str::trim).filter(|s| !s.is_empty()) {
        assert!(compile(statement, &context).is_err(), "accepted: {statement}");
    }
}

/// Queries that must be refused in a dialect and a part of the message.
const REFUSED: &[(Dialect, &str, &str)] = &[
    (Dialect::Elasticsearch, "process where a == b", "against fields"),
    (Dialect::Elasticsearch, "process where a == 'b'", "single quotes"),
    (Dialect::Elasticsearch, "process where a = 1", "unexpected character `=`"),
    (Dialect::Elasticsearch, r#"process where startswth(a, "b")"#, "unknown function"),
    (Dialect::Elasticsearch, r#"process where concat~(a, "b") == "x""#, "case-insensitive"),
    (Dialect::Elasticsearch, r#"process where cidrMatch~(source.ip, "::1")"#, "case-insensitive"),
    (Dialect::Elasticsearch, r#"process where wildcard(a, "b*")"#, "unknown function"),
    (Dialect::Elasticsearch, "sequence [a where true] [b where true] by c", "join keys"),
    (Dialect::Elasticsearch, "sequence [a where true] ![b where true]", "maxspan"),
    (Dialect::Elasticsearch, "sequence [a where true] as x [b where true]", "expected"),
    (Dialect::Elasticsearch, "sample [a where true] [b where true]", "join key"),
    (Dialect::Elasticsearch, "process where process.pid : \"4\"", "no patterns"),
    (Dialect::Elasticsearch, "process where process.pid == \"four\"", "cannot be compared"),
    (Dialect::Endpoint, "sequence [a where true] ![b where true]", "not supported"),
    (Dialect::Endpoint, "process where $x.y == 1", "not defined"),
    (Dialect::Endpoint, "process where child of [process where true]", "not supported"),
];

#[test]
fn refusals_say_why() {
    let schema = Schema::builtin();
    for (dialect, query, part) in REFUSED {
        let problems = compile(query, &Context::new(&schema, *dialect)).expect_err(query);
        assert!(problems.iter().any(|p| p.message.contains(part)), "{query}: {problems:?}");
    }
}

#[test]
fn an_alias_joins() {
    let schema = Schema::builtin();
    let context = Context::new(&schema, Dialect::Endpoint);
    let query = r#"sequence by host.id
        [file where file.name : "*.exe"] as event0
        [process where process.name != null and startswith~(process.executable, event0.file.path)]"#;
    let compiled = compile(query, &context).unwrap();
    let crate::plan::Body::Sequence(sequence) = compiled.body else { panic!("no sequence") };
    assert!(sequence.terms[0].join.is_none());
    assert!(sequence.terms[1].join.is_some());
    assert_eq!(compiled.stages.len(), 2);
    assert!(compiled.stages[0].starts_with("[file where"));
}

#[test]
fn nesting_is_bounded() {
    let schema = Schema::builtin();
    let context = Context::new(&schema, Dialect::Endpoint);
    for (open, close) in
        [("(", ")"), ("not ", ""), ("length(", ")"), ("descendant of [a where ", "]")]
    {
        let query = format!("a where {}x{}", open.repeat(5000), close.repeat(5000));
        assert!(compile(&query, &context).is_err());
    }
    let query = format!("a where x == {}1", "1+".repeat(5000));
    assert!(compile(&query, &context).is_err());
}

#[test]
fn declared_mapping_is_used() {
    let caseless = FieldType { mapping: Mapping::Caseless, ..parse_type("keyword").unwrap() };
    let schema = Schema::closed([("name".to_owned(), caseless)]);
    let context = Context::new(&schema, Dialect::Elasticsearch);
    let plan = format!("{:?}", compile(r#"any where name == "X""#, &context).unwrap().body);
    assert!(plan.contains("Full"), "{plan}");
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let schema = Schema::builtin();
        for dialect in [Dialect::Elasticsearch, Dialect::Endpoint] {
            let _ = compile(&text, &Context::new(&schema, dialect));
        }
    }

    #[test]
    fn no_mixture_of_tokens_panics(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..24)) {
        let schema = Schema::builtin();
        for dialect in [Dialect::Elasticsearch, Dialect::Endpoint] {
            let context = Context::new(&schema, dialect);
            let text = tokens.join(" ");
            let _ = compile(&text, &context);
            let _ = compile(&format!("process where {text}"), &context);
            let _ = compile(&format!("sequence [any where {text}] by x [any where true] by y"), &context);
        }
    }
}

/// Words that the grammar knows.
const TOKENS: &[&str] = &[
    "process",
    "where",
    "and",
    "or",
    "not",
    "in",
    "in~",
    "like",
    "regex~",
    ":",
    "==",
    "!=",
    "<",
    ">=",
    "(",
    ")",
    "[",
    "]",
    "![",
    ",",
    "|",
    "head",
    "tail",
    "5",
    "1.5",
    "-",
    "*",
    "%",
    "\"a*\"",
    "\"10.0.0.0/8\"",
    "null",
    "true",
    "process.pid",
    "?x",
    "`y`",
    "source.ip",
    "length(",
    "cidrmatch(",
    "_arraysearch(",
    "$e",
    "$e.z",
    "descendant of",
    "sequence",
    "sample",
    "by",
    "with",
    "maxspan=1s",
    "runs=3",
    "until",
    "as e",
    "e.pid",
    "\"\"\"r\"\"\"",
    "//",
    "/*",
    "@timestamp",
    "between(",
];
