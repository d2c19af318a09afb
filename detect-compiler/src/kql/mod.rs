//! Front end for KQL, the Kibana query language.
//!
//! In: query text. Out: a two-valued condition, or problems with places in the
//! text. Stages: [`parser`] (text to [`ast`]; the grammar has no tokens of its
//! own, since white space belongs to values), [`lower`] (field types to leaves
//! of `querydsl`). Must not know other languages or rule files.
//!
//! # Readings where sources differ
//!
//! - The grammar is Kibana's, which rules go through: `not` binds before `and`
//!   before `or`, values come in lists, `not not` is an error.
//! - A pattern with blanks on a keyword field is one pattern; on analysed text it
//!   is split at the blanks.
//! - A value that its field's type cannot take is an error, in free text the
//!   field is left out. `field: null` is an error.
//! - A field below one that is mapped `nested` needs the `path:{ }` form, and
//!   `path:{ }` a field that may be nested: names in no table may.

mod asked;
mod ast;
mod error;
mod lower;
mod parser;

#[cfg(test)]
mod tests;

pub use error::{KqlError, KqlErrorKind};

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
/// use detect_compiler::kql::compile;
/// use detect_compiler::schema::Schema;
/// let schema = Schema::builtin();
/// assert!(compile("process.name:(cmd.exe or power*) and not user.id:*", &schema).is_ok());
/// let problems = compile("process.pid > ", &schema).unwrap_err();
/// assert_eq!(problems[0].message, "expected a value, found the end of the query");
/// ```
pub fn compile(text: &str, schema: &Schema) -> Result<Compiled, Vec<Problem>> {
    let tree = parser::parse(text).map_err(|error| vec![Problem::of(&error)])?;
    lower::lower(tree.as_ref(), schema)
}

/// What a query asks, as written.
///
/// # Errors
/// As [`compile`], for what is no query.
pub fn asked(text: &str, schema: &Schema) -> Result<Asked, Vec<Problem>> {
    let tree = parser::parse(text).map_err(|error| vec![Problem::of(&error)])?;
    Ok(asked::asked(tree.as_ref(), schema))
}
