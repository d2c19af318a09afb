//! Items against events, by table.

use super::*;
use crate::event::reference::Reader as Events;
use crate::json::layout::{FieldSpec, Flags, Layout, build};
use crate::test::Fold;
use bumpalo::Bump;

/// Field 0 is `@timestamp`, 1 `host`, 2 `user`, 3 `hash` with its elements.
fn layout() -> Vec<u8> {
    let field = |path: &str, flags| FieldSpec { path: path.to_owned(), flags };
    build(&[
        field("@timestamp", Flags::NONE),
        field("host", Flags::NONE),
        field("user", Flags::OBJECT),
        field("hash", Flags::ELEMENTS),
    ])
    .expect("a layout")
}

static SPEC: ExceptionSpec = ExceptionSpec {
    shapes: &[
        Shape { words: "", entries: &[Entry { negate: false, ask: Ask::Value(1) }] },
        Shape {
            words: "",
            entries: &[
                Entry { negate: false, ask: Ask::Value(1) },
                Entry { negate: true, ask: Ask::Exists(2, true) },
            ],
        },
        Shape {
            words: "",
            entries: &[Entry {
                negate: false,
                ask: Ask::Nested(
                    3,
                    &[
                        Below { negate: false, path: "name", value: true },
                        Below { negate: true, path: "bad", value: false },
                    ],
                ),
            }],
        },
        Shape { words: "", entries: &[Entry { negate: true, ask: Ask::Pattern("labels.*") }] },
        Shape { words: "", entries: &[Entry { negate: true, ask: Ask::Value(1) }] },
    ],
    time: 0,
    items: &[],
    exempts: generated,
};

/// What the code generator makes of the shapes.
fn generated(event: &Event<'_>, items: &Items) -> bool {
    items.of(event, 0).any(|item| item.any(0, event, 1))
        || items.of(event, 1).any(|item| item.any(0, event, 1) && !present(event, 2, true))
        || items.of(event, 2).any(|item| {
            event.elements(3).any(|element| {
                item.any_below(0, event, element, "name") && !present_below(event, element, "bad")
            })
        })
        || items.of(event, 3).any(|item| !item.any_named(0, event, "labels.*"))
        || items.of(event, 4).any(|item| !item.any(0, event, 1))
}

fn item(shape: u32, expires: Option<i128>, values: &[&[&str]]) -> Item {
    let equals = |text: &&str| Test::Equals { text: (*text).to_owned(), fold: Fold::None };
    let tests = values.iter().map(|list| list.iter().map(equals).collect()).collect();
    Item { shape, expires, tests }
}

/// Rows of items, an event, and whether it is exempt.
fn check(rows: &[(&[Item], &str, bool)]) {
    let layout = layout();
    for (items, event, exempt) in rows {
        let arena = Bump::new();
        let mut events = Events::new(Layout::new(&layout).expect("a layout"));
        let event_read = events.read(event.as_bytes(), &arena).expect("an event");
        let items = Items::new(&SPEC, items).expect("they fit");
        assert_eq!(SPEC.walk(&event_read, &items), *exempt, "{event}");
        assert_eq!((SPEC.exempts)(&event_read, &items), *exempt, "{event}");
    }
}

#[test]
fn items_by_table() {
    let one = vec![item(0, None, &[&["a", "b"]])];
    let expiring = vec![item(0, Some(1_000_000_000), &[&["a"]])];
    let without_user = vec![item(1, None, &[&["a"]])];
    let nested = vec![item(2, None, &[&["x"]])];
    let pattern = vec![item(3, None, &[&["x"]])];
    let rows: &[(&[Item], &str, bool)] = &[
        (&[], r#"{"host":"a"}"#, false),
        (&one, r#"{"host":"a"}"#, true),
        (&one, r#"{"host":["c","b"]}"#, true),
        (&one, r#"{"host":"A"}"#, false),
        (&one, "{}", false),
        (&expiring, r#"{"host":"a","@timestamp":1000}"#, true),
        (&expiring, r#"{"host":"a","@timestamp":1001}"#, false),
        (&expiring, r#"{"host":"a"}"#, false),
        (&without_user, r#"{"host":"a"}"#, true),
        (&without_user, r#"{"host":"a","user":{"name":"u"}}"#, false),
        (&nested, r#"{"hash":[{"name":"x"},{"name":"y","bad":1}]}"#, true),
        (&nested, r#"{"hash":[{"name":"x","bad":1},{"name":"y"}]}"#, false),
        (&pattern, r#"{"labels":{"a":"y"}}"#, true),
        (&pattern, r#"{"labels":{"a":"y","b":"x"}}"#, false),
    ];
    check(rows);
}

/// Items with one question are one list, those whose question wants a no are not.
#[test]
fn items_of_one_question() {
    let hosts: Vec<String> = (0..1000).map(|n| format!("h{n}")).collect();
    let each = |shape| hosts.iter().map(move |host| item(shape, None, &[&[host.as_str()]]));
    let some: Vec<Item> = each(0).chain([item(0, Some(0), &[&["late"]])]).collect();
    let none: Vec<Item> = each(4).take(2).collect();
    let glob = Item {
        tests: vec![vec![Test::Glob { glob: crate::text::glob::plain("*.lan"), fold: Fold::None }]],
        ..item(0, None, &[])
    };
    let some: Vec<Item> = some.into_iter().chain([glob]).collect();
    let rows: &[(&[Item], &str, bool)] = &[
        (&some, r#"{"host":"h999"}"#, true),
        (&some, r#"{"host":["x","h0"]}"#, true),
        (&some, r#"{"host":"h1000"}"#, false),
        (&some, r#"{"host":"a.lan"}"#, true),
        (&some, r#"{"host":"late","@timestamp":1}"#, false),
        (&some, r#"{"host":"late","@timestamp":0}"#, true),
        // Not h0, or not h1.
        (&none, r#"{"host":"h0"}"#, true),
        (&none, r#"{"host":["h0","h1"]}"#, false),
    ];
    check(rows);
    let items = Items::new(&SPEC, &some).expect("they fit");
    assert_eq!((items.len(), items.shapes[0].len()), (1002, 2));
}

#[test]
fn items_must_fit() {
    let new = |item: Item| Items::new(&SPEC, &[item]).expect_err("it does not fit");
    assert_eq!(new(item(9, None, &[])), ExceptionError::Shape(9));
    let none = ExceptionError::Values { expected: 1, found: 0 };
    assert_eq!(new(item(2, None, &[])), none);
}

#[test]
fn items_read_back() {
    for item in [item(0, None, &[&["a", "b"], &[]]), item(7, Some(-5), &[])] {
        let mut bytes = Vec::new();
        item.encode(&mut bytes);
        assert_eq!(Item::decode(&mut Reader::new(&bytes)), Ok(item));
    }
}
