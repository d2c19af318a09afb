//! Full-text functions: they ask the source document, not the row, and are
//! never null.

use super::expression::Typer;
use super::{Analysed, AnalysisError, Resolver, constant, fold, literal};
use crate::diagnostic::Problem;
use crate::esql::ast::{self, Map, Name, Span};
use crate::plan::{Cond, Expr, ExprKind, Field};
use crate::schema::Mapping;
use detect_runtime::functions::SignatureError;
use detect_runtime::test::{Fold, Test};
use detect_runtime::text::analysis::tokens;
use detect_runtime::value::{Owned, Type};

impl Typer<'_> {
    /// `KQL`, `QSTR`, `MATCH`, `MATCH_PHRASE`.
    pub(super) fn full_text(
        &self,
        names: &mut dyn Resolver,
        function: &str,
        name: &Name,
        args: &[ast::Expr],
        options: Option<&Map>,
        span: Span,
    ) -> Analysed<Expr> {
        if let Some(command) = names.document_gone() {
            return Err(AnalysisError::DocumentGone { function: name.text.clone(), command, span });
        }
        let count = |expected: &str| AnalysisError::Arguments {
            function: name.text.clone(),
            error: SignatureError::Count { expected: expected.to_owned(), got: args.len() },
            span,
        };
        let cond = match (function, args) {
            ("kql" | "qstr", [query]) => self.query_string(names, function, query)?,
            ("kql" | "qstr", _) => return Err(count("1")),
            (_, [field, query]) => {
                let how = How::of(function == "match_phrase", options)?;
                self.matching(names, field, query, &how)?
            }
            _ => return Err(count("2")),
        };
        Ok(Expr { ty: Type::Boolean, kind: ExprKind::Cond(Box::new(cond)) })
    }

    /// `field : constant` is MATCH without options.
    pub(super) fn match_operator(
        &self,
        names: &mut dyn Resolver,
        field: &ast::Expr,
        query: &ast::Expr,
        span: Span,
    ) -> Analysed<Expr> {
        if let Some(command) = names.document_gone() {
            return Err(AnalysisError::DocumentGone { function: ":".into(), command, span });
        }
        let cond = self.matching(names, field, query, &How::default())?;
        Ok(Expr { ty: Type::Boolean, kind: ExprKind::Cond(Box::new(cond)) })
    }

    fn query_string(
        &self,
        names: &mut dyn Resolver,
        function: &str,
        query: &ast::Expr,
    ) -> Analysed<Cond> {
        let typed = self.expression(names, query)?;
        let Some(Owned::Text(text)) = fold::constant_value(&typed) else {
            return Err(AnalysisError::Constant { what: "the query".into(), span: query.span });
        };
        let answer = match function {
            "kql" => self.cx.query_strings.kql(text),
            _ => self.cx.query_strings.lucene(text),
        };
        answer.map_err(|problems| {
            // A literal without escapes has its text at a known place; with
            // escapes the whole literal is shown.
            let mut errors = problems.into_iter().map(|problem| embedded(problem, query.span));
            let first = errors
                .next()
                .unwrap_or(AnalysisError::Constant { what: "the query".into(), span: query.span });
            self.errors.borrow_mut().extend(errors);
            first
        })
    }

    fn matching(
        &self,
        names: &mut dyn Resolver,
        field: &ast::Expr,
        query: &ast::Expr,
        how: &How,
    ) -> Analysed<Cond> {
        // A cast of the field (`ip::string : "x"`) does not change what is indexed.
        let mut column = field;
        while let ast::ExprKind::Cast { value, .. } = &column.kind {
            column = value;
        }
        let ast::ExprKind::Column(name) = &column.kind else {
            let expected = "a stored field".to_owned();
            let found = self.expression(names, field)?.ty;
            return Err(AnalysisError::Type { expected, found, span: field.span });
        };
        let stored = names.stored(self, name, column.span)?;
        let typed = self.expression(names, query)?;
        let Some(value) = fold::constant_value(&typed).cloned() else {
            return Err(AnalysisError::Constant { what: "the query".into(), span: query.span });
        };
        if matches!(value, Owned::Null) {
            return Ok(Cond::Const(false));
        }
        let text = match &value {
            Owned::Text(text) => Some(text.to_string()),
            _ => None,
        };
        let mapping = self.cx.schema.lookup(&stored.path).mapping;
        match (stored.ty, text) {
            (Type::Text, Some(text)) => Ok(how.analysed(&stored, &text)),
            (Type::Keyword | Type::Text, text) => {
                let value = literal::convert(constant(typed.ty, value), Type::Keyword, query.span)?;
                let text = match (text, fold::constant_value(&value)) {
                    (Some(text), _) => text,
                    (None, Some(Owned::Text(text))) => text.to_string(),
                    _ => return Ok(Cond::Const(false)),
                };
                let fold = if mapping == Mapping::Caseless { Fold::Ascii } else { Fold::None };
                let test = match how.distance(&text) {
                    0 => Test::Equals { text, fold },
                    distance => Test::Fuzzy { text, distance },
                };
                Ok(Cond::Any { field: stored, test })
            }
            (ty, _) => {
                let value = literal::convert(constant(typed.ty, value), ty, query.span)?;
                let test = fold::constant_value(&value)
                    .and_then(|value| crate::esql::lowering::equality_test(ty, value));
                Ok(test.map_or(Cond::Const(false), |test| Cond::Any { field: stored, test }))
            }
        }
    }
}

