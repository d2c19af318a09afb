//! Bounds that the WHERE behind STATS sets to counts: a group above them cannot
//! pass any more while its pane is in the window, and its state may shrink to its
//! key (DESIGN: `count < 5`, `count_distinct(x) == 1`).

use crate::plan::{Expr, ExprKind, Stage, Stats};
use detect_runtime::value::Owned;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::BTreeMap;

/// The body of `saturated(state)`: a disjunction over the conjuncts of the WHEREs
/// behind STATS that bound an aggregate from above. Counts only grow, so one that
/// reached its bound refutes its conjunct for good. Between STATS and a WHERE may stand
/// what makes each row's fate its own affair.
pub(super) fn bound(stats: &Stats, following: &[Stage]) -> TokenStream {
    let mut bounds = Vec::new();
    let mut counts: BTreeMap<usize, usize> = (0..stats.aggregates.len())
        .filter(|slot| stats.aggregates.get(*slot).is_some_and(only_grows))
        .map(|slot| (slot, slot))
        .collect();
    for stage in following {
        match stage {
            Stage::Where(condition) => conjuncts(condition, &mut |conjunct| {
                if let Some((slot, limit)) = upper_bound(conjunct)
                    && let Some(count) = counts.get(&slot)
                {
                    bounds.push((*count, limit));
                }
            }),
            Stage::Eval(computed) => {
                for (slot, expr) in computed {
                    match self::slot(expr).and_then(|copied| counts.get(&copied).copied()) {
                        Some(count) => counts.insert(*slot, count),
                        None => counts.remove(slot),
                    };
                }
            }
            Stage::Dissect { outputs, .. } => {
                counts.retain(|slot, _| outputs.iter().all(|(_, written)| written != slot));
            }
            Stage::Grok { outputs, .. } => {
                counts.retain(|slot, _| outputs.iter().all(|(_, _, written)| written != slot));
            }
            Stage::MvExpand(expanded) => counts.retain(|slot, _| slot != expanded),
            Stage::Sort(_) => {}
            // Other rows hang on the group, or somebody is asked about it.
            _ => break,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Options, plans};
    use crate::plan::Body;
    use crate::rule::{File, Folder};

    /// The bound that the query behind `from a | ` sets.
    fn bound_of(query: &str) -> String {
        let text = format!(
            "[rule]\nname = \"x\"\ndescription = \"x\"\nrule_id = \"x\"\ntype = \"esql\"\n\
             severity = \"low\"\nrisk_score = 1\nquery = '''from a | {query}'''\n"
        );
        let file = File { path: "x.toml".into(), bytes: text.into_bytes() };
        let options = Options::default();
        let plans = plans(&Folder { files: vec![file] }, &options);
        let Body::Pipeline(pipeline) = &plans.rules[0].lowered.plan.body else {
            return String::new();
        };
        let at = pipeline.stages.iter().position(|stage| matches!(stage, Stage::Stats(_)));
        let (before, following) = pipeline.stages.split_at(at.expect("a STATS") + 1);
        let Some(Stage::Stats(stats)) = before.last() else { return String::new() };
        bound(stats, following).to_string().replace(' ', "")
    }

    #[test]
    fn what_may_stand_between() {
        let rows = [
            ("where c < 5", "state.a0.reached(5u64)"),
            ("eval x = length(user.name) | where c < 5", "state.a0.reached(5u64)"),
            ("eval d = c | where d <= 5 and user.name == \"x\"", "state.a0.reached(6u64)"),
            ("sort user.name | mv_expand user.name | where c == 1", "state.a0.reached(2u64)"),
            (
                "dissect user.name \"%{x}:%{y}\" | where 3 > c and x == \"a\"",
                "state.a0.reached(3u64)",
            ),
            ("eval c = c + 1 | where c < 5", "false"),
            ("eval c = c * -1 | where c < 5", "false"),
            ("limit 3 | where c < 5", "false"),
            ("inline stats s = sum(c) | where c < 5", "false"),
            ("stats t = count() by c | where t < 5", "false"),
            ("where c > 5", "false"),
            ("where c < 5 or user.name == \"x\"", "false"),
        ];
        for (behind, expected) in rows {
            let query = format!("stats c = count(*) by user.name | {behind}");
            assert_eq!(bound_of(&query), expected, "{query}");
        }
    }
}
