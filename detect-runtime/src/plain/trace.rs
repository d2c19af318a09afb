//! What a condition saw, for `explain --event`.

use super::{Expr, Form, Ready, Scope, evaluate};
use crate::event::Raw;
use crate::test::{Fold, Number, Order, Test};
use crate::value::address::Block;
use crate::value::{address, date};
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
}

pub(super) fn form<'a>(form: &'a Form, scope: &Scope<'a>) -> Trace {
    let (what, seen, parts) = match form {
        Form::Const(truth) => (truth.to_string(), Vec::new(), Vec::new()),
        Form::Not(inner) => ("not".to_owned(), Vec::new(), vec![self::form(inner, scope)]),
        Form::And(all) => ("and".to_owned(), Vec::new(), parts(all, scope)),
        Form::Or(all) => ("or".to_owned(), Vec::new(), parts(all, scope)),
        Form::Any { path, test } => (predicate(path, test), seen(path, scope), Vec::new()),
        Form::Exists { path, .. } => (format!("{path} exists"), seen(path, scope), Vec::new()),
        Form::Single { path, .. } => {
            (format!("{path} has one value"), seen(path, scope), Vec::new())
        }
        Form::AnyField { pattern, test } => {
            let what = match test {
                Some(test) => predicate(pattern, test),
                None => format!("{pattern} exists"),
            };
            (what, Vec::new(), Vec::new())
        }
        Form::Expr { expr, .. } => {
            let mut fields = Vec::new();
            paths(expr, &mut |path| {
                let values = seen(path, scope).join(", ");
                fields.push(format!("{path} = {values}"));
            });
            (expression(expr), fields, Vec::new())
        }
        Form::Element { path, form } => {
            let elements = scope.elements(path);
            let parts = elements
                .iter()
                .map(|element| self::form(form, &evaluate::within(scope, path, element)));
            (format!("some element of {path}"), Vec::new(), parts.collect())
        }
        Form::DescendantOf(lineage) => {
            (format!("descendant of lineage {lineage}"), Vec::new(), Vec::new())
        }
    };
    Trace { what, holds: form.holds(scope), seen, parts }
}

fn parts<'a>(all: &'a [Form], scope: &Scope<'a>) -> Vec<Trace> {
    all.iter().map(|inner| form(inner, scope)).collect()
}

fn seen(path: &str, scope: &Scope<'_>) -> Vec<String> {
    let quoted = |raw: &Raw<'_>| match raw {
        Raw::Text(text) => format!("{text:?}"),
        other => other.text().to_owned(),
    };
    scope.raws(path).iter().map(quoted).collect()
}

fn paths<'e>(expr: &'e Expr, each: &mut dyn FnMut(&'e str)) {
    match expr {
        Expr::Field { path, .. } => each(path),
        Expr::Const(_) | Expr::Slot(_) | Expr::Captured { .. } | Expr::Form(_) => {}
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
            let _ = write!(out, "{value:?}");
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
        Expr::Form(_) => out.push_str("a condition"),
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
