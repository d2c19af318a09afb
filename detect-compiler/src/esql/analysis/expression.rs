//! Expressions: types, operators, three-valued connectives.

use super::{
    Analysed, AnalysisError, Resolver, boolean, constant, fold, is_null, literal, null, pattern,
};
use crate::diagnostic::nearest;
use crate::esql::Context;
use crate::esql::ast::{self, Operator, Span};
use crate::plan::{Expr, ExprKind};
use detect_runtime::functions::{Argument, Function, lookup};
use detect_runtime::value::{Owned, Type};
use std::cell::RefCell;

/// What typing needs beside the names.
pub(crate) struct Typer<'a> {
    /// What the query may refer to.
    pub(crate) cx: &'a Context<'a>,
    /// Errors that did not stop the expression in which they stand.
    pub(crate) errors: RefCell<Vec<AnalysisError>>,
    /// Time zone of the functions of dates, if it is not UTC (`SET time_zone`).
    pub(crate) zone: Option<String>,
}

/// Types a condition: a boolean, or null.
pub(crate) fn condition(
    typer: &Typer<'_>,
    names: &mut dyn Resolver,
    expr: &ast::Expr,
) -> Analysed<Expr> {
    let typed = typer.expression(names, expr)?;
    as_condition(typed, expr.span)
}

impl Typer<'_> {
    /// Types an expression.
    pub(crate) fn expression(&self, names: &mut dyn Resolver, expr: &ast::Expr) -> Analysed<Expr> {
        use ast::ExprKind as Written;
        let span = expr.span;
        if let Some(grouping) = names.grouping(self, expr) {
            return Ok(grouping);
        }
        Ok(match &expr.kind {
            Written::Null => null(),
            Written::Boolean(value) => boolean(*value),
            Written::Integer(value) => literal::integer(*value, false),
            Written::Decimal(value) => constant(Type::Double, Owned::Double(*value)),
            Written::Text(text) => constant(Type::Keyword, Owned::Text(text.as_str().into())),
            Written::Span { count, unit } => literal::span(*count, *unit, span)?,
            Written::List(items) => {
                let items: Analysed<Vec<Expr>> =
                    items.iter().map(|item| self.expression(names, item)).collect();
                literal::list(items?, span)?
            }
            Written::Parameter(text) => {
                let what = format!("the parameter `{text}`: a rule has no values for it, so it");
                return Err(AnalysisError::Unsupported { what, span });
            }
            Written::Column(name) => names.column(self, name, span)?,
            Written::Call { name, args, options } => {
                self.call(names, name, args, options.as_ref(), span)?
            }
            Written::Cast { value, ty } => {
                let known =
                    literal::CASTS.iter().find(|(cast, _)| cast.eq_ignore_ascii_case(&ty.text));
                let Some((_, function)) = known else {
                    let names = literal::CASTS.map(|(cast, _)| cast);
                    let near = nearest(&ty.text.to_lowercase(), names).map(str::to_owned);
                    return Err(AnalysisError::TypeName {
                        name: ty.text.clone(),
                        near,
                        span: ty.span,
                    });
                };
                let value = self.expression(names, value)?;
                apply(function, function, vec![value], span)?
            }
            Written::Plus(value) => self.expression(names, value)?,
            Written::Negate(value) => {
                if let Written::Integer(value) = value.kind {
                    return Ok(literal::integer(value, true));
                }
                let value = self.expression(names, value)?;
                apply("negate", "-", vec![value], span)?
            }
            Written::Binary { operator, left, right } => {
                let left = self.expression(names, left)?;
                let right = self.expression(names, right)?;
                binary(*operator, left, right, span)?
            }
            Written::In { value, negated, items } => {
                let mut args = vec![self.expression(names, value)?];
                for item in items {
                    args.push(self.expression(names, item)?);
                }
                negate(*negated, membership(args, span)?)
            }
            Written::IsNull { value, negated } => {
                let value = self.expression(names, value)?;
                let name = if *negated { "is_not_null" } else { "is_null" };
                apply(name, "IS NULL", vec![value], span)?
            }
            Written::Like { value, regex, negated, patterns, .. } => {
                let input = self.expression(names, value)?;
                if !matches!(input.ty, Type::Keyword | Type::Text | Type::Null) {
                    let expected = "keyword or text".into();
                    return Err(AnalysisError::Type {
                        expected,
                        found: input.ty,
                        span: value.span,
                    });
                }
                negate(*negated, self.like(names, input, *regex, patterns, span)?)
            }
            Written::Match { field, query } => self.match_operator(names, field, query, span)?,
            Written::Not(inner) => {
                let inner = condition(self, names, inner)?;
                negate(true, inner)
            }
            Written::And(all) => connective(false, self.operands(names, all)),
            Written::Or(all) => connective(true, self.operands(names, all)),
        })
    }

    /// Operands of AND or OR; an error in one does not hide those in others.
    fn operands(&self, names: &mut dyn Resolver, all: &[ast::Expr]) -> Vec<Expr> {
        all.iter()
            .map(|operand| {
                condition(self, names, operand).unwrap_or_else(|error| {
                    self.errors.borrow_mut().push(error);
                    null()
                })
            })
            .collect()
    }

    fn like(
        &self,
        names: &mut dyn Resolver,
        input: Expr,
        regex: bool,
        patterns: &[ast::Expr],
        span: Span,
    ) -> Analysed<Expr> {
        let mut tests = Vec::with_capacity(patterns.len());
        let mut anything = false;
        for written in patterns {
            let typed = self.expression(names, written)?;
            let text = match fold::constant_value(&typed) {
                Some(Owned::Text(text)) => text.clone(),
                Some(Owned::Null) => return Ok(constant(Type::Boolean, Owned::Null)),
                // A pattern that each row brings along.
                _ => {
                    let (function, shown) =
                        if regex { ("rlike", "RLIKE") } else { ("like", "LIKE") };
                    return apply(function, shown, vec![input, typed], span);
                }
            };
            let test = pattern::test(&text, regex, written.span)?;
            anything |= pattern::is_everything(&test);
            tests.push(test);
        }
        if is_null(&input) {
            return Ok(constant(Type::Boolean, Owned::Null));
        }
        // A pattern that everything matches asks whether there is a value.
        if anything {
            return apply("is_not_null", "LIKE", vec![input], span);
        }
        let tested =
            Expr { ty: Type::Boolean, kind: ExprKind::Test { input: Box::new(input), tests } };
        Ok(pattern::fold(tested))
    }
}

