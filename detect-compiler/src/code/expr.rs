//! Expressions as straight-line Rust: calls of runtime functions on `Value`s.
//!
//! An expression becomes one function `fn(&[Value<'a>], &Cx<'a>) -> Value<'a>`
//! over the slots of its row. Values carry their kind, so any expression that
//! the front end typed is an expression that rustc types.

use super::constant;
use super::unit::Unit;
use crate::plan::{Expr, ExprKind, Field};
use detect_runtime::functions::Function;
use detect_runtime::leaf::Relation;
use detect_runtime::value::Value;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// Where the leaves of an expression stand in the slots that its function gets.
pub(super) enum Leaves<'l> {
    /// [`ExprKind::Slot`] only: the row of a pipeline.
    Row,
    /// Each textual occurrence of a field is a slot, in order of appearance
    /// (EQL chooses a value for each of them).
    Occurrences(&'l mut Vec<Field>),
    /// Equal fields share a slot.
    Fields(&'l mut Vec<Field>),
}

impl Leaves<'_> {
    fn slot(&mut self, field: &Field) -> usize {
        match self {
            // A front end puts fields under conditions only; a stray one reads as null.
            Leaves::Row => usize::MAX,
            Leaves::Occurrences(fields) => {
                fields.push(field.clone());
                fields.len() - 1
            }
            Leaves::Fields(fields) => {
                if let Some(slot) = fields.iter().position(|known| known == field) {
                    slot
                } else {
                    fields.push(field.clone());
                    fields.len() - 1
                }
            }
        }
    }
}

/// Adds a function for the expression to the unit and gives its name.
pub(super) fn function(unit: &mut Unit, expr: &Expr, leaves: &mut Leaves<'_>) -> TokenStream {
    let body = expression(unit, expr, leaves);
    let name = unit.name("e");
    unit.item(quote! {
        fn #name<'a>(s: &[Value<'a>], cx: &Cx<'a>) -> Value<'a> {
            #body
        }
    });
    quote!(#name)
}

/// How an expression relates its two fields, if that is all that it does.
pub(super) fn relation(expr: &Expr) -> Option<TokenStream> {
    let ExprKind::Call { function, args } = &expr.kind else { return None };
    let is_field = |arg: &Expr| matches!(arg.kind, ExprKind::Field(_) | ExprKind::Captured { .. });
    if !args.iter().all(is_field) {
        return None;
    }
    Some(match Relation::of(function.name)? {
        Relation::Equal => quote!(leaf::Relation::Equal),
        Relation::Less => quote!(leaf::Relation::Less),
        Relation::LessEqual => quote!(leaf::Relation::LessEqual),
    })
}

/// The expression over `s` (slots) and `cx`.
pub(super) fn expression(unit: &mut Unit, expr: &Expr, leaves: &mut Leaves<'_>) -> TokenStream {
    match &expr.kind {
        ExprKind::Const(owned) => constant::value(owned),
        ExprKind::Slot(slot) => quote!(s[#slot]),
        ExprKind::Field(field) => match leaves.slot(field) {
            usize::MAX => quote!(Value::Null),
            slot => quote!(s[#slot]),
        },
        // Sequences hand the captured rows over as further slots; see `heads`.
        ExprKind::Captured { field, .. } => match leaves.slot(field) {
            usize::MAX => quote!(Value::Null),
            slot => quote!(s[#slot]),
        },
        ExprKind::Call { function, args } => call(unit, function, args, leaves),
        ExprKind::And(all) => connective(unit, all, leaves, false),
        ExprKind::Or(all) => connective(unit, all, leaves, true),
        ExprKind::Not(inner) => {
            let inner = expression(unit, inner, leaves);
            quote!(logic::not(#inner))
        }
        ExprKind::Case { arms, otherwise } => {
            // In the order of `Expr::children`, which numbers the leaves.
            let mut chain = TokenStream::new();
            for (condition, value) in arms {
                let condition = expression(unit, condition, leaves);
                let value = expression(unit, value, leaves);
                chain.extend(quote!(if logic::holds(cx, #condition) { #value } else));
            }
            let otherwise = expression(unit, otherwise, leaves);
            quote!(#chain { #otherwise })
        }
        ExprKind::Coalesce(all) => coalesce(unit, all, leaves),
        ExprKind::Test { input, tests } => {
            let input = expression(unit, input, leaves);
            let tests = unit.tests(tests);
            quote!(#tests.check(cx, #input))
        }
        // The engine evaluates conditions before the row exists; `pipeline`
        // has given this one a slot. Elsewhere no front end produces it.
        ExprKind::Cond(_) => quote!(Value::Null),
    }
}

/// A call, through a static that holds the prepared constants where the
/// function has something to prepare.
fn call(
    unit: &mut Unit,
    function: &'static Function,
    args: &[Expr],
    leaves: &mut Leaves<'_>,
) -> TokenStream {
    let values: Vec<TokenStream> = args.iter().map(|arg| expression(unit, arg, leaves)).collect();
    if let Some(prepared) = prepared(unit, function, args) {
        return quote!(#prepared.apply(cx, &[#(#values),*]));
    }
    let path: TokenStream = function.path.parse().unwrap_or_default();
    quote!(functions::#path(cx, &[#(#values),*]))
}

fn prepared(unit: &mut Unit, function: &'static Function, args: &[Expr]) -> Option<TokenStream> {
    let prepare = function.prepare?;
    let constants: Vec<Option<&detect_runtime::value::Owned>> = args
        .iter()
        .map(|arg| match &arg.kind {
            ExprKind::Const(owned) => Some(owned),
            _ => None,
        })
        .collect();
    let arena = bumpalo::Bump::new();
    let lent: Vec<Option<Value<'_>>> =
        constants.iter().map(|owned| owned.map(|owned| owned.lend(&arena))).collect();
    prepare(&lent).ok()?;
    let name = function.name;
    let constants = constants.iter().map(|owned| {
        if let Some(owned) = owned {
            let value = constant::value(owned);
            quote!(Some(#value))
        } else {
            quote!(None)
        }
    });
    let item = format_ident!("{}", unit.name("P").to_string().to_uppercase());
    unit.item(quote! {
        static #item: Ready = Ready::new(#name, &[#(#constants),*]);
    });
    Some(quote!(#item))
}

/// `AND` (`decides` = false) and `OR` (`decides` = true), left to right, not
/// further than the first operand that decides.
fn connective(
    unit: &mut Unit,
    all: &[Expr],
    leaves: &mut Leaves<'_>,
    decides: bool,
) -> TokenStream {
    let combine = if decides { quote!(logic::or) } else { quote!(logic::and) };
    let mut operands: Vec<TokenStream> =
        all.iter().map(|operand| expression(unit, operand, leaves)).collect();
    let Some(mut chain) = operands.pop() else {
        let neutral = !decides;
        return quote!(Value::Boolean(#neutral));
    };
    while let Some(operand) = operands.pop() {
        chain = quote!({
            let left = #operand;
            if left.truth() == Some(#decides) { left } else { #combine(left, #chain) }
        });
    }
    chain
}

fn coalesce(unit: &mut Unit, all: &[Expr], leaves: &mut Leaves<'_>) -> TokenStream {
    let mut operands: Vec<TokenStream> =
        all.iter().map(|operand| expression(unit, operand, leaves)).collect();
    let Some(mut chain) = operands.pop() else {
        return quote!(Value::Null);
    };
    while let Some(operand) = operands.pop() {
        chain = quote!({
            let first = #operand;
            if first.is_null() { #chain } else { first }
        });
    }
    chain
}
