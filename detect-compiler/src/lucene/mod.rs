//! Front end for Lucene's query string syntax.
//!
//! In: query text. Out: a two-valued condition, or problems with places in the
//! text. Stages: [`parser`] (text to [`ast`]), [`lower`] (clauses to logic, field
//! types to leaves of `querydsl`). Must not know other languages or rule files.
//!
//! # Readings where sources differ
//!
//! - A group of prohibited clauses alone matches everything else, at any depth
//!   (Elasticsearch adds match-all to such a query).
//! - Both ends of a range must hold for one value. Where the values of a field
//!   are spread over objects of an array this is not asked for each value.
//! - Distances between words, fuzzy words and regular expressions on analysed
//!   text are refused, boosts have no effect on what matches.

mod asked;
mod ast;
mod error;
mod lower;
mod parser;

#[cfg(test)]
mod tests;

pub use error::{LuceneError, LuceneErrorKind};

use crate::diagnostic::Problem;
use crate::plan::Cond;
use crate::predicate::Asked;
use crate::schema::Schema;

/// A query that was understood.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What an event must satisfy.
    pub cond: Cond,
    /// Warnings.
    pub warnings: Vec<Problem>,
}

/// Compiles a query; an empty one holds for all events.
///
/// ```
/// use detect_compiler::lucene::compile;
/// use detect_compiler::schema::Schema;
/// let schema = Schema::builtin();
/// assert!(compile("process.name:(chmod OR chown) AND NOT user.name:root", &schema).is_ok());
/// assert!(compile("process.name:(chmod", &schema).is_err());
/// ```
pub fn compile(text: &str, schema: &Schema) -> Result<Compiled, Vec<Problem>> {
    let tree = parser::parse(text).map_err(|error| vec![Problem::of(&error)])?;
    lower::lower(&tree, schema)
}

/// What a query asks, as written.
///
/// # Errors
/// As [`compile`], for what is no query.
pub fn asked(text: &str, schema: &Schema) -> Result<Asked, Vec<Problem>> {
    let tree = parser::parse(text).map_err(|error| vec![Problem::of(&error)])?;
    Ok(asked::asked(&tree, schema))
}
