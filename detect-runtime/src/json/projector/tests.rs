use super::*;
use crate::event::reference::Reader;
use crate::event::{Element, FieldId, Raw};
use crate::json::layout::{FieldSpec, Flags, build};
use proptest::prelude::*;
use std::fmt::Write;

/// Everything that can be asked of an event, by value.
#[derive(Debug, PartialEq, Eq)]
struct Answers {
    fields: Vec<(Vec<String>, bool, Vec<Vec<String>>)>,
    present: Vec<FieldId>,
}

fn answers(event: &Event<'_>, fields: &[FieldSpec]) -> Answers {
    let mut present = event.present().to_vec();
    present.sort_unstable();
    let arena = event.arena();
    let below = |element: Element<'_>| {
        let mut seen = Vec::new();
        for path in ["", "a", "b", "a.b", "0", "."] {
            seen.push(format!("{path} {}", element.has_object(path, arena)));
            let element = Element::clone(&element);
            for value in collect(element, path, arena) {
                seen.push(format!("{path} {value}"));
            }
        }
        seen
    };
    let fields = (0..fields.len() as FieldId)
        .map(|field| {
            let values: Vec<String> = event.values(field).map(|raw| format!("{raw:?}")).collect();
            assert_eq!(values.len(), event.count(field));
            (values, event.has_object(field), event.elements(field).map(below).collect())
        })
        .collect();
    Answers { fields, present }
}

fn collect<'a>(element: Element<'a>, path: &str, arena: &'a Bump) -> Vec<String> {
    let mut values = Vec::new();
    element.values(path, arena, &mut |raw: Raw<'a>| values.push(format!("{raw:?}")));
    values
}

/// Reads the lines twice with every instruction set, so that they are also read
/// with what was learned from them, and compares with the plain reader.
fn check(fields: &[FieldSpec], lines: &[String]) {
    let table = build(fields).unwrap();
    let layout = Layout::new(&table).unwrap();
    for level in Level::available() {
        let mut projector = Projector::with_level(layout, level);
        let mut reader = Reader::new(layout);
        for line in lines.iter().chain(lines) {
            let arena = Bump::new();
            let expected = reader.read(line.as_bytes(), &arena);
            let got = projector.project(line.as_bytes(), &arena);
            match (expected, got) {
                (Ok(expected), Ok(got)) => {
                    let (expected, got) = (answers(&expected, fields), answers(&got, fields));
                    assert_eq!(got, expected, "{} {line}", level.name());
                }
                (Ok(_), Err(error)) => panic!("{} {line}: {error}", level.name()),
                // What is wrong inside skipped objects may go unseen.
                (Err(_), _) => {}
            }
        }
    }
}

fn arbitrary_fields() -> impl Strategy<Value = Vec<FieldSpec>> {
    let path = prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "0", ""]), 1..4)
        .prop_map(|pieces| pieces.join("."))
        .prop_filter("no field has an empty path", |path| !path.is_empty());
    prop::collection::btree_map(path, 0u8..8, 1..8).prop_map(|fields| {
        fields.into_iter().map(|(path, flags)| FieldSpec { path, flags: Flags(flags) }).collect()
    })
}

fn arbitrary_space() -> impl Strategy<Value = String> {
    prop_oneof![6 => Just(String::new()), 1 => "[ \t\r]{1,3}"]
}

/// A string as JSON text: any character plain where that is allowed, by its
/// short escape or by its code.
fn arbitrary_string(content: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (content, any::<u64>()).prop_map(|(content, mut dice)| {
        let mut text = String::from("\"");
        for character in content.chars() {
            dice = dice.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let short = "\"\\/\u{8}\u{c}\n\r\t".find(character);
            let must = character < ' ' || character == '"' || character == '\\';
            match (short, dice >> 60) {
                (Some(at), 0..=9) => text.push_str(
                    ["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]
                        [b"\"\\/\x08\x0c\n\r\t"
                            .iter()
                            .position(|b| *b as char == character)
                            .unwrap_or(at)],
                ),
                (_, 0 | 1) => push_code(&mut text, character),
                _ if must => push_code(&mut text, character),
                _ => text.push(character),
            }
        }
        text.push('"');
        text
    })
}

fn push_code(text: &mut String, character: char) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        write!(text, "\\u{unit:04x}").unwrap();
    }
}

