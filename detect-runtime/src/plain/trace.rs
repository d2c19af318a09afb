//! What a condition saw, for `explain --event`.

use super::{Document, Expr, Form, Ready, Scope, evaluate};
use crate::event::Raw;
use crate::event::reference::Found;
use crate::test::{Fold, Number, Order, Test};
use crate::value::address::Block;
use crate::value::{self, Cx, Owned, Type, Value, Warnings, address, date};
use bumpalo::Bump;
use core::fmt::Write;

/// Outcome of a part of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The part: `and`, `not`, or a predicate as text.
    pub what: String,
    /// Whether it holds.
    pub holds: bool,
    /// The values that a predicate saw; empty if the event has none.
    pub seen: Vec<String>,
    /// Parts of a connective.
    pub parts: Vec<Trace>,
}

impl Trace {
    /// The predicates, left to right.
    pub fn predicates(&self) -> Vec<&Trace> {
        if self.parts.is_empty() {
            return vec![self];
        }
        self.parts.iter().flat_map(Trace::predicates).collect()
    }

    /// The first predicate, left to right, behind which the outcome is clear whatever
    /// those after it say: of an `and` that fails the deciding one of the first part that
    /// fails, of an `or` that holds that of the first part that holds, else that of the
    /// last part.
    pub fn deciding(&self) -> &Trace {
        let settles = |part: &&Trace| match self.what.as_str() {
            "and" => !part.holds,
            _ => part.holds,
        };
        let part = self.parts.iter().find(settles).or(self.parts.last());
        part.map_or(self, Trace::deciding)
    }
}

/// What the conditions say of a document, predicate by predicate. The event's own
/// `@timestamp` is `now()`; `descendant of` is taken as false, since one event does not
/// tell.
pub fn traces<'f>(forms: impl IntoIterator<Item = &'f Form>, document: &Document) -> Vec<Trace> {
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let now = match Scope::new(document, cx).field("@timestamp", Type::Date).as_slice().first() {
        Some(Value::Date(millis)) => *millis,
        _ => 0,
    };
    let scope = Scope::new(document, Cx { now, ..cx });
    forms.into_iter().map(|form| form.trace(&scope)).collect()
}

pub(super) fn form<'a>(form: &'a Form, scope: &Scope<'a>) -> Trace {
    let (seen, parts) = match form {
        Form::Not(inner) => (Vec::new(), vec![self::form(inner, scope)]),
        Form::And(all) | Form::Or(all) => {
            (Vec::new(), all.iter().map(|inner| self::form(inner, scope)).collect())
        }
        Form::Element { path, form } => {
            let elements = scope.elements(path);
            let parts = elements
                .iter()
                .map(|element| self::form(form, &evaluate::within(scope, path, element)));
            (Vec::new(), parts.collect())
        }
        predicate => (seen_by(predicate, scope), Vec::new()),
    };
    Trace { what: text(form), holds: form.holds(scope), seen, parts }
}

/// The values that a predicate looks at.
fn seen_by(form: &Form, scope: &Scope<'_>) -> Vec<String> {
    match form {
        Form::Any { path, .. } | Form::Single { path, .. } => seen(path, scope),
        Form::Exists { path, objects } => {
            let values = seen(path, scope);
            if *objects && values.is_empty() { composites(path, scope) } else { values }
        }
        Form::AnyField { pattern, .. } => {
            let mut named = Vec::new();
            evaluate::each_field(pattern, scope, &mut |path, raw| {
                named.push(format!("{path} = {}", quoted(raw)));
            });
            named
        }
        Form::Expr { expr, .. } => {
            let mut named: Vec<String> = Vec::new();
            paths(expr, &mut |path| {
                let values = match seen(path, scope) {
                    none if none.is_empty() => "nothing".to_owned(),
                    values => values.join(", "),
                };
                let one = format!("{path} = {values}");
                if !named.contains(&one) {
                    named.push(one);
                }
            });
            named
        }
        _ => Vec::new(),
    }
}

fn seen(path: &str, scope: &Scope<'_>) -> Vec<String> {
    scope.raws(path).iter().map(|raw| quoted(*raw)).collect()
}

