//! Conditions that a rule puts on its source events besides the query: which
//! operating systems it is for, and filters beside an EQL query.

use crate::plan::{Body, Cond, Field, Rows, Term};
use crate::rule::Rule;
use crate::schema::Schema;
use detect_runtime::test::{Fold, Test};

/// The condition, [`Cond::Const`] true if there is none.
pub(crate) fn of(rule: &Rule, schema: &Schema) -> Cond {
    if rule.os_list.is_empty() {
        Cond::Const(true)
    } else {
        operating_systems(&rule.os_list, schema)
    }
}

/// Joins a condition on source events to a body.
pub(super) fn apply(guard: &Cond, body: &mut Body) {
    if matches!(guard, Cond::Const(true)) {
        return;
    }
    match body {
        Body::Events(cond) => join(cond, guard),
        Body::Pipeline(pipeline) => match &mut pipeline.rows {
            Rows::Events { filter, .. } => join(filter, guard),
            Rows::Constants(_) => {}
        },
        Body::Sequence(sequence) => {
            let terms = sequence.terms.iter_mut().chain(&mut sequence.until);
            terms.for_each(|Term { cond, .. }| join(cond, guard));
        }
        Body::Sample(sample) => {
            sample.terms.iter_mut().for_each(|Term { cond, .. }| join(cond, guard));
        }
        Body::Threshold(threshold) => join(&mut threshold.filter, guard),
        Body::NewTerms(terms) => join(&mut terms.filter, guard),
        Body::ThreatMatch(threat) => join(&mut threat.filter, guard),
    }
}

fn join(cond: &mut Cond, guard: &Cond) {
    let own = std::mem::replace(cond, Cond::Const(true));
    *cond = match own {
        Cond::Const(true) => guard.clone(),
        Cond::And(mut all) => {
            all.push(guard.clone());
            Cond::And(all)
        }
        own => Cond::And(vec![own, guard.clone()]),
    };
}

/// An event that names no operating system is not excluded.
fn operating_systems(list: &[String], schema: &Schema) -> Cond {
    const FIELD: &str = "host.os.type";
    let field = Field { path: FIELD.to_owned(), ty: schema.lookup(FIELD).ty };
    let named = list.iter().map(|os| Cond::Any {
        field: field.clone(),
        test: Test::Equals { text: os.clone(), fold: Fold::Ascii },
    });
    let unnamed = Cond::Not(Box::new(Cond::Exists { field: field.clone(), objects: false }));
    Cond::Or(std::iter::once(unnamed).chain(named).collect())
}
