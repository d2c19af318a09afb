//! What each fuzz target does with an input: every parser of the project over any
//! bytes. Nothing may panic, hang, overflow the stack or ask for memory by a number
//! that the input names.
//!
//! `cargo fuzz` drives these functions with coverage; `tests/fuzz_smoke.rs` of the
//! root package drives the same ones with a fixed set of mutated texts, so this file
//! is a module there and a crate here.

#![allow(missing_docs, unreachable_pub, reason = "a crate for cargo fuzz, a module for the test")]

use bumpalo::Bump;
use detect_compiler::compile::{Options, compile};
use detect_compiler::diagnostic::{Report, Style};
use detect_compiler::expand::OnError;
use detect_compiler::rule::{File, Folder, parse_duration, parse_relative};
use detect_runtime::engine::{Engine, Options as Run, Partials, Ruleset};
use detect_runtime::event::Raw;
use detect_runtime::test::Fold;
use detect_runtime::text::dialect::{Dialect, Regex, Replacement};
use detect_runtime::text::{dissect, glob, grok, lucene, whole::Whole};
use detect_runtime::value::{
    Cx, Type, Value, Warnings, address, compare_versions, date, load_one, number,
};
use std::cmp::Ordering;
use std::fmt::Write as _;

/// A target: the name of its file, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// The targets that need no compiled rules.
pub const TARGETS: [Target; 8] = [
    ("rule", rule),
    ("esql", esql),
    ("eql", eql),
    ("endpoint", endpoint),
    ("kql", kql),
    ("lucene", lucene_query),
    ("pattern", pattern),
    ("value", value),
];

/// A rule file the whole way: TOML, front end, optimiser, tokens, messages.
pub fn rule(input: &[u8]) {
    let path = "fuzz.toml".to_owned();
    let folder = Folder { files: vec![File { path, bytes: input.to_vec() }] };
    let options = Options {
        on_error: OnError::Skip,
        runtime: "detect::runtime".parse().expect("a path"),
        ..Options::default()
    };
    if let Ok(compiled) = compile(&folder, &options) {
        compiled.refused.iter().chain(&compiled.warnings).for_each(shown);
    }
}

/// A message is shown in both forms, and its places lie in the file.
fn shown(report: &Report) {
    for problem in &report.problems {
        let span = &problem.span;
        assert!(span.start <= span.end, "{problem:?}");
        assert!(span.end <= report.source.len(), "{problem:?}");
        assert!(!problem.message.is_empty(), "{problem:?}");
    }
    assert!(!report.render(Style::Plain).is_empty());
    assert_eq!(report.json().len(), report.problems.len());
}

pub fn esql(input: &[u8]) {
    query("type = \"esql\"\nlanguage = \"esql\"", input);
}

pub fn eql(input: &[u8]) {
    query("type = \"eql\"\nlanguage = \"eql\"", input);
}

pub fn kql(input: &[u8]) {
    query("type = \"query\"\nlanguage = \"kuery\"", input);
}

pub fn lucene_query(input: &[u8]) {
    query("type = \"query\"\nlanguage = \"lucene\"", input);
}

/// EQL as Elastic Endpoint reads it.
pub fn endpoint(input: &[u8]) {
    let query = quoted(&String::from_utf8_lossy(input));
    let file = format!(
        "[rule]\nid = \"5b2c9a54-6d0f-4a53-9a55-0f3fb1f7a001\"\nname = \"F\"\ndescription = \"F\"\n\
         license = \"MIT\"\nos_list = [\"linux\"]\nversion = \"1.0.0\"\nreputation = false\n\
         query = {query}\n"
    );
    rule(file.as_bytes());
}

