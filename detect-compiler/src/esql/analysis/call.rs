//! Calls: aggregates, the special forms CASE and COALESCE, and all functions of
//! the runtime's table.

use super::expression::{Typer, as_condition, invoke};
use super::zone::in_zone;
use super::{AggregateCall, Analysed, AnalysisError, Resolver, constant, is_null, literal};
use crate::diagnostic::nearest;
use crate::esql::ast::{self, Args, Map, Name, Span};
use crate::plan::{Expr, ExprKind};
use detect_runtime::functions::{SignatureError, lookup};
use detect_runtime::value::{Owned, Type};
use detect_runtime::{aggregate, functions};

impl Typer<'_> {
    pub(super) fn call(
        &self,
        names: &mut dyn Resolver,
        name: &Name,
        args: &Args,
        options: Option<&Map>,
        span: Span,
    ) -> Analysed<Expr> {
        let lower = name.text.to_ascii_lowercase();
        if let Some(kind) = aggregate::lookup(&lower) {
            return names.aggregate(self, &AggregateCall { kind, name, args, span });
        }
        let Args::List(args) = args else {
            let error = SignatureError::Count { expected: "listed".into(), got: 0 };
            return Err(AnalysisError::Arguments { function: name.text.clone(), error, span });
        };
        match lower.as_str() {
            "kql" | "qstr" | "match" | "match_phrase" => {
                return self.full_text(names, &lower, name, args, options, span);
            }
            "categorize" | "term" | "decay" | "score" | "rate" => {
                let what = format!("the function `{}`", name.text.to_uppercase());
                return Err(AnalysisError::Unsupported { what, span: name.span });
            }
            _ => {}
        }
        let function = lookup(&lower).filter(|function| callable(function));
        // A misspelt aggregate is the graver error than what its arguments mean outside of one.
        if function.is_none() && !matches!(lower.as_str(), "case" | "coalesce") {
            return Err(unknown(name, &lower));
        }
        let mut typed = Vec::with_capacity(args.len() + 1);
        for arg in args {
            typed.push(self.expression(names, arg)?);
        }
        match lower.as_str() {
            "case" => return case(typed, args, name, span),
            "coalesce" => return coalesce(typed, args, name, span),
            _ => {}
        }
        let Some(function) = function else { return Err(unknown(name, &lower)) };
        if let Some(options) = options {
            typed.extend(function_options(function, name, options)?);
        }
        match &self.zone {
            Some(zone) => in_zone(function, &name.text, typed, zone, span),
            None => invoke(function, &name.text, typed, span),
        }
    }
}

/// `CASE(condition, value, ... [, else])`.
fn case(typed: Vec<Expr>, args: &[ast::Expr], name: &Name, span: Span) -> Analysed<Expr> {
    if typed.len() < 2 {
        return Err(few(name, "at least 2", typed.len(), span));
    }
    let values = typed.len() / 2;
    let mut ty = Type::Null;
    let is_value = |index: usize| index % 2 == 1 || index == 2 * values;
    for (index, value) in typed.iter().enumerate().filter(|(index, _)| is_value(*index)) {
        ty = unify(ty, value, args[index].span)?;
    }
    let mut arms = Vec::with_capacity(values);
    let mut rest = typed.into_iter().zip(args);
    let mut otherwise = constant(ty, Owned::Null);
    while let Some((first, written)) = rest.next() {
        match rest.next() {
            Some((value, place)) => {
                let condition = as_condition(first, written.span)?;
                arms.push((condition, literal::convert(value, ty, place.span)?));
            }
            None => otherwise = literal::convert(first, ty, written.span)?,
        }
    }
    Ok(folded_case(ty, arms, otherwise))
}

