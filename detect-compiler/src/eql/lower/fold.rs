//! Constant folding. The compiler calls the runtime's functions.

use crate::eql::ast::Literal;
use crate::plan::{Expr, ExprKind};
use bumpalo::Bump;
use detect_runtime::functions::Function;
use detect_runtime::test::{Test, check_value};
use detect_runtime::value::{Cx, Owned, Type, Value, Warnings};

/// An expression that is a constant.
pub(super) fn constant(value: Owned) -> Expr {
    let ty = match &value {
        Owned::Null => Type::Null,
        Owned::Boolean(_) => Type::Boolean,
        Owned::Integer(_) | Owned::Long(_) => Type::Long,
        Owned::UnsignedLong(_) => Type::UnsignedLong,
        Owned::Double(_) => Type::Double,
        Owned::Date(_) => Type::Date,
        Owned::Ip(_) => Type::Ip,
        _ => Type::Keyword,
    };
    Expr { ty, kind: ExprKind::Const(value) }
}

pub(super) fn literal(literal: &Literal) -> Expr {
    constant(match literal {
        Literal::Null => Owned::Null,
        Literal::Boolean(b) => Owned::Boolean(*b),
        Literal::Integer(n) => Owned::Long(*n),
        Literal::Decimal(n) => Owned::Double(*n),
        Literal::Text(text) => Owned::Text(text.as_str().into()),
    })
}

/// The value of an expression, if it is constant.
pub(super) fn value(expr: &Expr) -> Option<&Owned> {
    match &expr.kind {
        ExprKind::Const(value) => Some(value),
        _ => None,
    }
}

/// Three-valued truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Null,
}

impl Truth {
    fn of(truth: bool) -> Truth {
        if truth { Truth::True } else { Truth::False }
    }
}

/// Truth of an expression, if it is constant and a truth.
pub(super) fn truth(expr: &Expr) -> Option<Truth> {
    match value(expr)? {
        Owned::Boolean(b) => Some(Truth::of(*b)),
        Owned::Null => Some(Truth::Null),
        _ => None,
    }
}

/// A call, computed if its arguments are constant.
pub(super) fn call(function: &'static Function, args: Vec<Expr>, ty: Type) -> Expr {
    let constants: Option<Vec<&Owned>> = args.iter().map(value).collect();
    let Some(constants) = constants else {
        return Expr { ty, kind: ExprKind::Call { function, args } };
    };
    let arena = Bump::new();
    let warnings = Warnings::default();
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let values: Vec<Value<'_>> = constants.iter().map(|value| value.lend(&arena)).collect();
    constant(Owned::of((function.eval)(&cx, &values)))
}

/// `and` of three-valued operands.
pub(super) fn and(all: Vec<Expr>) -> Expr {
    junction(all, false, ExprKind::And)
}

/// `or` of three-valued operands.
pub(super) fn or(all: Vec<Expr>) -> Expr {
    junction(all, true, ExprKind::Or)
}

/// `decisive` decides whatever the others are; its opposite has no effect.
fn junction(all: Vec<Expr>, decisive: bool, join: fn(Vec<Expr>) -> ExprKind) -> Expr {
    if all.iter().any(|expr| truth(expr) == Some(Truth::of(decisive))) {
        return constant(Owned::Boolean(decisive));
    }
    let mut left: Vec<Expr> =
        all.into_iter().filter(|expr| truth(expr) != Some(Truth::of(!decisive))).collect();
    if left.iter().all(|expr| truth(expr) == Some(Truth::Null)) && !left.is_empty() {
        return constant(Owned::Null);
    }
    match left.len() {
        0 => constant(Owned::Boolean(!decisive)),
        1 => left.remove(0),
        _ => Expr { ty: Type::Boolean, kind: join(left) },
    }
}

/// `not` of a three-valued operand.
pub(super) fn not(expr: Expr) -> Expr {
    match truth(&expr) {
        Some(Truth::True) => constant(Owned::Boolean(false)),
        Some(Truth::False) => constant(Owned::Boolean(true)),
        Some(Truth::Null) => constant(Owned::Null),
        None => Expr { ty: Type::Boolean, kind: ExprKind::Not(Box::new(expr)) },
    }
}

/// A test of a computed value, computed if that is constant.
pub(super) fn test(input: Expr, tests: Vec<Test>) -> Expr {
    match value(&input) {
        None => Expr { ty: Type::Boolean, kind: ExprKind::Test { input: Box::new(input), tests } },
        Some(Owned::Null) => constant(Owned::Null),
        Some(known) => {
            let (arena, warnings) = (Bump::new(), Warnings::default());
            let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
            let passed = check_value(&cx, known.lend(&arena), |raw| {
                tests.iter().any(|test| test.holds(raw))
            });
            constant(Owned::of(passed))
        }
    }
}
