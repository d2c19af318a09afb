//! Joins of sequences: conditions over the row of an event and the captured rows
//! of earlier ones.
//!
//! A join is asked when the event itself is gone, so every leaf reads values of
//! the row; elements of arrays are read from the text of the document, which then
//! is one of them. `some_choice` tries the values of each field one at a time, as in
//! conditions on one event.

use super::constant;
use super::expr::{self, Leaves};
use super::fields::RowFields;
use super::unit::Unit;
use crate::plan::{Cond, Expr, ExprKind, Field, Term};
use detect_runtime::value::Type;
use proc_macro2::TokenStream;
use quote::quote;

/// Fields of each term that joins of later terms read, in order of appearance.
pub(super) fn captures(terms: &[Term]) -> Vec<Vec<Field>> {
    let mut captures = vec![Vec::new(); terms.len()];
    for join in terms.iter().filter_map(|term| term.join.as_ref()) {
        each_expression(join, &mut |expr| collect(expr, &mut captures));
    }
    captures
}

fn collect(expr: &Expr, captures: &mut [Vec<Field>]) {
    if let ExprKind::Captured { term, field } = &expr.kind
        && let Some(of_term) = captures.get_mut(*term)
        && !of_term.contains(field)
    {
        of_term.push(field.clone());
    }
    expr.children(&mut |child| collect(child, captures));
}

fn each_expression(cond: &Cond, visit: &mut dyn FnMut(&Expr)) {
    match cond {
        Cond::Not(inner) | Cond::Element { cond: inner, .. } => each_expression(inner, visit),
        Cond::And(all) | Cond::Or(all) => {
            for cond in all {
                each_expression(cond, visit);
            }
        }
        Cond::Expr { expr, .. } => visit(expr),
        _ => {}
    }
}

/// Adds the function of a join and gives its name.
pub(super) fn function(
    unit: &mut Unit,
    cond: &Cond,
    captures: &[Vec<Field>],
    row: &mut RowFields,
) -> TokenStream {
    let body = Join { captures, row, element: None }.condition(unit, cond);
    let name = unit.name("join");
    unit.item(quote! {
        fn #name<'a>(captured: &[&'a [Value<'a>]], row: &'a [Value<'a>], cx: &Cx<'a>) -> bool {
            #body
        }
    });
    quote!(#name)
}

struct Join<'j> {
    captures: &'j [Vec<Field>],
    row: &'j mut RowFields,
    /// Path of the array whose element is at hand, as `el`.
    element: Option<String>,
}