fn arbitrary_key() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "c",
        "0",
        "",
        "zz",
        "a long key that no table has, to fill a piece of glue",
    ]);
    let key = prop::collection::vec(piece, 1..3).prop_map(|pieces| pieces.join("."));
    prop_oneof![
        5 => key.clone().prop_map(|key| format!("\"{key}\"")),
        1 => arbitrary_string(key),
    ]
}

fn arbitrary_value() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        3 => "[a-z:,{}\\[\\] ]{0,12}",
        1 => "[a-z\\\\\"\n]{0,90}",
        1 => "\\PC{0,20}",
    ];
    let leaf = prop_oneof![
        5 => arbitrary_string(text),
        2 => any::<i64>().prop_map(|n| n.to_string()),
        1 => "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        1 => Just("true".to_owned()),
        1 => Just("false".to_owned()),
        1 => Just("null".to_owned()),
        1 => r#""(\\ud83d|\\udE00|x){1,3}""#,
    ];
    leaf.prop_recursive(5, 40, 6, |value| {
        let spaced = (arbitrary_space(), value, arbitrary_space())
            .prop_map(|(before, value, behind)| format!("{before}{value}{behind}"))
            .boxed();
        prop_oneof![
            (arbitrary_space(), prop::collection::vec(spaced.clone(), 0..5))
                .prop_map(|(space, items)| format!("[{space}{}]", items.join(","))),
            arbitrary_members(spaced),
        ]
    })
}

fn arbitrary_members(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (arbitrary_space(), arbitrary_key(), arbitrary_space(), value)
        .prop_map(|(before, key, behind, value)| format!("{before}{key}{behind}:{value}"));
    (arbitrary_space(), prop::collection::vec(member, 0..6))
        .prop_map(|(space, members)| format!("{{{space}{}}}", members.join(",")))
}

fn arbitrary_line() -> impl Strategy<Value = String> {
    (arbitrary_space(), arbitrary_members(arbitrary_value()), arbitrary_space())
        .prop_map(|(before, object, behind)| format!("{before}{object}{behind}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn equals_the_plain_reader(
        fields in arbitrary_fields(),
        lines in prop::collection::vec(arbitrary_line(), 1..6),
    ) {
        check(&fields, &lines);
    }

    #[test]
    fn takes_what_the_plain_reader_takes(
        fields in arbitrary_fields(),
        line in arbitrary_line(),
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"{}[]\":,\\u0-truefalsn ".to_vec()),
    ) {
        let mut changed = line.clone().into_bytes();
        let at = at.index(changed.len());
        changed[at] = byte;
        if let Ok(changed) = String::from_utf8(changed) {
            check(&fields, &[line.clone(), changed, line]);
        }
    }

    #[test]
    fn takes_any_bytes(fields in arbitrary_fields(), line in arbitrary_line(), cut in any::<prop::sample::Index>(), noise in prop::collection::vec(any::<u8>(), 0..80)) {
        let table = build(&fields).unwrap();
        for level in Level::available() {
            let mut projector = Projector::with_level(Layout::new(&table).unwrap(), level);
            let arena = Bump::new();
            let line = line.trim();
            let cut = cut.index(line.len());
            prop_assert!(projector.project(&line.as_bytes()[..cut], &arena).is_err());
            let _ = projector.project(&noise, &arena);
            let mut mixed = line.as_bytes()[..cut].to_vec();
            mixed.extend_from_slice(&noise);
            let _ = projector.project(&mixed, &arena);
        }
    }
}

fn specs(paths: &[(&str, Flags)]) -> Vec<FieldSpec> {
    paths.iter().map(|&(path, flags)| FieldSpec { path: path.to_owned(), flags }).collect()
}

