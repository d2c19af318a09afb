//! Conditions as straight-line Rust.
//!
//! A condition of the ruleset is a formula over memoised atoms: `p.has(n)` with
//! rule-local numbers. What an atom cannot be made of (computed leaves, elements
//! of arrays, conditions inside expressions) is a function of its own that asks
//! the event directly.

use super::constant;
use super::expr::{self, Leaves};
use super::unit::Unit;
use crate::plan::{Choice, Cond, Expr, Field};
use crate::ruleset::{Fields, Formula};
use detect_runtime::test::Test;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The most operands that one function spells out; more are cut into functions of
/// their own, so that rustc's time stays linear in the size of a rule.
const OPERANDS: usize = 64;

/// Adds `fn(&mut Probe) -> bool` for a formula; `leaf` gives the truth of a
/// computed atom, by local number.
pub(super) fn formula(
    unit: &mut Unit,
    formula: &Formula,
    leaf: &dyn Fn(u32) -> Option<TokenStream>,
) -> Ident {
    let body = operand(unit, formula, leaf);
    probe_function(unit, "holds", &body)
}

fn operand(
    unit: &mut Unit,
    formula: &Formula,
    leaf: &dyn Fn(u32) -> Option<TokenStream>,
) -> TokenStream {
    match formula {
        Formula::Const(truth) => quote!(#truth),
        Formula::Atom { atom, negated } => {
            let truth = leaf(*atom).unwrap_or_else(|| quote!(p.has(#atom)));
            if *negated { quote!(!#truth) } else { truth }
        }
        Formula::And(all) => connective(unit, all, leaf, &quote!(&&)),
        Formula::Or(all) => connective(unit, all, leaf, &quote!(||)),
    }
}

fn connective(
    unit: &mut Unit,
    all: &[Formula],
    leaf: &dyn Fn(u32) -> Option<TokenStream>,
    operator: &TokenStream,
) -> TokenStream {
    let operands: Vec<TokenStream> =
        all.iter().map(|formula| operand(unit, formula, leaf)).collect();
    chain(unit, operands, operator)
}

fn chain(unit: &mut Unit, operands: Vec<TokenStream>, operator: &TokenStream) -> TokenStream {
    if operands.len() <= OPERANDS {
        return join(&operands, operator);
    }
    let parts: Vec<TokenStream> = operands
        .chunks(OPERANDS)
        .map(|part| {
            let body = join(part, operator);
            let name = probe_function(unit, "part", &body);
            quote!(#name(p))
        })
        .collect();
    chain(unit, parts, operator)
}

fn join(operands: &[TokenStream], operator: &TokenStream) -> TokenStream {
    let mut joined = TokenStream::new();
    for (number, operand) in operands.iter().enumerate() {
        if number > 0 {
            joined.extend(operator.clone());
        }
        joined.extend(operand.clone());
    }
    quote!((#joined))
}

fn probe_function(unit: &mut Unit, kind: &str, body: &TokenStream) -> Ident {
    let name = unit.name(kind);
    unit.item(quote! {
        pub(super) fn #name(p: &mut Probe<'_, '_>) -> bool {
            #body
        }
    });
    name
}

/// Adds `fn(&mut Probe) -> bool` for a condition that asks the event directly.
pub(super) fn direct(unit: &mut Unit, fields: &Fields, cond: &Cond) -> Ident {
    let body = Direct { fields, element: None }.condition(unit, cond);
    probe_function(unit, "leaf", &body)
}

/// Truth of `descendant of` for a lineage of the rule. It is not memoised like
/// other atoms: see `Probe::assume`.
pub(super) fn descends(lineage: usize) -> TokenStream {
    let number = lineage as u32;
    quote!(p.descends(#number))
}

/// Where a direct condition reads.
struct Direct<'d> {
    fields: &'d Fields,
    /// Path of the array whose element is at hand, as `el`.
    element: Option<&'d str>,
}

/// A place that a direct condition reads from.
enum Place<'p> {
    Field(u16),
    /// Below the element.
    Element(&'p str),
    /// A field that the ruleset does not know: no event has it.
    Nowhere,
}

impl Direct<'_> {
    fn place<'p>(&self, path: &'p str) -> Place<'p> {
        if let Some(array) = self.element
            && let Some(rest) = path.strip_prefix(array)
        {
            if rest.is_empty() {
                return Place::Element("");
            }
            if let Some(below) = rest.strip_prefix('.') {
                return Place::Element(below);
            }
        }
        self.fields.get(path).map_or(Place::Nowhere, Place::Field)
    }

    fn condition(&self, unit: &mut Unit, cond: &Cond) -> TokenStream {
        match cond {
            Cond::Const(truth) => quote!(#truth),
            Cond::Not(inner) => {
                let inner = self.condition(unit, inner);
                quote!(!#inner)
            }
            Cond::And(all) => self.connective(unit, all, true),
            Cond::Or(all) => self.connective(unit, all, false),
            Cond::Any { field, test } => self.any(unit, field, std::slice::from_ref(test)),
            Cond::Exists { field, objects } => match self.place(&field.path) {
                Place::Field(id) if *objects => {
                    quote!((p.event().count(#id) > 0 || p.event().has_object(#id)))
                }
                Place::Field(id) => quote!((p.event().count(#id) > 0)),
                Place::Element(path) => quote!(element::exists(p, el, #path, #objects)),
                Place::Nowhere => quote!(false),
            },
            Cond::Single(field) => match self.place(&field.path) {
                Place::Field(id) => {
                    let distinct = field.ty.keeps_distinct();
                    quote!(p.event().is_single(#id, #distinct))
                }
                Place::Element(path) => quote!((element::count(p, el, #path) == 1)),
                Place::Nowhere => quote!(false),
            },
            Cond::AnyField { pattern, test: None } => {
                quote!(leaf::any_field(p.event(), #pattern, None))
            }
            Cond::AnyField { pattern, test: Some(test) } => {
                let tests = unit.tests(std::slice::from_ref(test));
                quote!(leaf::any_field(p.event(), #pattern, Some(&#tests)))
            }
            Cond::Expr { expr, choice } => self.expr(unit, expr, *choice),
            Cond::Element { path, cond } => self.element(unit, path, cond),
            Cond::DescendantOf(number) => descends(*number),
        }
    }

    fn connective(&self, unit: &mut Unit, all: &[Cond], and: bool) -> TokenStream {
        let operands: Vec<TokenStream> =
            all.iter().map(|cond| self.condition(unit, cond)).collect();
        match (operands.is_empty(), and) {
            (true, _) => quote!(#and),
            (false, true) => join(&operands, &quote!(&&)),
            (false, false) => join(&operands, &quote!(||)),
        }
    }

    fn any(&self, unit: &mut Unit, field: &Field, tests: &[Test]) -> TokenStream {
        let place = self.place(&field.path);
        let tests = unit.tests(tests);
        match place {
            Place::Field(id) => quote!(#tests.any(p.event().values(#id))),
            Place::Element(path) => quote!(element::any(p, el, #path, &#tests)),
            Place::Nowhere => quote!(false),
        }
    }

    fn expr(&self, unit: &mut Unit, expr: &Expr, choice: Choice) -> TokenStream {
        let mut fields = Vec::new();
        let mut leaves = match choice {
            Choice::Each => Leaves::Occurrences(&mut fields),
            Choice::Whole => Leaves::Fields(&mut fields),
        };
        let eval = expr::function(unit, expr, &mut leaves);
        let each = choice == Choice::Each;
        let sources = fields.iter().map(|field| {
            let ty = constant::ty(field.ty);
            match self.place(&field.path) {
                Place::Field(id) => quote!((Source::Field(#id), #ty)),
                Place::Element(path) => quote!((Source::Element(#path), #ty)),
                Place::Nowhere => quote!((Source::Nowhere, #ty)),
            }
        });
        let leaf = unit.static_name("leaf");
        let relation = match expr::relation(expr) {
            Some(relation) => quote!(Some(#relation)),
            None => quote!(None),
        };
        unit.item(quote! {
            static #leaf: Leaf =
                Leaf { fields: &[#(#sources),*], each: #each, relation: #relation, eval: #eval };
        });
        if self.element.is_some() {
            quote!(#leaf.holds(p.event(), Some(el), &p.cx))
        } else {
            quote!(#leaf.holds(p.event(), None, &p.cx))
        }
    }

    fn element(&self, unit: &mut Unit, path: &str, cond: &Cond) -> TokenStream {
        let place = self.place(path);
        let inside = Direct { element: Some(path), ..*self };
        let inner = inside.condition(unit, cond);
        let name = unit.name("element");
        unit.item(quote! {
            fn #name<'a>(p: &mut Probe<'_, 'a>, el: Element<'a>) -> bool {
                #inner
            }
        });
        match place {
            Place::Field(id) => quote!(element::some(p, #id, #name)),
            Place::Element(below) => quote!(element::some_below(p, el, #below, #name)),
            Place::Nowhere => quote!(false),
        }
    }
}
