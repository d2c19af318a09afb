//! Filters against documents over the plain form.

use super::{FilterError, compile};
use crate::plan::{Cond, plain};
use crate::schema::Schema;
use bumpalo::Bump;
use detect_runtime::event::reference::Document;
use detect_runtime::plain::Scope;
use detect_runtime::value::{Cx, Warnings};

fn read(filter: &str) -> Result<Cond, FilterError> {
    compile(&serde_json::from_str(filter).unwrap(), &Schema::builtin())
}

fn holds(filters: &str, document: &str) -> bool {
    let form = plain::form(&read(filters).unwrap());
    let document = Document::parse(document.as_bytes()).unwrap();
    let (arena, warnings) = (Bump::new(), Warnings::default());
    form.holds(&Scope::new(&document, Cx { arena: &arena, now: 0, warnings: &warnings }))
}

/// Filter, a document that passes, a document that does not.
const CASES: &[(&str, &str, &str)] = &[
    (
        r#"{"query":{"wildcard":{"file.path":{"value":"C:\\\\a?\\\\*","case_insensitive":true}}}}"#,
        r#"{"file":{"path":"c:\\AB\\x"}}"#,
        r#"{"file":{"path":"c:\\ABC\\x"}}"#,
    ),
    (
        r#"{"query":{"wildcard":{"file.path":{"value":"a\\*"}}}}"#,
        r#"{"file":{"path":"a*"}}"#,
        r#"{"file":{"path":"ab"}}"#,
    ),
    (
        r#"{"meta":{"negate":true},"exists":{"field":"user.id"}}"#,
        r#"{"user":{"name":"x"}}"#,
        r#"{"user":{"id":"x"}}"#,
    ),
    (
        r#"{"query":{"exists":{"field":"user.id"}}}"#,
        r#"{"user":{"id":["x"]}}"#,
        r#"{"user":{"id":[]}}"#,
    ),
    (
        r#"{"query":{"match_phrase":{"event.kind":"enrichment"}}}"#,
        r#"{"event":{"kind":"enrichment"}}"#,
        r#"{"event":{"kind":"Enrichment"}}"#,
    ),
    (
        r#"{"query":{"match_phrase":{"process.pid":{"query":4}}},"$state":{"store":"appState"}}"#,
        r#"{"process":{"pid":4}}"#,
        r#"{"process":{"pid":5}}"#,
    ),
];

#[test]
fn filters_hold_as_they_say() {
    for (filter, yes, no) in CASES {
        assert!(holds(filter, yes), "{filter} should pass {yes}");
        assert!(!holds(filter, no), "{filter} should not pass {no}");
    }
}

#[test]
fn a_disabled_filter_is_left_out() {
    assert!(holds(r#"{"meta":{"disabled":true},"exists":{"field":"user.id"}}"#, "{}"));
}

/// What is refused and how.
const REFUSED: &[(&str, &str)] = &[
    (r#"{"query":{"bool":{"must":[]}}}"#, "`bool` is not supported"),
    (r#"{"query":{"wildcard":{"a":{"value":"x","boost":2}}}}"#, "`boost` is not supported"),
    (r#"{"meta":{"negate":true}}"#, "expected one query in each filter"),
    (r#"{"script":"x"}"#, "`script` is not supported"),
    (r#"{"exists":{"field":4}}"#, "expected a text"),
    (
        r#"{"query":{"match_phrase":{"process.pid":"x"}}}"#,
        "`x` is not a number, and `process.pid` has only such values",
    ),
];

#[test]
fn everything_else_is_refused_by_name() {
    for (filter, message) in REFUSED {
        assert_eq!(read(filter).unwrap_err().to_string(), *message);
    }
}
