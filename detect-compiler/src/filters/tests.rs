//! Filters against documents over the plain form.

use super::{FilterError, compile};
use crate::plan::{Cond, plain};
use crate::schema::Schema;
use bumpalo::Bump;
use detect_runtime::event::reference::Document;
use detect_runtime::plain::Scope;
use detect_runtime::value::{Cx, Warnings};

fn read(filters: &str) -> Result<Cond, FilterError> {
    let file: toml::Table = filters.parse().unwrap();
    compile(file["filters"].as_array().unwrap(), &Schema::builtin())
}

fn holds(filters: &str, document: &str) -> bool {
    let form = plain::form(&read(filters).unwrap());
    let document = Document::parse(document.as_bytes()).unwrap();
    let (arena, warnings) = (Bump::new(), Warnings::default());
    form.holds(&Scope::new(&document, Cx { arena: &arena, now: 0, warnings: &warnings }))
}

/// Filters, a document that passes, a document that does not.
const CASES: &[(&str, &str, &str)] = &[
    (
        r#"filters = [{ query.wildcard."file.path" = { value = 'C:\\a?\\*', case_insensitive = true } }]"#,
        r#"{"file":{"path":"c:\\AB\\x"}}"#,
        r#"{"file":{"path":"c:\\ABC\\x"}}"#,
    ),
    (
        r#"filters = [{ query.wildcard."file.path" = { value = 'a\*' } }]"#,
        r#"{"file":{"path":"a*"}}"#,
        r#"{"file":{"path":"A*"}}"#,
    ),
    (
        r#"filters = [{ meta.negate = true, exists.field = "user.id" }]"#,
        r#"{"user":{"name":"x"}}"#,
        r#"{"user":{"id":"x"}}"#,
    ),
    (
        r#"filters = [{ query.exists.field = "user.id" }]"#,
        r#"{"user":{"id":["x"]}}"#,
        r#"{"user":{"id":[]}}"#,
    ),
    (
        r#"filters = [{ query.match_phrase."event.kind" = "enrichment" }, { query.match_phrase."process.pid" = { query = 4 } }]"#,
        r#"{"event":{"kind":"enrichment"},"process":{"pid":4}}"#,
        r#"{"event":{"kind":"enrichment"},"process":{"pid":5}}"#,
    ),
];

#[test]
fn filters_hold_as_they_say() {
    for (filters, yes, no) in CASES {
        assert!(holds(filters, yes), "{filters} should pass {yes}");
        assert!(!holds(filters, no), "{filters} should not pass {no}");
    }
}

#[test]
fn a_disabled_filter_is_left_out() {
    assert!(holds(r#"filters = [{ meta.disabled = true, exists.field = "user.id" }]"#, "{}"));
}

/// What is refused and how.
const REFUSED: &[(&str, &str)] = &[
    (r#"filters = [{ query.bool.must = [] }]"#, "filter 1: `bool` is not supported"),
    (
        r#"filters = [{ query.wildcard.a = { value = "x", boost = 2 } }]"#,
        "filter 1: `boost` is not supported",
    ),
    (r#"filters = [{ meta.negate = true }]"#, "filter 1: expected one query in each filter"),
    (r#"filters = [{ script = "x" }]"#, "filter 1: `script` is not supported"),
    (
        r#"filters = [{ query.match_phrase."process.pid" = "x" }]"#,
        "filter 1: `x` is not a number, and `process.pid` has only such values",
    ),
];

#[test]
fn everything_else_is_refused_by_name() {
    for (filters, message) in REFUSED {
        assert_eq!(read(filters).unwrap_err().to_string(), *message);
    }
}