impl Join<'_> {
    fn condition(&mut self, unit: &mut Unit, cond: &Cond) -> TokenStream {
        match cond {
            Cond::Const(truth) => quote!(#truth),
            Cond::Not(inner) => {
                let inner = self.condition(unit, inner);
                quote!(!#inner)
            }
            Cond::And(all) => self.connective(unit, all, &quote!(&&), true),
            Cond::Or(all) => self.connective(unit, all, &quote!(||), false),
            Cond::Any { field, test } => {
                let tests = unit.tests(std::slice::from_ref(test));
                let value = self.field(field);
                quote!(#value.as_slice().iter().any(|v| #tests.check(cx, *v).truth() == Some(true)))
            }
            Cond::Exists { field, .. } => {
                let value = self.field(field);
                quote!(!#value.is_null())
            }
            Cond::Single(field) => {
                let value = self.field(field);
                quote!((#value.as_slice().len() == 1))
            }
            Cond::Expr { expr, .. } => self.expression(unit, expr),
            Cond::Element { path, cond } => self.element(unit, path, cond),
            // Not in joins, see `Term::join`.
            Cond::AnyField { .. } | Cond::DescendantOf(_) => quote!(false),
        }
    }

    fn connective(
        &mut self,
        unit: &mut Unit,
        all: &[Cond],
        operator: &TokenStream,
        of_none: bool,
    ) -> TokenStream {
        let mut operands = all.iter().map(|cond| self.condition(unit, cond));
        let Some(mut joined) = operands.next() else { return quote!(#of_none) };
        for operand in operands {
            joined.extend(quote!(#operator #operand));
        }
        quote!((#joined))
    }

    fn expression(&mut self, unit: &mut Unit, expr: &Expr) -> TokenStream {
        let mut occurrences = Vec::new();
        let eval = expr::function(unit, expr, &mut Leaves::Occurrences(&mut occurrences));
        let mut values = Vec::new();
        self.values(expr, &mut values);
        match expr::relation(expr) {
            Some(relation) => quote!(leaf::some_pair(#relation, &[#(#values),*], cx, #eval)),
            None => quote!(leaf::some_choice(&[#(#values),*], cx, #eval)),
        }
    }

    /// The values of the fields of an expression, in the order in which
    /// [`Leaves::Occurrences`] numbers them.
    fn values(&mut self, expr: &Expr, values: &mut Vec<TokenStream>) {
        match &expr.kind {
            ExprKind::Field(field) => values.push(self.field(field)),
            ExprKind::Captured { term, field } => {
                let of_term = self.captures.get(*term).map(Vec::as_slice).unwrap_or_default();
                let position = of_term.iter().position(|known| known == field).unwrap_or_default();
                values.push(quote!(captured[#term][#position]));
            }
            _ => expr.children(&mut |child| self.values(child, values)),
        }
    }

    fn element(&mut self, unit: &mut Unit, path: &str, cond: &Cond) -> TokenStream {
        let below = self.below(path);
        let outer = self.element.replace(path.to_owned());
        let inner = self.condition(unit, cond);
        self.element = outer;
        let Some(below) = below else {
            let document = usize::from(self.row.position(&document()));
            return quote!(
                element::some_of_document(row[#document], #path, cx, &mut |el| #inner)
            );
        };
        quote!(element::some_of_element(el, #below, cx, &mut |el| #inner))
    }

    fn field(&mut self, field: &Field) -> TokenStream {
        if let Some(below) = self.below(&field.path) {
            let ty = constant::ty(field.ty);
            return quote!(element::value(el, #below, #ty, cx));
        }
        let position = usize::from(self.row.position(field));
        quote!(row[#position])
    }

    /// The path below the element at hand, if it is there.
    fn below(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(self.element.as_ref()?.as_str())?;
        if rest.is_empty() {
            return Some(String::new());
        }
        rest.strip_prefix('.').map(str::to_owned)
    }
}

/// The text of the whole document.
fn document() -> Field {
    Field { path: "_source".to_owned(), ty: Type::Source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eql::{Context, Dialect, compile};
    use crate::plan::Body;
    use crate::schema::Schema;

    /// A clause with an alias, and a part of the code that answers it.
    const JOINS: &[(&str, &str)] = &[
        (
            "process.name == e.process.name",
            "some_pair (leaf :: Relation :: Equal , & [row [0usize] , captured [0usize] [0usize]]",
        ),
        ("not process.name == e.process.name", "! leaf :: some_pair"),
        (
            "startswith(process.name, e.process.name)",
            "some_choice (& [row [0usize] , captured [0usize] [0usize]]",
        ),
        (
            "(startswith(process.name, e.file.name) or process.args : \"x*\")",
            "as_slice () . iter () . any",
        ),
        (
            "_arraysearch(process.thread.Ext.call_stack, $x, $x.symbol_info : \"a*\" and \
             stringcontains($x.module_name, e.file.name))",
            "some_of_document",
        ),
    ];

    #[test]
    fn every_clause_has_its_code() {
        let schema = Schema::builtin();
        for (clause, part) in JOINS {
            let query = format!("sequence by host.id [file where true] as e [any where {clause}]");
            let compiled = compile(&query, &Context::new(&schema, Dialect::Endpoint)).unwrap();
            let Body::Sequence(sequence) = compiled.body else { panic!("no sequence") };
            let captures = captures(&sequence.terms);
            assert_eq!(captures[0].len(), 1, "{clause}");
            let join = sequence.terms[1].join.as_ref().unwrap();
            let mut unit = Unit::new("r".to_owned());
            function(&mut unit, join, &captures, &mut RowFields::default());
            let items = unit.into_items();
            let code: TokenStream = items.into_iter().collect();
            assert!(syn::parse2::<syn::File>(code.clone()).is_ok(), "{clause}: {code}");
            assert!(code.to_string().contains(part), "{clause}: {code}");
        }
    }
}
