//! What a plan's conditions and expressions mention.

use crate::plan::{Body, Cond, Expr, ExprKind, Field, Plan, Rows, Sequence, Stage, Stats, Term};
use detect_runtime::json::layout::Flags;

/// What a condition of a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The per-event filter of the rule.
    Body,
    /// Term of a sequence or sample.
    Term(usize),
    /// `until` of a sequence.
    Until,
    /// Lineage of the plan.
    Lineage(usize),
}

/// The conditions of a plan that are asked of every event.
pub(super) fn conditions(plan: &Plan) -> Vec<(Role, &Cond)> {
    let mut all = match &plan.body {
        Body::Events(cond) => vec![(Role::Body, cond)],
        Body::Pipeline(pipeline) => match &pipeline.rows {
            Rows::Events { filter, .. } => vec![(Role::Body, filter)],
            Rows::Constants(_) => Vec::new(),
        },
        Body::Sequence(sequence) => terms(&sequence.terms, sequence.until.as_ref()),
        Body::Sample(sample) => terms(&sample.terms, None),
        Body::Threshold(threshold) => vec![(Role::Body, &threshold.filter)],
        Body::NewTerms(terms) => vec![(Role::Body, &terms.filter)],
        Body::ThreatMatch(threat) => vec![(Role::Body, &threat.filter)],
    };
    let lineages = plan.lineages.iter().enumerate();
    all.extend(lineages.map(|(number, cond)| (Role::Lineage(number), cond)));
    all
}

fn terms<'p>(terms: &'p [Term], until: Option<&'p Term>) -> Vec<(Role, &'p Cond)> {
    let numbered = terms.iter().enumerate().map(|(number, term)| (Role::Term(number), &term.cond));
    numbered.chain(until.map(|term| (Role::Until, &term.cond))).collect()
}

/// Conditions inside the expressions of a plan's head.
pub(super) fn nested_conditions<'p>(plan: &'p Plan, visit: &mut dyn FnMut(&'p Cond)) {
    let mut in_expr = |expr: &'p Expr| {
        each_expr(expr, &mut |inner| {
            if let ExprKind::Cond(cond) = &inner.kind {
                visit(cond);
            }
        });
    };
    head_expressions(plan, &mut in_expr);
}

/// Fields that a plan's head reads.
pub(super) fn head_fields<'p>(plan: &'p Plan, visit: &mut dyn FnMut(&'p Field)) {
    match &plan.body {
        Body::Events(_) => {}
        Body::Pipeline(pipeline) => {
            if let Rows::Events { slots, .. } = &pipeline.rows {
                slots.iter().for_each(&mut *visit);
            }
        }
        Body::Sequence(Sequence { terms, until, timestamp, tiebreaker, .. }) => {
            visit(timestamp);
            tiebreaker.iter().for_each(&mut *visit);
            let keys = terms.iter().chain(until).flat_map(|term| &term.keys);
            keys.for_each(|(field, _)| visit(field));
            terms.iter().filter_map(|term| term.join.as_ref()).for_each(|join| {
                fields_of_join(join, visit);
            });
        }
        Body::Sample(sample) => {
            let keys = sample.terms.iter().flat_map(|term| &term.keys);
            keys.for_each(|(field, _)| visit(field));
        }
        Body::Threshold(threshold) => {
            threshold.fields.iter().for_each(&mut *visit);
            threshold.cardinality.iter().for_each(|(field, _)| visit(field));
        }
        Body::NewTerms(terms) => terms.fields.iter().for_each(&mut *visit),
        Body::ThreatMatch(threat) => {
            threat.mapping.iter().flatten().for_each(|entry| visit(&entry.field));
        }
    }
    head_expressions(plan, &mut |expr| {
        each_expr(expr, &mut |inner| match &inner.kind {
            ExprKind::Field(field) | ExprKind::Captured { field, .. } => visit(field),
            _ => {}
        });
    });
}

