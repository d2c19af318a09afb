//! Machine-learning rules: which documents are anomalies of the rule's jobs.
//!
//! Jobs write their results as documents to `.ml-anomalies-*`. A rule alerts on
//! each record (`result_type` `record`) of one of its jobs that is final
//! (`is_interim` is not true) and whose `record_score` reaches the threshold.
//! The job itself runs elsewhere.

use crate::plan::{Cond, Field};
use crate::rule::Anomalies;
use detect_runtime::test::{Fold, Number, Order, Test};
use detect_runtime::value::Type;

/// Where jobs write.
pub(super) const INDEX: &str = ".ml-anomalies-*";

pub(super) fn condition(rule: &Anomalies) -> Cond {
    let jobs = rule.jobs.iter().map(|job| equals("job_id", &job.value)).collect();
    let number = Number::Long(i64::from(rule.threshold));
    Cond::And(vec![
        equals("result_type", "record"),
        Cond::Or(jobs),
        any("record_score", Type::Double, Test::Number { order: Order::GreaterEqual, number }),
        Cond::Not(Box::new(any("is_interim", Type::Boolean, Test::Boolean(true)))),
    ])
}

fn equals(path: &str, text: &str) -> Cond {
    any(path, Type::Keyword, Test::Equals { text: text.to_owned(), fold: Fold::None })
}

fn any(path: &str, ty: Type, test: Test) -> Cond {
    Cond::Any { field: Field { path: path.to_owned(), ty }, test }
}
