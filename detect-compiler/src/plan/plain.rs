//! From conditions and expressions to their plain form.

use super::{Choice, Cond, Expr, ExprKind};
use detect_runtime::plain::{self, Form, Ready};

/// The plain form of a condition.
pub fn form(cond: &Cond) -> Form {
    let many = |all: &[Cond]| all.iter().map(form).collect();
    match cond {
        Cond::Const(truth) => Form::Const(*truth),
        Cond::Not(inner) => Form::Not(Box::new(form(inner))),
        Cond::And(all) => Form::And(many(all)),
        Cond::Or(all) => Form::Or(many(all)),
        Cond::Any { field, test } => {
            Form::Any { path: field.path.clone(), test: Ready::new(test.clone()) }
        }
        Cond::Exists { field, objects } => {
            Form::Exists { path: field.path.clone(), objects: *objects }
        }
        Cond::Single(field) => {
            Form::Single { path: field.path.clone(), distinct: field.ty.keeps_distinct() }
        }
        Cond::AnyField { pattern, test } => {
            Form::AnyField { pattern: pattern.clone(), test: test.clone().map(Ready::new) }
        }
        Cond::Expr { expr, choice } => {
            Form::Expr { expr: expression(expr), each: *choice == Choice::Each }
        }
        Cond::Element { path, cond } => {
            Form::Element { path: path.clone(), form: Box::new(form(cond)) }
        }
        Cond::DescendantOf(lineage) => Form::DescendantOf(*lineage as u32),
    }
}

/// The plain form of an expression.
pub fn expression(expr: &Expr) -> plain::Expr {
    let many = |all: &[Expr]| all.iter().map(expression).collect();
    let boxed = |inner: &Expr| Box::new(expression(inner));
    match &expr.kind {
        ExprKind::Const(value) => plain::Expr::Const(value.clone()),
        ExprKind::Slot(slot) => plain::Expr::Slot(*slot as u32),
        ExprKind::Field(field) => plain::Expr::Field { path: field.path.clone(), ty: field.ty },
        ExprKind::Captured { term, field } => {
            plain::Expr::Captured { term: *term as u32, path: field.path.clone(), ty: field.ty }
        }
        ExprKind::Call { function, args } => plain::Expr::Call { function, args: many(args) },
        ExprKind::And(all) => plain::Expr::And(many(all)),
        ExprKind::Or(all) => plain::Expr::Or(many(all)),
        ExprKind::Not(inner) => plain::Expr::Not(boxed(inner)),
        ExprKind::Case { arms, otherwise } => plain::Expr::Case {
            arms: arms.iter().map(|(when, then)| (expression(when), expression(then))).collect(),
            otherwise: boxed(otherwise),
        },
        ExprKind::Coalesce(all) => plain::Expr::Coalesce(many(all)),
        ExprKind::Test { input, tests } => plain::Expr::Test {
            input: boxed(input),
            tests: tests.iter().cloned().map(Ready::new).collect(),
        },
        ExprKind::Cond(cond) => plain::Expr::Form(Box::new(form(cond))),
    }
}
