//! ES|QL front end.
//!
//! In: the text of a query and what it may refer to. Out: a plan, the text of
//! each stage, and warnings. `lexer` -> `parser` -> `ast` -> `analysis` and
//! `lowering` -> [`crate::plan`]. Must not know rules, files or the code
//! generator, nor any other front end: queries in other languages inside a
//! query reach them through a trait.

pub mod ast;
#[cfg(test)]
mod corpus;
mod lexer;
pub mod parser;
pub mod syntax;
