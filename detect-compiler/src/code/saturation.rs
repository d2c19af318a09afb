//! Bounds that the WHERE behind STATS sets to counts: a group above them cannot
//! pass any more while its pane is in the window, and its state may shrink to its
//! key (DESIGN: `count < 5`, `count_distinct(x) == 1`).

use crate::plan::{Expr, ExprKind, Stage, Stats};
use detect_runtime::value::Owned;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The body of `saturated(state)`: a disjunction over the conjuncts of the WHEREs
/// directly behind STATS that bound an aggregate from above. Counts only grow, so
/// one that reached its bound refutes its conjunct for good.
pub(super) fn bound(stats: &Stats, following: &[Stage]) -> TokenStream {
    let mut bounds = Vec::new();
    for stage in following {
        let Stage::Where(condition) = stage else { break };
        conjuncts(condition, &mut |conjunct| {
            if let Some((slot, limit)) = upper_bound(conjunct)
                && stats.aggregates.get(slot).is_some_and(only_grows)
            {
                bounds.push((slot, limit));
            }
        });
    }
    let bounds = bounds.iter().map(|(slot, limit)| {
        let field = format_ident!("a{slot}");
        quote!(state.#field.reached(#limit))
    });
    let bounds: Vec<TokenStream> = bounds.collect();
    if bounds.is_empty() { quote!(false) } else { quote!(#(#bounds)||*) }
}

fn only_grows(aggregate: &crate::plan::Aggregate) -> bool {
    matches!(aggregate.name, "count" | "count_distinct")
}

fn conjuncts(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    match &expr.kind {
        ExprKind::And(all) => all.iter().for_each(|operand| conjuncts(operand, visit)),
        _ => visit(expr),
    }
}

/// `slot < n`, `slot <= n`, `slot == n` (either way round) -> the smallest count
/// that refutes it.
fn upper_bound(expr: &Expr) -> Option<(usize, u64)> {
    let ExprKind::Call { function, args } = &expr.kind else { return None };
    let [left, right] = args.as_slice() else { return None };
    let (slot, number, name) = if let (Some(slot), Some(number)) = (slot(left), number(right)) {
        (slot, number, function.name)
    } else {
        let turned = match function.name {
            "greater" => "less",
            "greater_equal" => "less_equal",
            "equals" => "equals",
            _ => return None,
        };
        (slot(right)?, number(left)?, turned)
    };
    let refuting = match name {
        "less" => number,
        "less_equal" | "equals" => number.checked_add(1)?,
        _ => return None,
    };
    Some((slot, u64::try_from(refuting).ok()?))
}

fn slot(expr: &Expr) -> Option<usize> {
    match expr.kind {
        ExprKind::Slot(slot) => Some(slot),
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<i64> {
    match expr.kind {
        ExprKind::Const(Owned::Integer(n)) => Some(i64::from(n)),
        ExprKind::Const(Owned::Long(n)) => Some(n),
        _ => None,
    }
}