/// A condition must be boolean, or null.
pub(super) fn as_condition(expr: Expr, span: Span) -> Analysed<Expr> {
    match expr.ty {
        Type::Boolean => Ok(expr),
        Type::Null => Ok(Expr { ty: Type::Boolean, kind: expr.kind }),
        found => Err(AnalysisError::Type { expected: "a condition (boolean)".into(), found, span }),
    }
}

fn binary(operator: Operator, left: Expr, right: Expr, span: Span) -> Analysed<Expr> {
    let name = match operator {
        Operator::Multiply => "multiply",
        Operator::Divide => "divide",
        Operator::Modulo => "modulo",
        Operator::Add => "add",
        Operator::Subtract => "subtract",
        Operator::Equal => "equals",
        Operator::NotEqual => "not_equals",
        Operator::Less => "less",
        Operator::LessEqual => "less_equal",
        Operator::Greater => "greater",
        Operator::GreaterEqual => "greater_equal",
    };
    let nothing = is_null(&left) || is_null(&right);
    let result = apply(name, operator.text(), vec![left, right], span)?;
    // Strict in both operands: a constant null decides.
    Ok(if nothing { constant(result.ty, Owned::Null) } else { result })
}

fn membership(args: Vec<Expr>, span: Span) -> Analysed<Expr> {
    let nothing = args.first().is_some_and(is_null) || args.iter().skip(1).all(is_null);
    let result = apply("in", "IN", args, span)?;
    Ok(if nothing { constant(result.ty, Owned::Null) } else { result })
}

/// Calls a function of the runtime's table that is known to exist there.
pub(super) fn apply(function: &str, shown: &str, args: Vec<Expr>, span: Span) -> Analysed<Expr> {
    let Some(function) = lookup(function) else {
        let name = function.to_owned();
        return Err(AnalysisError::Function { name, near: None, span });
    };
    invoke(function, shown, args, span)
}

/// Resolves a call: casts its arguments, checks its constants, folds it.
pub(super) fn invoke(
    function: &'static Function,
    shown: &str,
    args: Vec<Expr>,
    span: Span,
) -> Analysed<Expr> {
    let arena = bumpalo::Bump::new();
    let known: Vec<Argument<'_>> = args
        .iter()
        .map(|arg| Argument {
            ty: arg.ty,
            constant: fold::constant_value(arg).map(|value| value.lend(&arena)),
        })
        .collect();
    let signature = (function.resolve)(&known).map_err(|error| AnalysisError::Arguments {
        function: shown.to_owned(),
        error,
        span,
    })?;
    drop(known);
    let mut cast = Vec::with_capacity(args.len());
    for (arg, ty) in args.into_iter().zip(&signature.arguments) {
        cast.push(literal::convert(arg, *ty, span)?);
    }
    if let Err(error) = fold::check(function, shown, &cast, span) {
        // Nothing can be made ready of null or of several values: the call is null.
        let no_value =
            |arg: &Expr| matches!(fold::constant_value(arg), Some(Owned::Null | Owned::Multi(_)));
        return if cast.iter().any(no_value) {
            Ok(constant(signature.result, Owned::Null))
        } else {
            Err(error)
        };
    }
    Ok(fold::call(function, cast, signature.result))
}

/// NOT, folded.
pub(super) fn negate(negated: bool, expr: Expr) -> Expr {
    if !negated {
        return expr;
    }
    match expr.kind {
        ExprKind::Const(Owned::Boolean(value)) => boolean(!value),
        ExprKind::Const(Owned::Null) => constant(Type::Boolean, Owned::Null),
        ExprKind::Not(inner) => *inner,
        _ => Expr { ty: Type::Boolean, kind: ExprKind::Not(Box::new(expr)) },
    }
}

/// AND (`decides` = false) or OR (`decides` = true), folded and flattened.
pub(super) fn connective(decides: bool, operands: Vec<Expr>) -> Expr {
    let mut left = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand.kind {
            ExprKind::Const(Owned::Boolean(value)) if value == decides => return boolean(decides),
            ExprKind::Const(Owned::Boolean(_)) => {}
            ExprKind::And(inner) if !decides => left.extend(inner),
            ExprKind::Or(inner) if decides => left.extend(inner),
            _ => left.push(operand),
        }
    }
    if left.len() == 1 {
        return left.swap_remove(0);
    }
    let kind = match (left.is_empty(), decides) {
        (true, _) => return boolean(!decides),
        (_, false) => ExprKind::And(left),
        (_, true) => ExprKind::Or(left),
    };
    Expr { ty: Type::Boolean, kind }
}
