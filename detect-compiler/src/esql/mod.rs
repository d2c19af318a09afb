//! ES|QL front end.
//!
//! In: the text of a query and what it may refer to. Out: a plan, the text of
//! each stage, and warnings. `lexer` -> `parser` -> `ast` -> `analysis` and
//! `lowering` -> [`crate::plan`]. Must not know rules, files or the code
//! generator, nor any other front end: queries in other languages inside a
//! query reach them through [`QueryStrings`].

mod analysis;
mod asked;
pub mod ast;
#[cfg(test)]
mod corpus;
mod lexer;
mod lint;
mod lowering;
pub mod parser;
pub mod syntax;
#[cfg(test)]
mod tests;

pub use analysis::AnalysisError;
pub use asked::{QueryString, asked, written};

use crate::diagnostic::Problem;
use crate::plan::{Cond, Plan};
use crate::schema::Schema;
use detect_runtime::value::Type;
use std::collections::HashMap;
use std::ops::Range;

/// What a query may refer to.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Field types.
    pub schema: &'a Schema,
    /// Front ends of the languages that may stand inside a query.
    pub query_strings: &'a dyn QueryStrings,
    /// Tables of ENRICH and LOOKUP JOIN by name.
    pub tables: &'a HashMap<String, Table>,
    /// How names that the schema does not know are taken.
    pub names: Names,
    /// LIMIT that stands behind every query without one.
    pub implicit_limit: Option<u64>,
}

/// How names that the schema does not know are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// As fields that an event may have or not: rules over JSON. Their type is
    /// taken from what the query does with them.
    Open,
    /// As errors; FROM gives the fields of the schema in alphabetical order.
    Closed,
}

/// A table of ENRICH or LOOKUP JOIN.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its columns in order.
    pub columns: Vec<(String, Type)>,
    /// The column that ENRICH compares.
    pub match_field: Option<String>,
}

/// Front ends of the languages that may stand inside a query.
pub trait QueryStrings {
    /// `KQL("...")`; spans of problems are places in `text`.
    fn kql(&self, text: &str) -> Result<Cond, Vec<Problem>>;
    /// `QSTR("...")`; spans of problems are places in `text`.
    fn lucene(&self, text: &str) -> Result<Cond, Vec<Problem>>;
}

/// A compiled query.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Its plan, with [`crate::plan::Body::Pipeline`].
    pub plan: Plan,
    /// Its commands as written.
    pub stages: Vec<StageText>,
    /// Names of the groupings of the last STATS.
    pub group_by: Vec<String>,
    /// True if the query asks for COMPLETION.
    pub completion: bool,
    /// Lints.
    pub warnings: Vec<Problem>,
}

/// A command as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageText {
    /// Its keyword, upper case.
    pub command: &'static str,
    /// Its text without the pipe.
    pub text: String,
    /// Its place in the query.
    pub span: Range<usize>,
}

/// Compiles a query.
///
/// ```
/// use detect_compiler::diagnostic::Problem;
/// use detect_compiler::esql::{Context, Names, QueryStrings, compile};
/// use detect_compiler::plan::{Body, Cond};
/// use detect_compiler::schema::Schema;
///
/// struct NoStrings;
/// impl QueryStrings for NoStrings {
///     fn kql(&self, _: &str) -> Result<Cond, Vec<Problem>> {
///         Ok(Cond::Const(true))
///     }
///     fn lucene(&self, _: &str) -> Result<Cond, Vec<Problem>> {
///         Ok(Cond::Const(true))
///     }
/// }
///
/// let cx = Context {
///     schema: &Schema::builtin(),
///     query_strings: &NoStrings,
///     tables: &Default::default(),
///     names: Names::Open,
///     implicit_limit: None,
/// };
/// let query = r#"from logs-* | where process.name == "scp" | stats c = count() by host.name"#;
/// let compiled = compile(query, &cx).unwrap();
/// let Body::Pipeline(pipeline) = compiled.plan.body else { unreachable!() };
/// assert_eq!(pipeline.output[1].name, "host.name");
///
/// let problems = compile("from logs-* | where user.id > 5 | keep nothing | stats avg(x)", &cx);
/// assert!(problems.unwrap_err()[0].message.contains("does not take"));
/// ```
pub fn compile(query: &str, cx: &Context<'_>) -> Result<Compiled, Vec<Problem>> {
    let tree = parser::parse(query)
        .map_err(|errors| errors.iter().map(Problem::of).collect::<Vec<_>>())?;
    let stages = tree
        .commands
        .iter()
        .map(|command| StageText {
            command: command.kind.keyword(),
            text: query.get(command.span.range()).unwrap_or_default().to_owned(),
            span: command.span.range(),
        })
        .collect();
    let lowered = lowering::lower(query, &tree, cx)
        .map_err(|errors| errors.iter().map(Problem::of).collect::<Vec<_>>())?;
    let warnings = lint::lints(&tree, &lowered, cx);
    let completion =
        tree.commands.iter().any(|c| matches!(c.kind, ast::CommandKind::Completion { .. }));
    Ok(Compiled { plan: lowered.plan, stages, group_by: lowered.group_by, completion, warnings })
}