fn coalesce(typed: Vec<Expr>, args: &[ast::Expr], name: &Name, span: Span) -> Analysed<Expr> {
    if typed.is_empty() {
        return Err(few(name, "at least 1", 0, span));
    }
    let mut ty = Type::Null;
    for (value, written) in typed.iter().zip(args) {
        ty = unify(ty, value, written.span)?;
    }
    let mut left = Vec::with_capacity(typed.len());
    for (value, written) in typed.into_iter().zip(args) {
        if is_null(&value) {
            continue;
        }
        let value = literal::convert(value, ty, written.span)?;
        let last = matches!(value.kind, ExprKind::Const(_));
        left.push(value);
        if last {
            break;
        }
    }
    Ok(match left.len() {
        0 => constant(ty, Owned::Null),
        1 => left.swap_remove(0),
        _ => Expr { ty, kind: ExprKind::Coalesce(left) },
    })
}

/// The common type of the values so far and one more; text literals take
/// the type of the others.
fn unify(ty: Type, value: &Expr, span: Span) -> Analysed<Type> {
    let literal =
        |expr: &Expr| matches!(expr.ty, Type::Keyword) && matches!(expr.kind, ExprKind::Const(_));
    let castable =
        matches!(ty, Type::Date | Type::DateNanos | Type::Ip | Type::Version | Type::Boolean);
    if castable && literal(value) {
        return Ok(ty);
    }
    literal::common_type(ty, value.ty)
        .map(|common| if common == Type::Text { Type::Keyword } else { common })
        .ok_or(AnalysisError::NoCommonType { left: ty, right: value.ty, span })
}

/// Options become constant arguments behind the others, in the order in
/// which the function names them.
fn function_options(
    function: &functions::Function,
    name: &Name,
    options: &Map,
) -> Analysed<Vec<Expr>> {
    let known: &[&str] = match function.name {
        "to_ip" => &["leading_zeros"],
        "date_parse" => &["time_zone", "locale"],
        _ => &[],
    };
    let mut values = vec![constant(Type::Null, Owned::Null); known.len()];
    for (key, value) in &options.entries {
        let Some(index) = known.iter().position(|option| *option == key.text) else {
            return Err(AnalysisError::Option { name: key.text.clone(), span: key.span });
        };
        let Some(text) = literal::option_text(value) else {
            let what = format!("option `{}` of {}", key.text, name.text);
            return Err(AnalysisError::Constant { what, span: key.span });
        };
        values[index] = constant(Type::Keyword, Owned::Text(text.into()));
    }
    while values.last().is_some_and(is_null) {
        values.pop();
    }
    Ok(values)
}

/// Operators and functions of other languages stand in the same table but are
/// not called by name.
fn callable(function: &functions::Function) -> bool {
    const OPERATORS: [&str; 16] = [
        "point_of",
        "add",
        "subtract",
        "multiply",
        "divide",
        "modulo",
        "negate",
        "equals",
        "not_equals",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "in",
        "is_null",
        "is_not_null",
    ];
    !function.name.contains('.') && !OPERATORS.contains(&function.name)
}

fn unknown(name: &Name, lower: &str) -> AnalysisError {
    let forms = ["case", "coalesce", "kql", "match", "match_phrase", "qstr"];
    let known = functions::all().filter(|known| callable(known)).map(|known| known.name);
    let near = nearest(lower, known.chain(aggregate::names()).chain(forms));
    AnalysisError::Function {
        name: name.text.clone(),
        near: near.map(str::to_uppercase),
        span: name.span,
    }
}

fn few(name: &Name, expected: &str, got: usize, span: Span) -> AnalysisError {
    let error = SignatureError::Count { expected: expected.to_owned(), got };
    AnalysisError::Arguments { function: name.text.clone(), error, span }
}

/// Arms that are never taken disappear, a constant true ends the chain.
fn folded_case(ty: Type, arms: Vec<(Expr, Expr)>, otherwise: Expr) -> Expr {
    let mut left = Vec::with_capacity(arms.len());
    let mut last = otherwise;
    for (condition, value) in arms {
        match condition.kind {
            ExprKind::Const(Owned::Boolean(true)) => {
                last = value;
                break;
            }
            // False, null, and several values count as false.
            ExprKind::Const(_) => {}
            _ => left.push((condition, value)),
        }
    }
    if left.is_empty() {
        return Expr { ty, kind: last.kind };
    }
    Expr { ty, kind: ExprKind::Case { arms: left, otherwise: Box::new(last) } }
}
