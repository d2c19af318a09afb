//! Doubtful things in queries that compile.
//!
//! In: the syntax tree and the plan. Out: warnings, each with a short name that
//! `allow = [...]` silences and with the fix. Must not change the plan.

use super::Context;
use super::ast::Query;
use super::lowering::Lowered;
use crate::diagnostic::Problem;

/// The lints of a query.
pub(crate) fn lints(_: &str, _: &Query, _: &Lowered, _: &Context<'_>) -> Vec<Problem> {
    Vec::new()
}
