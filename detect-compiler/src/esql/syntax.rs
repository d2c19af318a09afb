//! What can be wrong with the text of a query.

use super::ast::Span;
use crate::diagnostic::Complaint;
use std::ops::Range;

/// An error of the lexer or the parser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// A string without its closing quotes on the same line.
    #[error("string without end")]
    OpenText {
        /// From the opening quotes to the end of the line.
        span: Span,
    },
    /// A backslash in `"..."` before a character that it cannot escape.
    #[error("unknown escape `\\{character}` in a string")]
    Escape {
        /// The character.
        character: char,
        /// The escape.
        span: Span,
    },
    /// `/*` without `*/`.
    #[error("comment without end")]
    OpenComment {
        /// The opening.
        span: Span,
    },
    /// A back-quote without its partner.
    #[error("quoted name without end")]
    OpenName {
        /// From the back-quote.
        span: Span,
    },
    /// A pair of back-quotes around nothing.
    #[error("a quoted name is empty")]
    EmptyName {
        /// The quotes.
        span: Span,
    },
    /// A character that begins no token.
    #[error("`{character}` begins nothing that ES|QL knows")]
    Character {
        /// The character.
        character: char,
        /// Where.
        span: Span,
    },
    /// Another token was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// In words.
        expected: String,
        /// The token in words.
        found: String,
        /// Where.
        span: Span,
        /// What to write instead.
        help: Option<String>,
    },
    /// A command that does not exist.
    #[error("no command is called `{name}`")]
    Command {
        /// As written.
        name: String,
        /// The nearest command.
        near: Option<String>,
        /// Where.
        span: Span,
    },
    /// A command that exists but is refused.
    #[error("{name} is not supported")]
    Unsupported {
        /// The command.
        name: String,
        /// Where.
        span: Span,
    },
    /// A keyword in the place of a name.
    #[error("`{word}` is a reserved word")]
    Reserved {
        /// As written.
        word: String,
        /// Where.
        span: Span,
    },
    /// Brackets inside brackets inside brackets.
    #[error("the expression is nested too deeply")]
    Depth {
        /// Where the limit was reached.
        span: Span,
    },
    /// A number that no type can hold.
    #[error("`{text}` is no number")]
    Number {
        /// As written.
        text: String,
        /// Where.
        span: Span,
    },
    /// `1 fortnight`.
    #[error("`{unit}` is no unit of time")]
    Unit {
        /// As written.
        unit: String,
        /// The nearest unit.
        near: Option<String>,
        /// Where.
        span: Span,
    },
}

impl SyntaxError {
    fn place(&self) -> Span {
        match self {
            SyntaxError::OpenText { span }
            | SyntaxError::Escape { span, .. }
            | SyntaxError::OpenComment { span }
            | SyntaxError::OpenName { span }
            | SyntaxError::EmptyName { span }
            | SyntaxError::Character { span, .. }
            | SyntaxError::Expected { span, .. }
            | SyntaxError::Command { span, .. }
            | SyntaxError::Unsupported { span, .. }
            | SyntaxError::Reserved { span, .. }
            | SyntaxError::Depth { span }
            | SyntaxError::Number { span, .. }
            | SyntaxError::Unit { span, .. } => *span,
        }
    }
}

impl Complaint for SyntaxError {
    fn span(&self) -> Range<usize> {
        self.place().range()
    }

    fn label(&self) -> Option<String> {
        Some(match self {
            SyntaxError::OpenText { .. } => "the string begins here".into(),
            SyntaxError::Escape { .. } => "expected one of \\t \\n \\r \\\" \\\\".into(),
            SyntaxError::OpenComment { .. } => "the comment begins here".into(),
            SyntaxError::OpenName { .. } => "the name begins here".into(),
            SyntaxError::EmptyName { .. } => "expected at least one character".into(),
            SyntaxError::Character { .. } => "unexpected".into(),
            SyntaxError::Expected { expected, .. } => format!("expected {expected}"),
            SyntaxError::Command { .. } => "expected a command".into(),
            SyntaxError::Unsupported { .. } => "cannot be compiled".into(),
            SyntaxError::Reserved { .. } => "expected a name".into(),
            SyntaxError::Depth { .. } => "the limit is reached here".into(),
            SyntaxError::Number { .. } => "expected a number".into(),
            SyntaxError::Unit { .. } => "expected a unit of time".into(),
        })
    }

    fn help(&self) -> Option<String> {
        match self {
            SyntaxError::OpenText { .. } => {
                Some("strings end on the line on which they begin; write a line break as \\n".into())
            }
            SyntaxError::Escape { .. } => Some(
                "write the backslash twice, or the string in triple quotes, where a backslash is literal"
                    .into(),
            ),
            SyntaxError::Expected { help, .. } => help.clone(),
            SyntaxError::Command { near, .. } => {
                near.as_ref().map(|near| format!("did you mean {}?", near.to_uppercase()))
            }
            SyntaxError::Reserved { word, .. } => Some(format!("write it as `{word}` in back-quotes")),
            SyntaxError::Unit { near, .. } => {
                near.as_ref().map(|near| format!("did you mean `{near}`?"))
            }
            _ => None,
        }
    }
}
