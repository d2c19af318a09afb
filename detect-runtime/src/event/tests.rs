use super::reference::{Document, Reader};
use super::*;
use crate::json::layout::{FieldSpec, Flags, Layout, build};
use crate::json::projector::Projector;
use crate::value::{Type, Value};

/// What field `f` of a line reads as, in both modes.
fn load(line: &str, ty: Type) -> String {
    let table = build(&[FieldSpec { path: "f".into(), flags: Flags::NONE }]).unwrap();
    let layout = Layout::new(&table).unwrap();
    let arena = Bump::new();
    let mut projector = Projector::new(layout);
    let mut reader = Reader::new(layout);
    let fast = format!("{:?}", projector.project(line.as_bytes(), &arena).unwrap().load(0, ty));
    let plain = format!("{:?}", reader.read(line.as_bytes(), &arena).unwrap().load(0, ty));
    assert_eq!(fast, plain);
    fast
}

#[test]
fn loads_what_an_index_would_store() {
    let table: &[(&str, Type, Value<'_>)] = &[
        (r#"{"f":[]}"#, Type::Keyword, Value::Null),
        (r#"{"f":"b"}"#, Type::Keyword, Value::Text("b")),
        (r#"{"f":1.50}"#, Type::Keyword, Value::Text("1.50")),
        (r#"{"f":true}"#, Type::Keyword, Value::Text("true")),
        (
            r#"{"f":["b","a","b"]}"#,
            Type::Keyword,
            Value::Multi(&[Value::Text("a"), Value::Text("b")]),
        ),
        (r#"{"f":["b","b"]}"#, Type::Keyword, Value::Text("b")),
        (r#"{"f":["b","a"]}"#, Type::Text, Value::Multi(&[Value::Text("b"), Value::Text("a")])),
        (
            r#"{"f":[3,"2",3]}"#,
            Type::Long,
            Value::Multi(&[Value::Long(2), Value::Long(3), Value::Long(3)]),
        ),
        (r#"{"f":[3,"x",null,{}]}"#, Type::Long, Value::Long(3)),
        (r#"{"f":"-7.9"}"#, Type::Long, Value::Long(-7)),
        (r#"{"f":1e3}"#, Type::Long, Value::Long(1000)),
        (r#"{"f":9223372036854775808}"#, Type::Long, Value::Null),
        (r#"{"f":9223372036854775808}"#, Type::UnsignedLong, Value::UnsignedLong(1 << 63)),
        (r#"{"f":2147483648}"#, Type::Integer, Value::Null),
        (r#"{"f":"2.5"}"#, Type::Double, Value::Double(2.5)),
        (r#"{"f":1e999}"#, Type::Double, Value::Null),
        (r#"{"f":"inf"}"#, Type::Double, Value::Null),
        (
            r#"{"f":["false",true]}"#,
            Type::Boolean,
            Value::Multi(&[Value::Boolean(false), Value::Boolean(true)]),
        ),
        (r#"{"f":1}"#, Type::Boolean, Value::Null),
        (r#"{"f":"1970-01-01T00:00:01.5Z"}"#, Type::Date, Value::Date(1500)),
        (r#"{"f":1500}"#, Type::Date, Value::Date(1500)),
        (r#"{"f":"1970-01-01T00:00:00.000000007Z"}"#, Type::DateNanos, Value::DateNanos(7)),
        (
            r#"{"f":"10.0.0.1"}"#,
            Type::Ip,
            Value::Ip([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1]),
        ),
        (r#"{"f":"::1"}"#, Type::Ip, Value::Ip([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
        (r#"{"f":"no address"}"#, Type::Ip, Value::Null),
    ];
    for (line, ty, expected) in table {
        assert_eq!(load(line, *ty), format!("{expected:?}"), "{line} {ty:?}");
    }
}

#[test]
fn escaped_text_is_resolved_once_and_only_when_asked() {
    let table = build(&[FieldSpec { path: "f".into(), flags: Flags::NONE }]).unwrap();
    let mut projector = Projector::new(Layout::new(&table).unwrap());
    let arena = Bump::new();
    let event = projector.project(br#"{"f":["plain","a\\b"]}"#, &arena).unwrap();
    assert_eq!(event.text_bytes(0, 0), Some(&b"plain"[..]));
    assert_eq!(event.text_bytes(0, 1), None);
    assert_eq!(arena.allocated_bytes(), 0);
    let (Some(Raw::Text(first)), Some(Raw::Text(second))) = (event.raw(0, 1), event.raw(0, 1))
    else {
        panic!("no text");
    };
    assert_eq!(first, r"a\b");
    assert_eq!(first.as_ptr(), second.as_ptr());
}

#[test]
fn documents_keep_what_was_written() {
    let line = r#"{"a":1.0,"a":[null,true,{"b\n":"\"x\""}],"c":{}}"#;
    let document = Document::parse(line.as_bytes()).unwrap();
    let again = Document::parse(document.to_string().as_bytes()).unwrap();
    assert_eq!(document, again);
    assert!(document.to_string().starts_with(r#"{"a":1.0,"a":[null,true"#));
}
