//! Front end for EQL, in the dialects of Elasticsearch and of Elastic Endpoint.
//!
//! In: query text and what the rule says around it. Out: the body of a plan, or
//! problems with places in the text. Stages: [`lexer`], [`parser`] (to [`ast`]),
//! [`lower`] (names, types and the logic of section 3 of `reference/eql.md` to
//! `plan`). Must not know other languages, rule files or the code generator.
//!
//! # Readings where sources differ
//!
//! - Leaves of a condition are two-valued (section 3.1): a leaf that compares
//!   with a missing field is false and `not` is the complement. Inside one
//!   function expression null is a value: `null == (exit_code > -1)` holds for
//!   events without `exit_code`.
//! - A `?field` without mapping is the literal null where the schema is closed
//!   ([`Unmapped::Refuse`]); with the built-in schema every field counts as mapped.
//! - `between` gives `""` where a delimiter is missing (Elasticsearch), null in
//!   the Endpoint dialect (Python EQL).
//! - Endpoint: all letters fold, `*` in the constant of a string function is a
//!   star, `dns where` also takes `network` events with a DNS question (that is
//!   how such events are shipped), `credential_access` and `persistence` are
//!   read as categories. A single object is an array of one for `_arraysearch`.
//! - `arrayCount` is refused by name.
//! - A sequence needs two terms, where runs and missing terms count.

mod asked;
mod ast;
mod error;
mod lexer;
mod lower;
mod parser;

#[cfg(test)]
mod tests;

pub use error::{EqlError, EqlErrorKind};

use crate::diagnostic::Problem;
use crate::plan::{Body, Cond, Expr};
use crate::predicate::Asked;
use crate::schema::Schema;

/// Which EQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// What Elasticsearch runs.
    Elasticsearch,
    /// What Elastic Endpoint runs: aliases, variables, `descendant of`,
    /// comparisons of fields, no `runs` and no missing events.
    Endpoint,
}

/// What a field without mapping is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmapped {
    /// A keyword that events may or may not have.
    Keyword,
    /// An error, or null if it is written `?field`; types are checked strictly.
    Refuse,
}

/// What surrounds a query.
#[derive(Clone, Copy, Debug)]
pub struct Context<'s> {
    /// Field types.
    pub schema: &'s Schema,
    /// Dialect.
    pub dialect: Dialect,
    /// What `category where` tests (`event.category`).
    pub category_field: &'s str,
    /// What orders events of sequences (`@timestamp`).
    pub timestamp_field: &'s str,
    /// Second order at equal times.
    pub tiebreaker_field: Option<&'s str>,
    /// Fields that the schema lacks.
    pub unmapped: Unmapped,
}

impl<'s> Context<'s> {
    /// The usual context of a rule.
    pub fn new(schema: &'s Schema, dialect: Dialect) -> Context<'s> {
        Context {
            schema,
            dialect,
            category_field: "event.category",
            timestamp_field: "@timestamp",
            tiebreaker_field: None,
            unmapped: Unmapped::Keyword,
        }
    }
}

/// A query that was understood.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// [`Body::Events`], [`Body::Sequence`] or [`Body::Sample`].
    pub body: Body,
    /// See [`Plan::lineages`](crate::plan::Plan::lineages).
    pub lineages: Vec<Cond>,
    /// `head`/`tail` of an event query, in the order written.
    pub limits: Vec<crate::plan::PipeLimit>,
    /// The text of each term as written, for `explain`: one piece for an event
    /// query, `until` last.
    pub stages: Vec<String>,
    /// Warnings.
    pub warnings: Vec<Problem>,
}

/// Compiles a query.
///
/// ```
/// use detect_compiler::eql::{Context, Dialect, compile};
/// use detect_compiler::schema::Schema;
/// let schema = Schema::builtin();
/// let context = Context::new(&schema, Dialect::Elasticsearch);
/// assert!(compile(r#"process where process.name : "cmd.exe""#, &context).is_ok());
/// let problems = compile("process where process.pid = 4", &context).unwrap_err();
/// assert_eq!(problems[0].span, 26..27);
/// ```
pub fn compile(query: &str, context: &Context<'_>) -> Result<Compiled, Vec<Problem>> {
    let tree = parser::parse(query, context.dialect).map_err(|error| vec![Problem::of(&error)])?;
    lower::query(query, &tree, context)
}

/// Compiles a bare expression, constants folded (conformance suites).
pub fn expression(text: &str, context: &Context<'_>) -> Result<Expr, Vec<Problem>> {
    let tree = parser::parse_expression(text, context.dialect)
        .map_err(|error| vec![Problem::of(&error)])?;
    lower::expression(&tree, context)
}

/// What a query asks, as written; one for each event of a sequence or sample.
///
/// # Errors
/// As [`compile`], for what is no EQL.
pub fn asked(query: &str, context: &Context<'_>) -> Result<Vec<Asked>, Vec<Problem>> {
    let tree = parser::parse(query, context.dialect).map_err(|error| vec![Problem::of(&error)])?;
    Ok(asked::asked(query, &tree, context.category_field))
}
