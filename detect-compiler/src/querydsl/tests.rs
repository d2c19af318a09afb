//! Leaves by type, as text of the condition.

use super::{Wording, equals, exists, range, wildcard};
use crate::schema::Schema;
use detect_runtime::test::{Fold, Glob, Order, Piece};

/// Field, value, and a part of the condition that it gives.
const EQUALS: &[(&str, &str, &str)] = &[
    ("process.name", "cmd.exe", "Equals { text: \"cmd.exe\", fold: None }"),
    ("process.name.caseless", "cmd.exe", "fold: Full"),
    ("process.pid", "4", "Number { order: Equal, number: Long(4) }"),
    ("source.ip", "10.0.0.1/8", "bits: 104"),
    ("@timestamp", "2024-05", "DateWithin"),
    ("@timestamp", "now-1d/d", "date_math"),
    ("message", "beacon-chain", "AnyToken([\"beacon\", \"chain\"])"),
    ("message", "$(", "Const(false)"),
    ("no.such.field", "4", "Number"),
    ("no.such.field", "four", "Equals"),
];

#[test]
fn equality_follows_the_type() {
    let schema = Schema::builtin();
    for (field, value, part) in EQUALS {
        let cond = format!("{:?}", equals(field, value, Wording::AnyWord, &schema).unwrap());
        assert!(cond.contains(part), "{field}:{value} gives {cond}");
    }
}

#[test]
fn phrases_keep_their_order() {
    let cond = equals("message", "Lazy dog", Wording::Phrase, &Schema::builtin()).unwrap();
    assert!(format!("{cond:?}").contains("Phrase([\"lazy\", \"dog\"])"));
}

#[test]
fn ranges_follow_the_type() {
    let schema = Schema::builtin();
    let debug = |field, text| format!("{:?}", range(field, Order::Less, text, &schema));
    assert!(debug("process.name", "9").contains("TextOrder"));
    assert!(debug("process.pid", "9").contains("Number"));
    assert!(debug("source.ip", "10.0.0.0").contains("AddressOrder"));
    assert!(debug("process.pid", "nine").contains("Mismatch"));
}

#[test]
fn wildcards_need_text() {
    let schema = Schema::builtin();
    let glob = Glob(vec![Piece::Literal("Lazy d".to_owned()), Piece::Any]);
    let debug = |field| format!("{:?}", wildcard(field, glob.clone(), Fold::None, &schema));
    assert!(debug("process.name").contains("Glob"));
    assert!(debug("process.pid").contains("Mismatch"));
    // Split at the blank: a word, and a pattern for a word.
    assert!(debug("message").contains("AnyToken([\"lazy\"])"));
    assert!(debug("message").contains("TokenGlob"));
}

#[test]
fn objects_exist() {
    let schema = Schema::builtin();
    assert!(format!("{:?}", exists("process.name", &schema)).contains("objects: false"));
    assert!(format!("{:?}", exists("no.such.field", &schema)).contains("objects: true"));
}
