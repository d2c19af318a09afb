//! Patterns of LIKE and RLIKE.

use super::{Analysed, AnalysisError, constant};
use crate::esql::ast::Span;
use crate::plan::{Expr, ExprKind};
use detect_runtime::event::Raw;
use detect_runtime::test::{Check, Fold, Glob, Piece, Test};
use detect_runtime::text::lucene;
use detect_runtime::value::Owned;

/// True if every text passes (`*`, `.*`): then the question is whether there is a
/// value.
pub(super) fn is_everything(test: &Test) -> bool {
    matches!(test, Test::Glob { glob, .. } if glob.0 == [Piece::Any])
}

/// The test that a pattern stands for.
pub(super) fn test(pattern: &str, regex: bool, span: Span) -> Analysed<Test> {
    if regex {
        return lucene::test(pattern, lucene::Options::EXACT)
            .map_err(|error| AnalysisError::Pattern { reason: error.to_string(), span });
    }
    let glob = glob(pattern).map_err(|reason| AnalysisError::Pattern { reason, span })?;
    Ok(match glob.0.as_slice() {
        [] => Test::Equals { text: String::new(), fold: Fold::None },
        [Piece::Literal(text)] => Test::Equals { text: text.clone(), fold: Fold::None },
        _ => Test::Glob { glob, fold: Fold::None },
    })
}

/// A LIKE pattern: `*`, `?`, and a backslash before `*`, `?` or a backslash.
fn glob(pattern: &str) -> Result<Glob, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut characters = pattern.chars();
    let flush = |literal: &mut String, pieces: &mut Vec<Piece>| {
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(literal)));
        }
    };
    while let Some(character) = characters.next() {
        match character {
            '*' => {
                flush(&mut literal, &mut pieces);
                if pieces.last() != Some(&Piece::Any) {
                    pieces.push(Piece::Any);
                }
            }
            '?' => {
                flush(&mut literal, &mut pieces);
                pieces.push(Piece::One);
            }
            '\\' => match characters.next() {
                Some(escaped @ ('*' | '?' | '\\')) => literal.push(escaped),
                Some(other) => {
                    return Err(format!(
                        "`\\{other}` is no escape: a backslash stands before `*`, `?` or another backslash"
                    ));
                }
                None => return Err("a backslash stands at the end".to_owned()),
            },
            other => literal.push(other),
        }
    }
    flush(&mut literal, &mut pieces);
    Ok(Glob(pieces))
}

/// The answer, if the tested value is constant.
pub(super) fn fold(expr: Expr) -> Expr {
    let ExprKind::Test { input, tests } = &expr.kind else { return expr };
    if !matches!(input.kind, ExprKind::Const(_)) {
        return expr;
    }
    let ExprKind::Const(Owned::Text(text)) = &input.kind else {
        return constant(expr.ty, Owned::Null);
    };
    let passes = tests.iter().any(|test| Check::new(test).passes(Raw::Text(text)));
    constant(expr.ty, Owned::Boolean(passes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let literal = |text: &str| Piece::Literal(text.to_owned());
        for (pattern, pieces) in [
            ("", vec![]),
            ("abc", vec![literal("abc")]),
            ("*", vec![Piece::Any]),
            ("a**b?", vec![literal("a"), Piece::Any, literal("b"), Piece::One]),
            (r"C:\\*", vec![literal("C:\\"), Piece::Any]),
            (r"\*\?", vec![literal("*?")]),
            ("100%_", vec![literal("100%_")]),
        ] {
            assert_eq!(glob(pattern), Ok(Glob(pieces)), "{pattern}");
        }
        for pattern in [r"\a", r"x\", r"\\\"] {
            assert!(glob(pattern).is_err(), "{pattern}");
        }
    }
}
