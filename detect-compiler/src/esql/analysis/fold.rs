//! Constant folding: the runtime's own functions, called at compile time.

use super::{Analysed, AnalysisError, constant};
use crate::esql::ast::Span;
use crate::plan::{Expr, ExprKind};
use bumpalo::Bump;
use detect_runtime::functions::Function;
use detect_runtime::value::{Cx, Owned, Type, Value, Warnings};

/// Functions whose value hangs on more than their arguments.
const IMPURE: [&str; 2] = ["now", "trange"];

/// A call with arguments that already have the right types; folded if all of
/// them are constant.
pub(super) fn call(function: &'static Function, args: Vec<Expr>, ty: Type) -> Expr {
    if IMPURE.contains(&function.name) || args.iter().any(|arg| constant_value(arg).is_none()) {
        return Expr { ty, kind: ExprKind::Call { function, args } };
    }
    let arena = Bump::new();
    let values: Vec<Value<'_>> =
        args.iter().filter_map(constant_value).map(|value| value.lend(&arena)).collect();
    let warnings = Warnings::default();
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let all: Vec<Option<Value<'_>>> = values.iter().copied().map(Some).collect();
    let prepared = function.prepare.and_then(|prepare| prepare(&all).ok());
    let result = match &prepared {
        Some(prepared) => Owned::of(prepared.apply(&cx, &values)),
        None => Owned::of((function.eval)(&cx, &values)),
    };
    constant(ty, result)
}

/// Asks the function whether it takes the constants among its arguments.
pub(super) fn check(function: &Function, name: &str, args: &[Expr], span: Span) -> Analysed<()> {
    let Some(prepare) = function.prepare else { return Ok(()) };
    let arena = Bump::new();
    let constants: Vec<Option<Value<'_>>> =
        args.iter().map(|arg| constant_value(arg).map(|value| value.lend(&arena))).collect();
    match prepare(&constants) {
        Ok(_) => Ok(()),
        // With arguments that each row brings nothing can be said beforehand.
        Err(_) if constants.iter().skip(1).any(Option::is_none) => Ok(()),
        Err(error) => Err(AnalysisError::Arguments { function: name.to_owned(), error, span }),
    }
}

/// The value of a constant expression.
pub(crate) fn constant_value(expr: &Expr) -> Option<&Owned> {
    match &expr.kind {
        ExprKind::Const(value) => Some(value),
        _ => None,
    }
}