/// The literal's own quotes stand before the text that the other front end saw.
fn embedded(problem: Problem, literal: Span) -> AnalysisError {
    AnalysisError::Embedded { message: problem.message, help: problem.help, span: literal }
}

/// Options of MATCH and MATCH_PHRASE as far as they change which documents match.
#[derive(Default)]
struct How {
    phrase: bool,
    all: bool,
    fuzziness: Option<String>,
}

impl How {
    fn of(phrase: bool, options: Option<&Map>) -> Analysed<How> {
        let mut how = How { phrase, ..How::default() };
        for (key, value) in options.iter().flat_map(|map| &map.entries) {
            let text = literal::option_text(value).ok_or_else(|| AnalysisError::Constant {
                what: format!("option `{}`", key.text),
                span: key.span,
            })?;
            match key.text.as_str() {
                "operator" => how.all = text.eq_ignore_ascii_case("and"),
                "fuzziness" if !phrase => how.fuzziness = Some(text),
                // They change scores, or limits of fuzzy expansion.
                "boost"
                | "analyzer"
                | "lenient"
                | "max_expansions"
                | "prefix_length"
                | "fuzzy_transpositions"
                | "fuzzy_rewrite"
                | "auto_generate_synonyms_phrase_query"
                | "zero_terms_query" => {}
                "minimum_should_match" | "slop" => {
                    let what = format!("the option `{}`", key.text);
                    return Err(AnalysisError::Unsupported { what, span: key.span });
                }
                _ => return Err(AnalysisError::Option { name: key.text.clone(), span: key.span }),
            }
        }
        Ok(how)
    }

    /// Greatest edit distance; `AUTO` allows 0 up to two letters, 1 up to five, else 2.
    fn distance(&self, text: &str) -> u8 {
        match self.fuzziness.as_deref() {
            None => 0,
            Some(auto) if auto.eq_ignore_ascii_case("auto") => match text.chars().count() {
                0..=2 => 0,
                3..=5 => 1,
                _ => 2,
            },
            Some(number) => number.parse().unwrap_or(0).min(2),
        }
    }

    /// Tokens of the query against an analysed field: any of them, all of them
    /// or all in a row. Edit distance holds for whole values only.
    fn analysed(&self, field: &Field, text: &str) -> Cond {
        let tokens = tokens(text);
        let any = |test| Cond::Any { field: field.clone(), test };
        if tokens.is_empty() {
            return Cond::Const(false);
        }
        if self.phrase {
            return any(Test::Phrase(tokens));
        }
        if self.all {
            return Cond::And(
                tokens.into_iter().map(|token| any(Test::AnyToken(vec![token]))).collect(),
            );
        }
        any(Test::AnyToken(tokens))
    }
}
