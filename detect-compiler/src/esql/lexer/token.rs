//! Tokens of the four token sets.

use crate::esql::ast::{NamePiece, Span};

/// A token and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it stands.
    pub(crate) span: Span,
}

/// Kinds of token. Text that needs no decoding is left in the query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A command, keyword or unquoted identifier.
    Word,
    /// A back-quoted identifier, decoded.
    Quoted(String),
    /// A string, decoded.
    Text(String),
    /// Digits.
    Integer,
    /// A number with point or exponent.
    Decimal,
    /// `?`, `?name`, `??name`.
    Parameter,
    /// A piece of an index pattern.
    Source,
    /// A piece of a name pattern, between dots.
    Pattern(Vec<NamePiece>),
    /// Punctuation or operator.
    Symbol(Symbol),
    /// The end of the query.
    End,
}

/// Punctuation and operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    Pipe,
    Comma,
    Dot,
    Semicolon,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Assign,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Colon,
    Cast,
}

impl Symbol {
    /// As it is written.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Symbol::Pipe => "|",
            Symbol::Comma => ",",
            Symbol::Dot => ".",
            Symbol::Semicolon => ";",
            Symbol::Open => "(",
            Symbol::Close => ")",
            Symbol::OpenBracket => "[",
            Symbol::CloseBracket => "]",
            Symbol::OpenBrace => "{",
            Symbol::CloseBrace => "}",
            Symbol::Assign => "=",
            Symbol::Equal => "==",
            Symbol::NotEqual => "!=",
            Symbol::Less => "<",
            Symbol::LessEqual => "<=",
            Symbol::Greater => ">",
            Symbol::GreaterEqual => ">=",
            Symbol::Plus => "+",
            Symbol::Minus => "-",
            Symbol::Star => "*",
            Symbol::Slash => "/",
            Symbol::Percent => "%",
            Symbol::Colon => ":",
            Symbol::Cast => "::",
        }
    }
}
