//! Values of expressions that read nothing.

use crate::plan::{Expr, ExprKind, plain};
use bumpalo::Bump;
use detect_runtime::event::reference::Document;
use detect_runtime::plain::Scope;
use detect_runtime::value::{Cx, Owned, Warnings};

/// The value, if the expression reads neither columns nor fields. `now()` is a time shortly
/// behind the documents.
pub(super) fn value(expr: &Expr) -> Option<Owned> {
    if let ExprKind::Const(value) = &expr.kind {
        return Some(value.clone());
    }
    if !reads_nothing(expr) {
        return None;
    }
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: super::START + 60_000, warnings: &warnings };
    let document = Document::Object(Vec::new());
    Some(Owned::of(plain::expression(expr).value(&Scope::new(&document, cx))))
}

fn reads_nothing(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Slot(_) | ExprKind::Field(_) | ExprKind::Captured { .. } | ExprKind::Cond(_) => {
            false
        }
        _ => {
            let mut nothing = true;
            expr.children(&mut |child| nothing &= reads_nothing(child));
            nothing
        }
    }
}