/// Values of the fields `a`, `a.b` and `c.d.e` in one line, fields apart by `|`.
fn values(line: &str) -> String {
    let fields = specs(&[("a", Flags::NONE), ("a.b", Flags::NONE), ("c.d.e", Flags::NONE)]);
    let table = build(&fields).unwrap();
    let mut projector = Projector::new(Layout::new(&table).unwrap());
    let arena = Bump::new();
    match projector.project(line.as_bytes(), &arena) {
        Ok(event) => {
            let field = |field| event.values(field).map(Raw::text).collect::<Vec<_>>().join(" ");
            [field(0), field(1), field(2)].join("|")
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn spellings() {
    let table = [
        (r#"{"a":1}"#, "1||"),
        (r#"{"a":{"b":1}}"#, "|1|"),
        (r#"{"a.b":1}"#, "|1|"),
        (r#"{"a":"x","a":{"b":1},"a.b":2,"a":"y"}"#, "x y|1 2|"),
        (r#"{"c":{"d":{"e":1}}}"#, "||1"),
        (r#"{"c.d":{"e":1}}"#, "||1"),
        (r#"{"c":{"d.e":1}}"#, "||1"),
        (r#"{"c.d.e":1,"c":{"d":{"e":[2,[3,null,[]],{"e":4}]}}}"#, "||1 2 3"),
        (r#"{"c":[{"d":[{"e":1},{"e":[2]}]},{"d.e":3}]}"#, "||1 2 3"),
        (r#"{"\u0061":"\u0073cp","\u0063.d":{"\u0065":"\/tmp\/x"}}"#, "scp||/tmp/x"),
        (r#" { "a" : [ 1 , 2 ] , "a" : { "b" : true } } "#, "1 2|true|"),
        (r#"{"a":null,"a.b":[null],"c":{"d":null}}"#, "||"),
        (r#"{"a":[[[1],[[2]]],3]}"#, "1 2 3||"),
        (r#"{"":{"a":1},"a.":{"b":2},".a":3,"a..b":4}"#, "||"),
        (
            r#"{"a":123456789012345678901234567890.5e-7,"a":-0}"#,
            "123456789012345678901234567890.5e-7 -0||",
        ),
        (r#"{"a":"\ud83d","a":"\ud83d\ude00","a":"\ude00x"}"#, "\u{fffd} \u{1f600} \u{fffd}x||"),
        ("{\"a\":\"\u{1f600}\"}", "\u{1f600}||"),
        (r#"{"a":"C:\\","a":"\\\"","a":"x"}"#, r#"C:\ \" x||"#),
    ];
    for (line, expected) in table {
        assert_eq!(values(line), expected, "{line}");
    }
}

#[test]
fn numeric_keys_are_keys_and_no_indices() {
    let fields = specs(&[("t.0.n", Flags::NONE)]);
    let table = build(&fields).unwrap();
    let mut projector = Projector::new(Layout::new(&table).unwrap());
    let arena = Bump::new();
    let line = br#"{"t":{"0":{"n":1}},"t":[{"n":2}],"t.0":{"n":3}}"#;
    let event = projector.project(line, &arena).unwrap();
    let values: Vec<&str> = event.values(0).map(Raw::text).collect();
    assert_eq!(values, ["1", "3"]);
}

#[test]
fn objects() {
    let table = [
        (r#"{"o":{"x":1}}"#, true),
        (r#"{"o":{}}"#, false),
        (r#"{"o":{ }}"#, false),
        (r#"{"o":[]}"#, false),
        (r#"{"o":[{}]}"#, false),
        (r#"{"o":[{},{"x":null}]}"#, true),
        (r#"{"o.x":null}"#, true),
        (r#"{"o":1}"#, false),
        (r#"{"\u006f":{"x":1}}"#, true),
    ];
    for fields in [
        specs(&[("o", Flags::OBJECT)]),
        specs(&[("o", Flags::OBJECT), ("o.x", Flags::NONE)]),
        specs(&[("o", Flags::OBJECT.with(Flags::ELEMENTS))]),
    ] {
        let layout = build(&fields).unwrap();
        let mut projector = Projector::new(Layout::new(&layout).unwrap());
        let arena = Bump::new();
        for (line, expected) in table.iter().chain(&table) {
            let event = projector.project(line.as_bytes(), &arena).unwrap();
            assert_eq!(event.has_object(0), *expected, "{line} {fields:?}");
        }
    }
}

#[test]
fn elements() {
    let fields = specs(&[("s", Flags::ELEMENTS), ("s.m", Flags::NONE), ("t", Flags::ELEMENTS)]);
    let table = build(&fields).unwrap();
    let mut projector = Projector::new(Layout::new(&table).unwrap());
    let arena = Bump::new();
    let line = r#"{"s":[{"m":"a]"},[{"m":"b"}], null ,5,"\""],"s":{"m":"c"},"t":{"u":[1]}}"#;
    for _ in 0..2 {
        let event = projector.project(line.as_bytes(), &arena).unwrap();
        let elements: Vec<&str> = event.elements(0).map(Element::raw).collect();
        assert_eq!(elements, [r#"{"m":"a]"}"#, r#"{"m":"b"}"#, "5", r#""\"""#, r#"{"m":"c"}"#]);
        let values: Vec<&str> = event.values(1).map(Raw::text).collect();
        assert_eq!(values, ["a]", "b", "c"]);
        let whole: Vec<&str> = event.elements(2).map(Element::raw).collect();
        assert_eq!(whole, [r#"{"u":[1]}"#]);
    }
}

#[test]
fn malformed() {
    let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let skipped = |depth: usize| format!("{{\"z\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let table: &[(&str, Reason, usize)] = &[
        ("", Reason::NotObject, 0),
        ("   ", Reason::NotObject, 3),
        ("[]", Reason::NotObject, 0),
        ("\"a\"", Reason::NotObject, 0),
        ("17", Reason::NotObject, 0),
        ("null", Reason::NotObject, 0),
        ("\u{feff}{}", Reason::NotObject, 0),
        ("{", Reason::Unterminated, 1),
        ("{\"a\":1", Reason::Unterminated, 6),
        ("{\"a\":{\"b\":1}", Reason::Unterminated, 12),
        ("{\"z\":{\"b\":1}", Reason::Unterminated, 12),
        ("{\"z\":[[1]", Reason::Unterminated, 9),
        ("{\"a\"", Reason::Unterminated, 4),
        ("{\"a", Reason::UnterminatedString, 1),
        ("{\"a\":\"x", Reason::UnterminatedString, 5),
        ("{\"a\":\"x\\", Reason::UnterminatedString, 5),
        ("{\"a\":\"x\\\"}", Reason::UnterminatedString, 5),
        ("{\"a\":1}x", Reason::Trailing, 7),
        ("{\"a\":1} {\"a\":2}", Reason::Trailing, 8),
        ("{\"a\":1}}", Reason::Trailing, 7),
        ("{a:1}", Reason::Unexpected, 1),
        ("{'a':1}", Reason::Unexpected, 1),
        ("{\"a\" 1}", Reason::Unexpected, 5),
        ("{\"a\":}", Reason::Unexpected, 5),
        ("{\"a\":1,}", Reason::Unexpected, 7),
        ("{,}", Reason::Unexpected, 1),
        ("{\"a\":1 \"b\":2}", Reason::Unexpected, 7),
        ("{\"a\":[1 2]}", Reason::Unexpected, 8),
        ("{\"a\":[1,]}", Reason::Unexpected, 8),
        ("{\"a\":[1}", Reason::Unexpected, 7),
        ("{\"a\":{\"b\":1]", Reason::Unexpected, 11),
        ("{\"a\":tru}", Reason::Unexpected, 5),
        ("{\"a\":truex}", Reason::Unexpected, 9),
        ("{\"a\":nulL}", Reason::Unexpected, 5),
        ("{\"a\":NaN}", Reason::Unexpected, 5),
        ("{\"a\":+1}", Reason::Unexpected, 5),
        ("{\"a\":01}", Reason::Number, 5),
        ("{\"a\":-}", Reason::Number, 5),
        ("{\"a\":1.}", Reason::Number, 5),
        ("{\"a\":1e}", Reason::Number, 5),
        ("{\"a\":1x}", Reason::Number, 5),
        ("{\"a\":1\"x\"}", Reason::Number, 5),
        ("{\"z\":0x10}", Reason::Number, 5),
        ("{\"a\":\"\\x\"}", Reason::Escape, 6),
        ("{\"z\":\"\\u12\"}", Reason::Escape, 6),
        ("{\"z\":\"\\u12g4\"}", Reason::Escape, 6),
        ("{\"a\":\"\t\"}", Reason::Control, 6),
        ("{\"z\":\"\u{0}\"}", Reason::Control, 6),
        ("{\"a\":1}\u{0}", Reason::Trailing, 7),
        ("\u{0}", Reason::NotObject, 0),
        ("{\"a\":\\\"x\"}", Reason::Unexpected, 5),
        (&deep(129), Reason::TooDeep, 640),
        (&skipped(128), Reason::TooDeep, 6),
    ];
    let fields =
        specs(&[("a", Flags::NONE), ("a.b", Flags::NONE), (&"a.".repeat(130)[..259], Flags::NONE)]);
    let layout = build(&fields).unwrap();
    let layout = Layout::new(&layout).unwrap();
    for level in Level::available() {
        let mut projector = Projector::with_level(layout, level);
        let mut reader = Reader::new(layout);
        for (line, reason, offset) in table.iter().chain(table) {
            let arena = Bump::new();
            let got = projector.project(line.as_bytes(), &arena).map(drop);
            assert_eq!(got, Err(reason.at(*offset)), "{} {line}", level.name());
            assert!(reader.read(line.as_bytes(), &arena).is_err(), "{line}");
        }
        for line in [deep(128), skipped(127)] {
            let arena = Bump::new();
            assert!(projector.project(line.as_bytes(), &arena).is_ok(), "{} {line}", level.name());
            assert!(reader.read(line.as_bytes(), &arena).is_ok(), "{line}");
        }
    }
}

#[test]
fn bytes_that_are_no_text() {
    let fields = specs(&[("a", Flags::NONE)]);
    let layout = build(&fields).unwrap();
    for level in Level::available() {
        let mut projector = Projector::with_level(Layout::new(&layout).unwrap(), level);
        let arena = Bump::new();
        for line in [&b"{\"a\":\"\xff\"}"[..], b"{\"z\":\"\xc0\x80\"}", b"{\"\xed\xa0\x80\":1}"] {
            let error = projector.project(line, &arena).map(drop).unwrap_err();
            assert_eq!(error.reason, Reason::Utf8);
        }
    }
}

/// Lines that could be slow: each is read, repeatedly, with all fields there.
#[test]
fn hostile_lines_are_read_in_full() {
    let many = 100_000;
    let array = format!("{{\"a\":[{}]}}", vec!["\"x\""; many].join(","));
    let nulls = format!("{{\"a\":[{}1]}}", "null,".repeat(many));
    let escapes = format!("{{\"a\":\"{}\"}}", "\\n".repeat(many));
    let empties = format!("{{\"a\":[{}2]}}", "[],{},".repeat(many));
    let keys: Vec<String> = (0..many).map(|n| format!("\"k{n}\":{n}")).collect();
    let keys = format!("{{{},\"a\":3}}", keys.join(","));
    let shapes: Vec<String> = (0..20_000u32)
        .map(|n| {
            (0..14).map(|bit| if n >> bit & 1 == 0 { "[" } else { "[5,[" }).collect::<String>()
                + "7"
                + &(0..14).map(|bit| if n >> bit & 1 == 0 { "]" } else { "]]" }).collect::<String>()
        })
        .collect();
    let shapes = format!("{{\"a\":[{}]}}", shapes.join(","));
    let values = (0..20_000u32).map(|n| 1 + (n & 0x3fff).count_ones() as usize).sum();
    let fields = specs(&[("a", Flags::OBJECT), ("a.b", Flags::NONE)]);
    let layout = build(&fields).unwrap();
    let mut projector = Projector::new(Layout::new(&layout).unwrap());
    for _ in 0..3 {
        for (line, count) in [
            (&array, many),
            (&nulls, 1),
            (&escapes, 1),
            (&empties, 1),
            (&keys, 1),
            (&shapes, values),
        ] {
            let arena = Bump::new();
            let event = projector.project(line.as_bytes(), &arena).unwrap();
            assert_eq!(event.count(0), count);
        }
    }
}
