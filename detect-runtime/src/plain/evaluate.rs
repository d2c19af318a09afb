//! The walk.

use super::scope::Binding;
use super::{Expr, Form, Ready, Scope};
use crate::event::reference::Found;
use crate::event::{Raw, all_equal};
use crate::functions::logic;
use crate::leaf::{self, Relation};
use crate::test::{Fold, Glob, Piece, check_value};
use crate::text::glob::Pattern;
use crate::value::Value;
use bumpalo::collections::Vec as ArenaVec;

pub(super) fn form<'a>(form: &'a Form, scope: &Scope<'a>) -> bool {
    match form {
        Form::Const(truth) => *truth,
        Form::Not(inner) => !self::form(inner, scope),
        Form::And(all) => all.iter().all(|inner| self::form(inner, scope)),
        Form::Or(all) => all.iter().any(|inner| self::form(inner, scope)),
        Form::Any { path, test } => scope.raws(path).iter().any(|raw| test.check.passes(*raw)),
        Form::Exists { path, objects } => exists(path, *objects, scope),
        Form::Single { path, distinct } => {
            let raws = scope.raws(path);
            raws.len() == 1 || *distinct && !raws.is_empty() && all_equal(raws.iter().copied())
        }
        Form::AnyField { pattern, test } => any_field(pattern, test.as_ref(), scope),
        Form::Expr { expr, each: false } => {
            self::expr(expr, scope, &mut Whole).truth() == Some(true)
        }
        Form::Expr { expr, each: true } => some_values(expr, scope),
        Form::Element { path, form } => scope
            .elements(path)
            .iter()
            .any(|element| self::form(form, &within(scope, path, element))),
        Form::DescendantOf(lineage) => (scope.descends)(*lineage),
    }
}

/// The scope of an element of the array at `path`.
pub(super) fn within<'a>(
    scope: &Scope<'a>,
    path: &'a str,
    element: &'a super::Document,
) -> Scope<'a> {
    let binding = scope.cx.arena.alloc(Binding { path, element, outer: scope.element });
    Scope { element: Some(binding), ..*scope }
}

fn exists(path: &str, objects: bool, scope: &Scope<'_>) -> bool {
    let mut found = path == "_index" && scope.index.is_some();
    scope.find(path, &mut |value| found |= objects || matches!(value, Found::Scalar(_)));
    found
}

fn any_field(pattern: &str, test: Option<&Ready>, scope: &Scope<'_>) -> bool {
    some_field(pattern, scope, &mut |raw| test.is_none_or(|test| test.check.passes(raw)))
}

/// Whether a value of some field whose name matches the pattern passes.
pub(crate) fn some_field(
    pattern: &str,
    scope: &Scope<'_>,
    passes: &mut dyn FnMut(Raw<'_>) -> bool,
) -> bool {
    let mut found = false;
    each_field(pattern, scope, &mut |_, raw| found = found || passes(raw));
    found
}

/// Gives the values of the fields whose names match the pattern, with their names.
pub(super) fn each_field<'a>(
    pattern: &str,
    scope: &Scope<'a>,
    each: &mut dyn FnMut(&str, Raw<'a>),
) {
    let names = Pattern::new(&name_pattern(pattern), Fold::None);
    scope.leaves(&mut |path, raw| {
        if names.matches(path) {
            each(path, raw);
        }
    });
}

/// `*` is any run of characters, nothing else is special.
fn name_pattern(pattern: &str) -> Glob {
    let mut pieces = Vec::new();
    for (index, part) in pattern.split('*').enumerate() {
        if index > 0 {
            pieces.push(Piece::Any);
        }
        if !part.is_empty() {
            pieces.push(Piece::Literal(part.to_owned()));
        }
    }
    Glob(pieces)
}

/// Whether some choice of one value for each occurrence of a field makes the
/// expression true.
fn some_values<'a>(expr: &'a Expr, scope: &Scope<'a>) -> bool {
    let mut fields = ArenaVec::new_in(scope.cx.arena);
    let mut values = ArenaVec::new_in(scope.cx.arena);
    occurrences(expr, &mut |field| {
        fields.push(field);
        values.push(load(field, scope));
    });
    if let Some(found) =
        relation(expr).and_then(|relation| leaf::related(relation, &values, &scope.cx))
    {
        return found;
    }
    let slots = Slots { fields: &fields, values: &values, reach: leaf::reach(&values, &scope.cx) };
    let mut chosen = Chosen(Vec::with_capacity(fields.len()));
    choose(&slots, &mut chosen, &mut |chosen| self::expr(expr, scope, chosen).truth() == Some(true))
}

/// How an expression relates two fields, if that is all that it does.
fn relation(expr: &Expr) -> Option<Relation> {
    let Expr::Call { function, args } = expr else { return None };
    let is_field = |arg: &Expr| matches!(arg, Expr::Field { .. } | Expr::Captured { .. });
    args.iter().all(is_field).then(|| Relation::of(function.name))?
}

/// The occurrences of fields in an expression, their values, and how many of each
/// are read.
struct Slots<'s, 'a> {
    fields: &'s [&'a Expr],
    values: &'s [Value<'a>],
    reach: usize,
}

