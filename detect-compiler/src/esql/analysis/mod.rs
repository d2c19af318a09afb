//! Names to columns, expressions to types.
//!
//! In: expressions of the syntax tree, the columns that are in sight, the field
//! types. Out: typed expressions of the plan with casts written out and constants
//! folded; typed errors. Functions are resolved, prepared and folded by the
//! runtime's own table. Must not know commands: what a name means at its place is
//! asked of a [`Resolver`].

mod call;
mod error;
mod expression;
mod fold;
mod full_text;
mod infer;
mod literal;
mod pattern;
mod zone;

pub use error::AnalysisError;
pub(crate) use error::type_name;
pub(crate) use expression::{Typer, condition};
pub(crate) use fold::constant_value;
pub(crate) use infer::inferred_types;
pub(crate) use literal::convert;

use super::ast::{self, Span};
use crate::plan::{Expr, ExprKind, Field};
use detect_runtime::value::{Owned, Type};

/// Result of the analysis of one thing.
pub(crate) type Analysed<T> = Result<T, AnalysisError>;

/// What names mean at a place of the query.
pub(crate) trait Resolver {
    /// The column of that name.
    fn column(&mut self, typer: &Typer<'_>, name: &str, span: Span) -> Analysed<Expr>;

    /// A call of an aggregate.
    fn aggregate(&mut self, typer: &Typer<'_>, call: &AggregateCall<'_>) -> Analysed<Expr>;

    /// The stored field that a column is, for full-text functions: it must not
    /// have been computed.
    fn stored(&mut self, typer: &Typer<'_>, name: &str, span: Span) -> Analysed<Field>;

    /// What stands for the whole expression: a grouping that is written again.
    fn grouping(&mut self, _typer: &Typer<'_>, _expr: &ast::Expr) -> Option<Expr> {
        None
    }

    /// The command behind which the document is gone, if there was one.
    fn document_gone(&self) -> Option<&'static str>;
}

/// A call of an aggregate as written.
pub(crate) struct AggregateCall<'a> {
    /// The aggregate.
    pub(crate) kind: &'static detect_runtime::aggregate::Kind,
    /// Its name as written.
    pub(crate) name: &'a ast::Name,
    /// Its arguments.
    pub(crate) args: &'a ast::Args,
    /// The whole call.
    pub(crate) span: Span,
}

/// A constant of the plan.
pub(crate) fn constant(ty: Type, value: Owned) -> Expr {
    Expr { ty, kind: ExprKind::Const(value) }
}

/// The constant null.
pub(crate) fn null() -> Expr {
    constant(Type::Null, Owned::Null)
}

/// A constant truth value.
pub(crate) fn boolean(value: bool) -> Expr {
    constant(Type::Boolean, Owned::Boolean(value))
}

/// True for the constant null.
pub(crate) fn is_null(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Const(Owned::Null))
}
