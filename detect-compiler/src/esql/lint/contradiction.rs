//! Conditions that no row can satisfy.

use super::warning;
use crate::diagnostic::Problem;
use crate::esql::ast::{CommandKind, Expr, ExprKind, Operator, Query, Span};
use crate::esql::lowering::Lowered;
use crate::plan::{Body, Cond, ExprKind as Planned, Rows, Stage};
use detect_runtime::value::Owned;
use std::collections::HashMap;

pub(super) fn lint(tree: &Query, lowered: &Lowered, found: &mut Vec<Problem>) {
    let before = found.len();
    for command in &tree.commands {
        if let CommandKind::Where(condition) = &command.kind {
            bounds(condition, found);
        }
    }
    // What folds to false or null has no column whose bounds could show it.
    if found.len() == before
        && let Some(span) = folded_to_nothing(tree, lowered)
    {
        found.push(never(span, "the condition is never true"));
    }
}

fn never(span: Span, message: &str) -> Problem {
    let help = "no row passes here: check the literals, and AND against OR".to_owned();
    warning("never_true", message.to_owned(), span, help)
}

fn folded_to_nothing(tree: &Query, lowered: &Lowered) -> Option<Span> {
    let Body::Pipeline(pipeline) = &lowered.plan.body else { return None };
    let filter = matches!(&pipeline.rows, Rows::Events { filter: Cond::Const(false), .. });
    let stage = pipeline.stages.iter().any(|stage| match stage {
        Stage::Where(condition) => {
            matches!(condition.kind, Planned::Const(Owned::Null | Owned::Boolean(false)))
        }
        _ => false,
    });
    let place = tree.commands.iter().find(|c| matches!(c.kind, CommandKind::Where(_)));
    place.filter(|_| filter || stage).map(|command| command.span)
}

/// What the conjuncts of one condition ask of a column.
#[derive(Default)]
struct Bounds<'t> {
    texts: Option<Vec<&'t str>>,
    low: Option<(f64, bool)>,
    high: Option<(f64, bool)>,
}

impl<'t> Bounds<'t> {
    /// The column's text is one of these; false if nothing is left.
    fn one_of(&mut self, texts: Vec<&'t str>) -> bool {
        let left = match self.texts.take() {
            None => texts,
            Some(before) => before.into_iter().filter(|text| texts.contains(text)).collect(),
        };
        let some = !left.is_empty();
        self.texts = Some(left);
        some
    }

    /// The column is above (`open`: not equal to) a number.
    fn above(&mut self, number: f64, open: bool) -> bool {
        if self.low.is_none_or(|(low, was)| number > low || (number == low && open && !was)) {
            self.low = Some((number, open));
        }
        self.possible()
    }

    fn below(&mut self, number: f64, open: bool) -> bool {
        if self.high.is_none_or(|(high, was)| number < high || (number == high && open && !was)) {
            self.high = Some((number, open));
        }
        self.possible()
    }

    fn possible(&self) -> bool {
        match (self.low, self.high) {
            (Some((low, open)), Some((high, closed))) => {
                low < high || (low == high && !open && !closed)
            }
            _ => true,
        }
    }
}

fn bounds(condition: &Expr, found: &mut Vec<Problem>) {
    let single = std::slice::from_ref(condition);
    let conjuncts = if let ExprKind::And(all) = &condition.kind { all } else { single };
    let mut columns: HashMap<&str, Bounds<'_>> = HashMap::new();
    for conjunct in conjuncts {
        let (name, possible) = match &conjunct.kind {
            ExprKind::Binary { operator, left, right } => match (&left.kind, &right.kind) {
                (ExprKind::Column(name), _) => {
                    (name, narrow(columns.entry(name).or_default(), *operator, right))
                }
                (_, ExprKind::Column(name)) => {
                    (name, narrow(columns.entry(name).or_default(), mirrored(*operator), left))
                }
                _ => continue,
            },
            ExprKind::In { value, negated: false, items } => {
                let ExprKind::Column(name) = &value.kind else { continue };
                let texts: Option<Vec<&str>> = items.iter().map(text).collect();
                let Some(texts) = texts else { continue };
                (name, columns.entry(name).or_default().one_of(texts))
            }
            _ => continue,
        };
        if !possible {
            let message = format!("no value of `{name}` satisfies this and what stands before");
            found.push(never(conjunct.span, &message));
            return;
        }
    }
}

fn narrow<'t>(bounds: &mut Bounds<'t>, operator: Operator, value: &'t Expr) -> bool {
    match (operator, text(value), number(value)) {
        (Operator::Equal, Some(text), _) => bounds.one_of(vec![text]),
        (Operator::Equal, _, Some(number)) => {
            bounds.above(number, false) && bounds.below(number, false)
        }
        (Operator::Greater, _, Some(number)) => bounds.above(number, true),
        (Operator::GreaterEqual, _, Some(number)) => bounds.above(number, false),
        (Operator::Less, _, Some(number)) => bounds.below(number, true),
        (Operator::LessEqual, _, Some(number)) => bounds.below(number, false),
        _ => true,
    }
}

fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessEqual => Operator::GreaterEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterEqual => Operator::LessEqual,
        other => other,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Text(text) => Some(text),
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Integer(number) => Some(*number as f64),
        ExprKind::Decimal(number) => Some(*number),
        ExprKind::Negate(inner) => number(inner).map(|number| -number),
        _ => None,
    }
}
