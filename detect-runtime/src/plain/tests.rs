//! Forms against documents, their bytes, and their traces.

use super::{Expr, Form, Ready, Scope};
use crate::event::reference::Document;
use crate::functions;
use crate::state::{Decode, Encode, Reader};
use crate::test::{Fold, Number, Order, Test};
use crate::value::{Cx, Owned, Type, Warnings};
use bumpalo::Bump;
use proptest::prelude::*;

fn with<T>(document: &str, ask: impl FnOnce(&Scope<'_>) -> T) -> T {
    let document = Document::parse(document.as_bytes()).unwrap();
    let (arena, warnings) = (Bump::new(), Warnings::default());
    ask(&Scope::new(&document, Cx { arena: &arena, now: 0, warnings: &warnings }))
}

fn holds(form: &Form, document: &str) -> bool {
    // The scope lives shorter than the form, so a copy does.
    let form = form.clone();
    let document = Document::parse(document.as_bytes()).unwrap();
    let (arena, warnings) = (Bump::new(), Warnings::default());
    form.holds(&Scope::new(&document, Cx { arena: &arena, now: 0, warnings: &warnings }))
}

fn is(path: &str, text: &str) -> Form {
    let test = Test::Equals { text: text.to_owned(), fold: Fold::None };
    Form::Any { path: path.to_owned(), test: Ready::new(test) }
}

fn field(path: &str, ty: Type) -> Expr {
    Expr::Field { path: path.to_owned(), ty }
}

fn call(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Call { function: functions::lookup(name).unwrap(), args }
}

fn each(expr: Expr) -> Form {
    Form::Expr { expr, each: true }
}

fn whole(expr: Expr) -> Form {
    Form::Expr { expr, each: false }
}

/// Form, document, whether it holds.
fn cases() -> Vec<(Form, &'static str, bool)> {
    let exists = |objects| Form::Exists { path: "a.b".to_owned(), objects };
    let same = call("eql.equals", vec![field("a", Type::Keyword), field("b", Type::Keyword)]);
    let element = Form::Element {
        path: "l".to_owned(),
        form: Box::new(Form::And(vec![is("l.x", "1"), is("l.y", "2"), is("out", "o")])),
    };
    let scalars = Form::Element { path: "l".to_owned(), form: Box::new(is("l", "x")) };
    let any_name = |pattern: &str| Form::AnyField {
        pattern: pattern.to_owned(),
        test: Some(Ready::new(Test::Equals { text: "v".to_owned(), fold: Fold::None })),
    };
    vec![
        (is("a.b", "x"), r#"{"a":{"b":["y","x"]}}"#, true),
        (is("a.b", "x"), r#"{"a.b":"x"}"#, true),
        (is("a.b", "x"), r#"{"a":[{"b":"y"},{"b":"x"}]}"#, true),
        (is("a.b", "1.50"), r#"{"a":{"b":1.50}}"#, true),
        (is("a.b", "x"), r#"{"a":{"b":{"c":"x"}}}"#, false),
        (Form::Not(Box::new(is("a", "x"))), "{}", true),
        (exists(false), r#"{"a":{"b":{"c":1}}}"#, false),
        (exists(true), r#"{"a":{"b":{"c":1}}}"#, true),
        (exists(true), r#"{"a":{"b":[null]}}"#, false),
        (Form::Single { path: "a".to_owned(), distinct: false }, r#"{"a":[1,2]}"#, false),
        (Form::Single { path: "a".to_owned(), distinct: false }, r#"{"a":[1,null]}"#, true),
        (Form::Single { path: "a".to_owned(), distinct: false }, r#"{"a":["x","x"]}"#, false),
        (Form::Single { path: "a".to_owned(), distinct: true }, r#"{"a":["x","x"]}"#, true),
        (Form::Single { path: "a".to_owned(), distinct: true }, r#"{"a":["x","y"]}"#, false),
        (any_name("a.*"), r#"{"a":{"b":{"c":["u","v"]}}}"#, true),
        (any_name("a.*"), r#"{"b":"v"}"#, false),
        (element.clone(), r#"{"out":"o","l":[{"x":1,"y":2}]}"#, true),
        (element.clone(), r#"{"out":"o","l":[{"x":1},{"y":2}]}"#, false),
        (element, r#"{"out":"o","l":{"x":1,"y":2}}"#, true),
        (scalars, r#"{"l":[["x"]]}"#, true),
        // One value of each field, chosen apart.
        (each(same.clone()), r#"{"a":["1","2"],"b":["2","3"]}"#, true),
        (each(same.clone()), r#"{"a":["1","2"]}"#, false),
        // As a whole, several values are not one.
        (
            whole(call(
                "equals",
                vec![field("a", Type::Keyword), Expr::Const(Owned::Text("1".into()))],
            )),
            r#"{"a":["1","2"]}"#,
            false,
        ),
        (each(call("eql.is_null", vec![same])), r#"{"a":"1"}"#, true),
        (each(Expr::Form(Box::new(is("a", "x")))), r#"{"a":"x"}"#, true),
        (
            each(Expr::Coalesce(vec![
                field("a", Type::Boolean),
                Expr::Const(Owned::Boolean(true)),
            ])),
            "{}",
            true,
        ),
        (
            each(Expr::Case {
                arms: vec![(field("a", Type::Boolean), Expr::Const(Owned::Boolean(false)))],
                otherwise: Box::new(Expr::Const(Owned::Boolean(true))),
            }),
            r#"{"a":true}"#,
            false,
        ),
        (Form::DescendantOf(0), "{}", false),
    ]
}

#[test]
fn forms_hold_as_they_say() {
    for (form, document, expected) in cases() {
        assert_eq!(holds(&form, document), expected, "{form:?} on {document}");
    }
}

#[test]
fn bytes_keep_the_form() {
    for (form, document, expected) in cases() {
        let mut bytes = Vec::new();
        form.encode(&mut bytes);
        let read = Form::decode(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(holds(&read, document), expected, "{form:?} on {document}");
        for end in 0..bytes.len() {
            assert!(Form::decode(&mut Reader::new(&bytes[..end])).is_err(), "{form:?}");
        }
    }
}

#[test]
fn a_trace_shows_every_predicate() {
    let number = Test::Number { order: Order::Greater, number: Number::Long(5) };
    let form = Form::Or(vec![
        is("a", "x"),
        Form::Not(Box::new(Form::Any { path: "n".to_owned(), test: Ready::new(number) })),
    ]);
    let trace = with(r#"{"a":["x","y"],"n":7}"#, |scope| {
        let form = scope.cx.arena.alloc(form.clone());
        form.trace(scope)
    });
    assert!(trace.holds);
    let predicates = trace.predicates();
    assert_eq!(predicates[0].what, r#"a == "x""#);
    assert_eq!(predicates[0].seen, [r#""x""#, r#""y""#]);
    assert_eq!(predicates[1].what, "n > 5");
    assert!(predicates[1].holds && !trace.parts[1].holds);
}

#[test]
fn captured_events_are_read() {
    let earlier = Document::parse(br#"{"a":"1"}"#).unwrap();
    let document = Document::parse(br#"{"b":"1"}"#).unwrap();
    let captured = Expr::Captured { term: 0, path: "a".to_owned(), ty: Type::Keyword };
    let form = each(call("eql.equals", vec![captured, field("b", Type::Keyword)]));
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let scope = Scope::new(&document, Cx { arena: &arena, now: 0, warnings: &warnings });
    let events = [Some(&earlier)];
    assert!(form.holds(&scope.behind(&events)));
    assert!(!form.holds(&scope));
}

proptest! {
    #[test]
    fn damaged_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Form::decode(&mut Reader::new(&bytes));
        let _ = Expr::decode(&mut Reader::new(&bytes));
    }
}
