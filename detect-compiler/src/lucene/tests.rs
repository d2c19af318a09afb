//! Queries against documents over the plain form; refusals; no text panics.

use super::compile;
use crate::plan::plain;
use crate::schema::Schema;
use bumpalo::Bump;
use detect_runtime::event::reference::Document;
use detect_runtime::plain::Scope;
use detect_runtime::value::{Cx, Warnings};
use proptest::prelude::*;

fn holds(query: &str, document: &str) -> bool {
    let compiled = compile(query, &Schema::builtin()).unwrap_or_else(|p| panic!("{query}: {p:?}"));
    let form = plain::form(&compiled.cond);
    let document = Document::parse(document.as_bytes()).unwrap();
    let (arena, warnings) = (Bump::new(), Warnings::default());
    form.holds(&Scope::new(&document, Cx { arena: &arena, now: 0, warnings: &warnings }))
}

/// Query, a document that matches, a document that does not.
const CASES: &[(&str, &str, &str)] = &[
    ("process.name:chmod", r#"{"process":{"name":"chmod"}}"#, r#"{"process":{"name":"Chmod"}}"#),
    ("process.name:(a or b)", r#"{"process.name":"or"}"#, r#"{"process.name":"c"}"#),
    ("process.name:(a OR b)", r#"{"process.name":"b"}"#, r#"{"process.name":"or"}"#),
    ("process.args:g+s", r#"{"process.args":["chmod","g+s"]}"#, r#"{"process.args":"g"}"#),
    ("process.args:/2[0-9]{3}/", r#"{"process.args":"2755"}"#, r#"{"process.args":"02755"}"#),
    ("a:x AND NOT b:y", r#"{"a":"x"}"#, r#"{"a":"x","b":["z","y"]}"#),
    ("a:x OR b:y AND c:z", r#"{"b":"y","c":"z"}"#, r#"{"a":"x","b":"y"}"#),
    ("a:x AND b:y OR c:z", r#"{"a":"x","b":"y"}"#, r#"{"c":"z"}"#),
    ("a:x b:y", r#"{"b":"y"}"#, r#"{"c":"x"}"#),
    ("a:x && !b:y", r#"{"a":"x"}"#, r#"{"a":"x","b":"y"}"#),
    ("+a:x -b:y c:z", r#"{"a":"x"}"#, r#"{"c":"z"}"#),
    ("-a:x", r#"{"a":"y"}"#, r#"{"a":"x"}"#),
    ("a:x?z*", r#"{"a":"xyz!"}"#, r#"{"a":"xz"}"#),
    ("a:x\\*", r#"{"a":"x*"}"#, r#"{"a":"xy"}"#),
    ("a:\"x y\"", r#"{"a":"x y"}"#, r#"{"a":"x"}"#),
    ("message:\"lazy dog\"", r#"{"message":"A LAZY dog."}"#, r#"{"message":"dog lazy"}"#),
    ("message:fox", r#"{"message":"the Fox"}"#, r#"{"message":"foxes"}"#),
    ("a:*", r#"{"a":""}"#, r#"{"a":null}"#),
    ("_exists_:a", r#"{"a":1}"#, r#"{"b":1}"#),
    ("a.\\*:x", r#"{"a":{"b":"x"}}"#, r#"{"b":"x"}"#),
    ("x", r#"{"any":{"field":"x"}}"#, r#"{"any":"y"}"#),
    ("process.pid:[5 TO 50}", r#"{"process":{"pid":[1,7]}}"#, r#"{"process":{"pid":[1,50]}}"#),
    ("process.pid:>=5", r#"{"process":{"pid":5}}"#, r#"{"process":{"pid":4}}"#),
    ("process.pid:[5 TO *]", r#"{"process":{"pid":6}}"#, r#"{"process":{"pid":4}}"#),
    (
        "@timestamp:[2024-01-01 TO 2024-01-31]",
        r#"{"@timestamp":"2024-01-31T23:00:00Z"}"#,
        r#"{"@timestamp":"2024-02-01"}"#,
    ),
    (
        "source.ip:\"10.0.0.0/8\"",
        r#"{"source":{"ip":"10.1.2.3"}}"#,
        r#"{"source":{"ip":"11.1.2.3"}}"#,
    ),
    (
        "source.ip:10.0.0.0\\/8",
        r#"{"source":{"ip":"10.1.2.3"}}"#,
        r#"{"source":{"ip":"11.1.2.3"}}"#,
    ),
    ("a:chmod~1", r#"{"a":"chmood"}"#, r#"{"a":"chown"}"#),
    ("a:x^2", r#"{"a":"x"}"#, r#"{"a":"x^2"}"#),
    ("", r#"{"a":"x"}"#, "{"),
];

#[test]
fn queries_match_what_they_say() {
    for (query, yes, no) in CASES {
        assert!(holds(query, yes), "{query} should match {yes}");
        if no.len() > 1 {
            assert!(!holds(query, no), "{query} should not match {no}");
        }
    }
}

/// The rule of the public corpus that is written in Lucene, by its features.
#[test]
fn the_known_rule_compiles() {
    let query = "event.category:process AND event.type:(start or process_started) AND \
        process.name:chmod AND process.args:(g+s OR u+s OR /2[0-9]{3}/) AND NOT user.name:root";
    let yes = r#"{"event":{"category":"process","type":"start"},
        "process":{"name":"chmod","args":["chmod","2755"]},"user":{"name":"eve"}}"#;
    assert!(holds(query, yes));
    assert!(!holds(query, &yes.replace("eve", "root")));
}

/// Queries that must be refused and a part of the message.
const REFUSED: &[(&str, &str)] = &[
    ("a:(b", "expected"),
    ("a:", "expected a word"),
    ("a:/b", "not closed"),
    ("a:\"b", "not closed"),
    ("a:[1 TO", "expected a bound"),
    ("process.pid:four", "not a number"),
    ("message:fix~", "fuzzy"),
    ("a:()", "expected a clause"),
    (")", "expected a clause"),
];

#[test]
fn refusals_say_why() {
    for (query, part) in REFUSED {
        let problems = compile(query, &Schema::builtin()).expect_err(query);
        assert!(problems[0].message.contains(part), "{query}: {problems:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = compile(&text, &Schema::builtin());
    }

    #[test]
    fn no_mixture_of_tokens_panics(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..20)) {
        let _ = compile(&tokens.concat(), &Schema::builtin());
        let _ = compile(&tokens.join(" "), &Schema::builtin());
    }
}

/// Words that the grammar knows.
const TOKENS: &[&str] = &[
    "a",
    "process.pid",
    "message",
    ":",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    " TO ",
    "AND",
    "OR",
    "NOT",
    "&&",
    "||",
    "+",
    "-",
    "!",
    "~",
    "~1",
    "^2",
    "\"",
    "\"x y\"",
    "/",
    "/a|b/",
    "\\",
    "*",
    "?",
    ">=",
    "1",
    "é",
    "_exists_",
];
