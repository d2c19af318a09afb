//! Functions of dates in a time zone that `SET time_zone` names: dates go to local
//! time before the call, and the result back behind it.

use super::expression::invoke;
use super::{Analysed, constant, literal};
use crate::esql::ast::Span;
use crate::plan::{Expr, ExprKind};
use detect_runtime::functions::{Function, lookup};
use detect_runtime::value::{Owned, Type};

/// A call in a zone other than UTC.
pub(super) fn in_zone(
    function: &'static Function,
    shown: &str,
    args: Vec<Expr>,
    zone: &str,
    span: Span,
) -> Analysed<Expr> {
    let named = || constant(Type::Keyword, Owned::Text(zone.into()));
    let moved = |by: &str, date: Expr| match lookup(by) {
        Some(function) => invoke(function, shown, vec![date, named()], span),
        None => Ok(date),
    };
    match (function.name, args.len()) {
        ("date_trunc" | "bucket", _) => {
            let local = dates(args, span, |date| moved("zone.to_local", date))?;
            let result = invoke(function, shown, local, span)?;
            if is_date(result.ty) { moved("zone.to_instant", result) } else { Ok(result) }
        }
        ("date_diff" | "date_extract" | "day_name" | "month_name", _) | ("date_format", 2..) => {
            let local = dates(args, span, |date| moved("zone.to_local", date))?;
            invoke(function, shown, local, span)
        }
        ("date_format", 1) => args.into_iter().next().map_or_else(
            || invoke(function, shown, Vec::new(), span),
            |date| moved("zone.print", date),
        ),
        // Its own option, behind the text or behind format and text, comes first.
        ("date_parse", 1 | 2) => {
            let mut args = args;
            args.push(named());
            invoke(function, shown, args, span)
        }
        _ => invoke(function, shown, args, span),
    }
}

fn is_date(ty: Type) -> bool {
    matches!(ty, Type::Date | Type::DateNanos)
}

/// Moves every date among the arguments; a literal text that reads as a date is one.
fn dates(
    args: Vec<Expr>,
    span: Span,
    moved: impl Fn(Expr) -> Analysed<Expr>,
) -> Analysed<Vec<Expr>> {
    let literal = |arg: &Expr| match &arg.kind {
        ExprKind::Const(Owned::Text(text)) => detect_runtime::value::date::parse(text).is_some(),
        _ => false,
    };
    args.into_iter()
        .map(|arg| match arg.ty {
            ty if is_date(ty) => moved(arg),
            Type::Keyword if literal(&arg) => moved(literal::convert(arg, Type::Date, span)?),
            _ => Ok(arg),
        })
        .collect()
}