/// One word if some object stands at the path.
fn composites(path: &str, scope: &Scope<'_>) -> Vec<String> {
    let mut found = Vec::new();
    scope.find(path, &mut |value| {
        if found.is_empty() && matches!(value, Found::Object) {
            found.push("an object".to_owned());
        }
    });
    found
}

fn quoted(raw: Raw<'_>) -> String {
    match raw {
        Raw::Text(text) => format!("{text:?}"),
        other => other.text().to_owned(),
    }
}

/// The fields that an expression reads, those of conditions inside it too.
fn paths<'e>(expr: &'e Expr, each: &mut dyn FnMut(&'e str)) {
    match expr {
        Expr::Field { path, .. } => each(path),
        Expr::Form(form) => form_paths(form, each),
        Expr::Const(_) | Expr::Slot(_) | Expr::Captured { .. } => {}
        Expr::Call { args: all, .. } | Expr::And(all) | Expr::Or(all) | Expr::Coalesce(all) => {
            for inner in all {
                paths(inner, each);
            }
        }
        Expr::Not(inner) | Expr::Test { input: inner, .. } => paths(inner, each),
        Expr::Case { arms, otherwise } => {
            for (condition, value) in arms {
                paths(condition, each);
                paths(value, each);
            }
            paths(otherwise, each);
        }
    }
}

fn form_paths<'e>(form: &'e Form, each: &mut dyn FnMut(&'e str)) {
    match form {
        Form::Any { path, .. }
        | Form::Exists { path, .. }
        | Form::Single { path, .. }
        | Form::AnyField { pattern: path, .. } => each(path),
        Form::Not(inner) | Form::Element { form: inner, .. } => form_paths(inner, each),
        Form::And(all) | Form::Or(all) => all.iter().for_each(|inner| form_paths(inner, each)),
        Form::Expr { expr, .. } => paths(expr, each),
        Form::Const(_) | Form::DescendantOf(_) => {}
    }
}

/// A predicate as text, a connective as its name.
fn text(form: &Form) -> String {
    match form {
        Form::Const(truth) => truth.to_string(),
        Form::Not(_) => "not".to_owned(),
        Form::And(_) => "and".to_owned(),
        Form::Or(_) => "or".to_owned(),
        Form::Any { path, test } => predicate(path, test),
        Form::Exists { path, .. } => format!("{path} exists"),
        Form::Single { path, .. } => format!("{path} has one value"),
        Form::AnyField { pattern, test: Some(test) } => predicate(pattern, test),
        Form::AnyField { pattern, test: None } => format!("{pattern} exists"),
        Form::Expr { expr, .. } => expression(expr),
        Form::Element { path, .. } => format!("some element of {path}"),
        Form::DescendantOf(lineage) => format!("descendant of lineage {}", lineage + 1),
    }
}

/// A test of a field as text: `process.name == "cmd.exe" (any case)`.
fn predicate(path: &str, ready: &Ready) -> String {
    format!("{path} {}", test(&ready.test))
}

fn test(test: &Test) -> String {
    match test {
        Test::Equals { text, fold } => format!("== {text:?}{}", case(*fold)),
        Test::Glob { glob, fold } => format!("like {:?}{}", glob_text(glob), case(*fold)),
        Test::Regex { pattern } => format!("matches /{pattern}/"),
        Test::TextOrder { order, text } => format!("{} {text:?}", symbol(*order)),
        Test::Number { order, number } => format!("{} {}", symbol(*order), number_text(*number)),
        Test::Boolean(truth) => format!("== {truth}"),
        Test::Cidr { address, bits } => {
            format!("in {}", block_text(&Block { address: *address, bits: *bits }))
        }
        Test::AddressOrder { order, address } => {
            format!("{} {}", symbol(*order), address::print(*address))
        }
        Test::DateOrder { order, nanos } => format!("{} {}", symbol(*order), date_text(*nanos)),
        Test::DateWithin { from, to } => {
            format!("from {} to {}", date_text(*from), date_text(*to))
        }
        Test::VersionOrder { order, version } => format!("{} {version:?}", symbol(*order)),
        Test::AnyToken(tokens) => format!("has one of the words {}", tokens.join(", ")),
        Test::Phrase(tokens) => format!("has the phrase {:?}", tokens.join(" ")),
        Test::TokenGlob(glob) => format!("has a word like {:?}", glob_text(glob)),
        Test::Fuzzy { text, distance } => format!("is within {distance} edits of {text:?}"),
    }
}

