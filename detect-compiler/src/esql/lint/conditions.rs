//! WHERE conditions on stored fields that null or several values turn around.

use super::{Sight, warning};
use crate::diagnostic::Problem;
use crate::esql::Context;
use crate::esql::ast::{CommandKind, Expr, ExprKind, Operator, Query, Span};
use std::collections::HashSet;

pub(super) fn lint(tree: &Query, cx: &Context<'_>, found: &mut Vec<Problem>) {
    let mut sight = Sight::new();
    // What some WHERE says about null anywhere, the author has thought of.
    let mut considered = HashSet::new();
    for command in &tree.commands {
        if let CommandKind::Where(condition) = &command.kind {
            considers_null(condition, &mut considered);
        }
    }
    for command in &tree.commands {
        if let CommandKind::Where(condition) = &command.kind {
            let mut required = HashSet::new();
            requires(condition, &mut required);
            let mut walk = Walk {
                sight: &sight,
                cx,
                known: considered.union(&required).cloned().collect(),
                arrays: HashSet::new(),
                found,
            };
            walk.condition(condition, false);
        }
        sight.pass(&command.kind);
    }
}

struct Walk<'w> {
    sight: &'w Sight,
    cx: &'w Context<'w>,
    /// Fields whose absence is dealt with.
    known: HashSet<String>,
    /// Arrays that have been named already.
    arrays: HashSet<String>,
    found: &'w mut Vec<Problem>,
}

impl Walk<'_> {
    fn condition(&mut self, expr: &Expr, negated: bool) {
        match &expr.kind {
            ExprKind::Not(inner) => self.condition(inner, !negated),
            ExprKind::And(all) | ExprKind::Or(all) => {
                for part in all {
                    self.condition(part, negated);
                }
            }
            ExprKind::Binary { operator, left, right } if operator.is_comparison() => {
                let negative = negated != (*operator == Operator::NotEqual);
                for side in [left, right] {
                    self.operand(side, negative, expr.span, "MV_CONTAINS");
                }
            }
            ExprKind::In { value, negated: not, .. } => {
                self.operand(value, negated != *not, expr.span, "MV_INTERSECTS");
            }
            ExprKind::Like { value, negated: not, .. } => {
                self.operand(value, negated != *not, expr.span, "MV_LIKE");
            }
            _ => {}
        }
    }

    fn operand(&mut self, operand: &Expr, negative: bool, span: Span, instead: &str) {
        let ExprKind::Column(name) = &operand.kind else { return };
        if !self.sight.is_stored(name) {
            return;
        }
        let field = self.cx.schema.lookup(name);
        if field.array == Some(true)
            && !self.sight.expanded.contains(name)
            && self.arrays.insert(name.clone())
        {
            self.found.push(warning(
                "array_comparison",
                format!(
                    "`{name}` is an array: a comparison with one value is never true for several"
                ),
                span,
                format!("use {instead}({name}, ...), or MV_EXPAND {name} before"),
            ));
        }
        if negative && self.known.insert(name.clone()) {
            self.found.push(warning(
                "negation_drops_missing",
                format!("this also drops the documents without `{name}`"),
                span,
                format!(
                    "add `OR {name} IS NULL` to keep them, or `AND {name} IS NOT NULL` to say so"
                ),
            ));
        }
    }
}

/// Columns that stand before IS NULL or IS NOT NULL, or in COALESCE.
fn considers_null(expr: &Expr, names: &mut HashSet<String>) {
    match &expr.kind {
        ExprKind::IsNull { value, .. } => {
            if let ExprKind::Column(name) = &value.kind {
                names.insert(name.clone());
            }
        }
        ExprKind::Call { name, .. } if name.text.eq_ignore_ascii_case("coalesce") => {
            for child in expr.children() {
                if let ExprKind::Column(name) = &child.kind {
                    names.insert(name.clone());
                }
            }
        }
        _ => {}
    }
    for child in expr.children() {
        considers_null(child, names);
    }
}

/// Columns that a positive conjunct of the condition needs anyway.
fn requires(expr: &Expr, names: &mut HashSet<String>) {
    let mut column = |value: &Expr| {
        if let ExprKind::Column(name) = &value.kind {
            names.insert(name.clone());
        }
    };
    match &expr.kind {
        ExprKind::And(all) => all.iter().for_each(|part| requires(part, names)),
        ExprKind::Binary { operator, left, right }
            if operator.is_comparison() && *operator != Operator::NotEqual =>
        {
            column(left);
            column(right);
        }
        ExprKind::In { value, negated: false, .. }
        | ExprKind::Like { value, negated: false, .. } => {
            column(value);
        }
        _ => {}
    }
}