/// Tries all choices for the slots, one behind the other; a slot without value is
/// null.
fn choose<'a>(
    slots: &Slots<'_, 'a>,
    chosen: &mut Chosen<'a>,
    holds: &mut dyn FnMut(&mut Chosen<'a>) -> bool,
) -> bool {
    let at = chosen.0.len();
    let (Some(field), Some(value)) = (slots.fields.get(at), slots.values.get(at)) else {
        return holds(chosen);
    };
    let values = if value.is_null() { &[Value::Null] } else { value.as_slice() };
    values.iter().take(slots.reach).any(|value| {
        chosen.0.push((*field, *value));
        let found = choose(slots, chosen, holds);
        chosen.0.pop();
        found
    })
}

/// Visits the fields of an expression from left to right; those of a condition
/// inside it are its own.
fn occurrences<'e>(expr: &'e Expr, each: &mut dyn FnMut(&'e Expr)) {
    match expr {
        Expr::Field { .. } | Expr::Captured { .. } => each(expr),
        Expr::Const(_) | Expr::Slot(_) | Expr::Form(_) => {}
        Expr::Call { args: all, .. } | Expr::And(all) | Expr::Or(all) | Expr::Coalesce(all) => {
            for inner in all {
                occurrences(inner, each);
            }
        }
        Expr::Not(inner) | Expr::Test { input: inner, .. } => occurrences(inner, each),
        Expr::Case { arms, otherwise } => {
            for (condition, value) in arms {
                occurrences(condition, each);
                occurrences(value, each);
            }
            occurrences(otherwise, each);
        }
    }
}

fn load<'a>(expr: &'a Expr, scope: &Scope<'a>) -> Value<'a> {
    match expr {
        Expr::Field { path, ty } => scope.field(path, *ty),
        Expr::Captured { term, path, ty } => scope.captured(*term, path, *ty),
        _ => Value::Null,
    }
}

/// Where the value of a field comes from.
pub(super) trait Fields<'a> {
    fn value(&mut self, field: &'a Expr, scope: &Scope<'a>) -> Value<'a>;
}

/// The whole multi-value.
pub(super) struct Whole;

impl<'a> Fields<'a> for Whole {
    fn value(&mut self, field: &'a Expr, scope: &Scope<'a>) -> Value<'a> {
        load(field, scope)
    }
}

/// The value chosen for each occurrence of a field.
struct Chosen<'a>(Vec<(&'a Expr, Value<'a>)>);

impl<'a> Fields<'a> for Chosen<'a> {
    fn value(&mut self, field: &'a Expr, _: &Scope<'a>) -> Value<'a> {
        let found = self.0.iter().find(|(occurrence, _)| core::ptr::eq(*occurrence, field));
        found.map_or(Value::Null, |(_, value)| *value)
    }
}

pub(super) fn expr<'a>(
    expr: &'a Expr,
    scope: &Scope<'a>,
    fields: &mut dyn Fields<'a>,
) -> Value<'a> {
    let cx = &scope.cx;
    match expr {
        Expr::Const(value) => value.lend(cx.arena),
        Expr::Slot(slot) => scope.slots.get(*slot as usize).copied().unwrap_or_default(),
        Expr::Field { .. } | Expr::Captured { .. } => fields.value(expr, scope),
        Expr::Call { function, args } => {
            let mut values = ArenaVec::with_capacity_in(args.len(), cx.arena);
            for argument in args {
                values.push(self::expr(argument, scope, fields));
            }
            (function.eval)(cx, &values)
        }
        Expr::And(all) => junction(all, false, logic::and, scope, fields),
        Expr::Or(all) => junction(all, true, logic::or, scope, fields),
        Expr::Not(inner) => logic::not(self::expr(inner, scope, fields)),
        Expr::Case { arms, otherwise } => {
            for (condition, value) in arms {
                if self::expr(condition, scope, fields).truth() == Some(true) {
                    return self::expr(value, scope, fields);
                }
            }
            self::expr(otherwise, scope, fields)
        }
        Expr::Coalesce(all) => {
            for inner in all {
                let value = self::expr(inner, scope, fields);
                if !value.is_null() {
                    return value;
                }
            }
            Value::Null
        }
        Expr::Test { input, tests } => {
            let value = self::expr(input, scope, fields);
            check_value(cx, value, |raw| tests.iter().any(|test| test.check.passes(raw)))
        }
        Expr::Form(inner) => Value::Boolean(form(inner, scope)),
    }
}

/// Left to right, as far as needed: `decisive` decides.
fn junction<'a>(
    all: &'a [Expr],
    decisive: bool,
    join: fn(Value<'a>, Value<'a>) -> Value<'a>,
    scope: &Scope<'a>,
    fields: &mut dyn Fields<'a>,
) -> Value<'a> {
    let mut joined = Value::Boolean(!decisive);
    for inner in all {
        joined = join(joined, expr(inner, scope, fields));
        if joined.truth() == Some(decisive) {
            break;
        }
    }
    joined
}