fn case(fold: Fold) -> &'static str {
    match fold {
        Fold::None => "",
        Fold::Ascii | Fold::Full => " (any case)",
    }
}

fn symbol(order: Order) -> &'static str {
    match order {
        Order::Equal => "==",
        Order::Less => "<",
        Order::LessEqual => "<=",
        Order::Greater => ">",
        Order::GreaterEqual => ">=",
    }
}

fn glob_text(pattern: &crate::test::Glob) -> String {
    use crate::test::Piece;
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Any => "*".to_owned(),
        Piece::One => "?".to_owned(),
    };
    pattern.0.iter().map(piece).collect()
}

fn number_text(number: Number) -> String {
    match number {
        Number::Long(n) => n.to_string(),
        Number::UnsignedLong(n) => n.to_string(),
        Number::Double(n) => n.to_string(),
    }
}

fn block_text(block: &Block) -> String {
    let (width, skipped) =
        if address::is_v4(block.address) && block.bits >= 96 { (32, 96) } else { (128, 0) };
    let length = block.bits - skipped;
    let network = address::print(block.address);
    if length == width { network } else { format!("{network}/{length}") }
}

fn date_text(nanos: i128) -> String {
    i64::try_from(nanos).map_or_else(|_| format!("{nanos} ns"), date::print_nanos)
}

/// An expression in the form of calls.
fn expression(expr: &Expr) -> String {
    let mut out = String::new();
    write_expression(expr, &mut out);
    out
}

fn write_expression(expr: &Expr, out: &mut String) {
    match expr {
        Expr::Const(value) => {
            out.push_str(&constant(value));
        }
        Expr::Slot(slot) => {
            let _ = write!(out, "#{slot}");
        }
        Expr::Field { path, .. } => out.push_str(path),
        Expr::Captured { term, path, .. } => {
            let _ = write!(out, "event {term}: {path}");
        }
        Expr::Call { function, args } => list(function.name, args, out),
        Expr::And(all) => list("and", all, out),
        Expr::Or(all) => list("or", all, out),
        Expr::Coalesce(all) => list("coalesce", all, out),
        Expr::Not(inner) => list("not", core::slice::from_ref(inner), out),
        Expr::Case { arms, otherwise } => {
            out.push_str("case(");
            for (condition, value) in arms {
                write_expression(condition, out);
                out.push_str(" => ");
                write_expression(value, out);
                out.push_str(", ");
            }
            write_expression(otherwise, out);
            out.push(')');
        }
        Expr::Test { input, tests } => {
            write_expression(input, out);
            for (index, ready) in tests.iter().enumerate() {
                out.push_str(if index == 0 { " " } else { " or " });
                out.push_str(&test(&ready.test));
            }
        }
        Expr::Form(form) => write_form(form, out),
    }
}

/// A condition inside an expression, in the form of calls.
fn write_form(form: &Form, out: &mut String) {
    let mut inside = |name: &str, all: &[Form]| {
        out.push_str(name);
        for (index, inner) in all.iter().enumerate() {
            out.push_str(if index == 0 { "(" } else { ", " });
            write_form(inner, out);
        }
        out.push(')');
    };
    match form {
        Form::And(all) | Form::Or(all) if !all.is_empty() => inside(&text(form), all),
        Form::Not(inner) | Form::Element { form: inner, .. } => {
            inside(&text(form), core::slice::from_ref(inner));
        }
        predicate => out.push_str(&text(predicate)),
    }
}

fn constant(value: &Owned) -> String {
    match value {
        Owned::Null => "null".to_owned(),
        Owned::Text(text) => format!("{text:?}"),
        Owned::Multi(all) => {
            let all: Vec<String> = all.iter().map(constant).collect();
            format!("[{}]", all.join(", "))
        }
        other => {
            let arena = Bump::new();
            value::text(other.lend(&arena), &arena).unwrap_or("null").to_owned()
        }
    }
}

fn list(name: &str, all: &[Expr], out: &mut String) {
    out.push_str(name);
    out.push('(');
    for (index, inner) in all.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_expression(inner, out);
    }
    out.push(')');
}