/// A query within a rule, so that its messages go the way to their place in a file
/// with escapes.
fn query(head: &str, input: &[u8]) {
    let query = quoted(&String::from_utf8_lossy(input));
    let file = format!(
        "[rule]\nrule_id = \"5b2c9a54-6d0f-4a53-9a55-0f3fb1f7a002\"\nname = \"F\"\n\
         description = \"F\"\nseverity = \"low\"\nrisk_score = 21\n{head}\nquery = {query}\n"
    );
    rule(file.as_bytes());
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Patterns of all kinds: the first line is the pattern, the rest is the text.
pub fn pattern(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let (pattern, text) = input.split_once('\n').unwrap_or((&input, "a/b c"));
    for dialect in [Dialect::Java, Dialect::Oniguruma] {
        if let Ok(regex) = Regex::new(pattern, dialect) {
            let mut search = regex.search(text);
            let mut matches = 0;
            while let Ok(Some(_)) = search.next_match() {
                matches += 1;
                assert!(matches <= text.len() + 1, "an empty match moves on");
            }
            let _ = Replacement::new(text, &regex);
        }
    }
    for fold in [Fold::None, Fold::Ascii, Fold::Full] {
        for glob in [Some(glob::plain(pattern)), glob::escaped(pattern).ok()].into_iter().flatten()
        {
            let ready = glob::Pattern::new(&glob, fold);
            assert_eq!(ready.matches(text), glob::matches(&glob, text, fold));
        }
        let options = lucene::Options { fold, fold_ranges: true };
        let _ = lucene::test(pattern, options);
        if let Ok(translated) = lucene::translate(pattern, options)
            && let Ok(whole) = Whole::new(&translated)
        {
            let _ = whole.matches(text);
        }
    }
    let _ = dissect::columns(pattern);
    let _ = grok::columns(&[pattern]);
}

/// Values as texts: one a line, each read as everything that has a reader.
pub fn value(input: &[u8]) {
    const TYPES: [Type; 10] = [
        Type::Boolean,
        Type::Integer,
        Type::Long,
        Type::UnsignedLong,
        Type::Double,
        Type::Date,
        Type::DateNanos,
        Type::Ip,
        Type::Version,
        Type::GeoPoint,
    ];
    let input = String::from_utf8_lossy(input);
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let mut before = "1.0.0";
    for line in input.lines() {
        for ty in TYPES {
            let _ = load_one(Raw::Text(line), ty, &arena);
            if let Some(function) = detect_runtime::functions::conversion(ty) {
                let _ = (function.eval)(&cx, &[Value::Text(line)]);
            }
        }
        if let Some(nanoseconds) = date::parse(line) {
            let millis = i64::try_from(nanoseconds.div_euclid(1_000_000));
            let _ = millis.map(|millis| (date::print(millis), date::add_months(millis, i64::MAX)));
        }
        if let Some(parsed) = address::parse(line) {
            assert_eq!(address::parse(&address::print(parsed)), Some(parsed));
        }
        let _ = (address::Block::parse(line), number::parse_double(line));
        let _ = (parse_duration(line), parse_relative(line));
        let _ = detect_runtime::value::well_known_point(line, true);
        for (function, args) in [
            ("date_parse", vec![Value::Text(line), Value::Text(before)]),
            ("date_format", vec![Value::Text(line), Value::Date(1_700_000_000_000)]),
            ("to_date_period", vec![Value::Text(line)]),
            ("to_time_duration", vec![Value::Text(line)]),
            ("cidr_match", vec![Value::Text(before), Value::Text(line)]),
        ] {
            if let Some(function) = detect_runtime::functions::lookup(function) {
                let _ = (function.eval)(&cx, &args);
            }
        }
        assert_eq!(compare_versions(line, before), compare_versions(before, line).reverse());
        assert_eq!(compare_versions(line, line), Ordering::Equal);
        before = line;
    }
}

/// A snapshot that was damaged: an error, or a state that works.
pub fn snapshot<R: Ruleset>(input: &[u8], events: &[u8]) {
    let mut engine = Engine::<R>::new(Run::default()).expect("a table of this version");
    if engine.restore(input).is_ok() {
        let mut alerts: Vec<String> = Vec::new();
        engine.feed(events, &mut alerts);
        let _ = engine.snapshot();
        engine.finish(&mut alerts);
    }
}

/// Hits that were damaged on the way between shards.
pub fn partials<R: Ruleset>(input: &[u8]) {
    let mut engine = Engine::<R>::new(Run::default()).expect("a table of this version");
    let partials = Partials { hits: input.to_vec(), ..Partials::default() };
    let mut alerts: Vec<String> = Vec::new();
    let _ = engine.merge(&partials, &mut alerts);
    engine.finish(&mut alerts);
}