/// Fields that a join reads, of its own event and of earlier ones; members of
/// elements by their full path.
fn fields_of_join<'p>(cond: &'p Cond, visit: &mut dyn FnMut(&'p Field)) {
    match cond {
        Cond::Not(inner) | Cond::Element { cond: inner, .. } => fields_of_join(inner, visit),
        Cond::And(all) | Cond::Or(all) => all.iter().for_each(|cond| fields_of_join(cond, visit)),
        Cond::Expr { expr, .. } => each_expr(expr, &mut |inner| {
            if let ExprKind::Field(field) | ExprKind::Captured { field, .. } = &inner.kind {
                visit(field);
            }
        }),
        leaf => leaf.each_field(visit),
    }
}

/// Fields that a computed atom reads, and what of them.
pub(super) fn fields_of_leaf(cond: &Cond, visit: &mut dyn FnMut(&str, Flags)) {
    match cond {
        Cond::Expr { expr, .. } => each_expr(expr, &mut |inner| {
            if let ExprKind::Field(field) = &inner.kind {
                visit(&field.path, Flags::NONE);
            }
        }),
        Cond::Element { path, cond } => {
            visit(path, Flags::ELEMENTS);
            outside_element(cond, path, visit);
        }
        _ => {}
    }
}

/// Fields that the condition inside an element reads from the event itself.
fn outside_element(cond: &Cond, path: &str, visit: &mut dyn FnMut(&str, Flags)) {
    let mut outside = |field: &str, flags: Flags| {
        let inside =
            field.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if !inside {
            visit(field, flags);
        }
    };
    match cond {
        Cond::Not(inner) => outside_element(inner, path, visit),
        Cond::And(all) | Cond::Or(all) => {
            for cond in all {
                outside_element(cond, path, visit);
            }
        }
        Cond::Any { field, .. } | Cond::Single(field) => outside(&field.path, Flags::NONE),
        Cond::Exists { field, objects } => {
            outside(&field.path, if *objects { Flags::OBJECT } else { Flags::NONE });
        }
        Cond::Expr { .. } => fields_of_leaf(cond, &mut outside),
        // An array inside the element is read from the element.
        Cond::Element { cond, .. } => outside_element(cond, path, visit),
        Cond::Const(_) | Cond::AnyField { .. } | Cond::DescendantOf(_) => {}
    }
}

/// Conditions inside the expression of a computed atom.
pub(super) fn inner_conditions<'c>(cond: &'c Cond, visit: &mut dyn FnMut(&'c Cond)) {
    if let Cond::Expr { expr, .. } = cond {
        each_expr(expr, &mut |inner| {
            if let ExprKind::Cond(cond) = &inner.kind {
                visit(cond);
            }
        });
    }
}

/// The expression and everything below it.
fn each_expr<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    visit(expr);
    expr.children(&mut |child| each_expr(child, visit));
}

/// The expressions of a plan's head.
fn head_expressions<'p>(plan: &'p Plan, visit: &mut dyn FnMut(&'p Expr)) {
    if let Body::Pipeline(pipeline) = &plan.body {
        pipeline.stages.iter().for_each(|stage| stage_expressions(stage, visit));
    }
}

fn stage_expressions<'p>(stage: &'p Stage, visit: &mut dyn FnMut(&'p Expr)) {
    match stage {
        Stage::Where(expr) | Stage::Completion { prompt: expr, .. } => visit(expr),
        Stage::Eval(all) => all.iter().for_each(|(_, expr)| visit(expr)),
        Stage::Dissect { input, .. } | Stage::Grok { input, .. } => visit(input),
        Stage::Stats(stats) => stats_expressions(stats, visit),
        Stage::InlineStats { stats, computed, .. } => {
            stats_expressions(stats, visit);
            computed.iter().for_each(visit);
        }
        Stage::Sort(keys) => keys.iter().for_each(|key| visit(&key.expr)),
        Stage::Limit { by, .. } => by.iter().for_each(visit),
        Stage::Lookup { on, .. } => on.iter().for_each(|(expr, _)| visit(expr)),
        Stage::MvExpand(_) | Stage::Sample(_) => {}
    }
}

fn stats_expressions<'p>(stats: &'p Stats, visit: &mut dyn FnMut(&'p Expr)) {
    for aggregate in &stats.aggregates {
        aggregate.args.iter().chain(&aggregate.filter).for_each(&mut *visit);
    }
    stats.keys.iter().for_each(visit);
}
