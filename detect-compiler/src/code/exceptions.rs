//! A rule's exceptions: the function that is the "and not" of its condition, and the
//! constant descriptor beside it.

use super::unit::Unit;
use super::{ORDER_FIELD, constant};
use crate::plan::{Ask, Below, ExceptionShape, ShapeEntry};
use crate::ruleset::Fields;
use detect_runtime::exception::Item;
use detect_runtime::state::Encode as _;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// `ExceptionSpec` of a rule.
pub(super) fn spec(
    unit: &mut Unit,
    shapes: &[ExceptionShape],
    items: &[Item],
    fields: &Fields,
) -> TokenStream {
    let exempts = exempts(unit, shapes, fields);
    let shapes = shapes.iter().map(|ExceptionShape { words, entries }| {
        let entries = entries.iter().map(|entry| self::entry(entry, fields));
        quote!(Shape { words: #words, entries: &[#(#entries),*] })
    });
    let time = fields.get(ORDER_FIELD).unwrap_or(u16::MAX);
    let mut encoded = Vec::new();
    items[..].encode(&mut encoded);
    let items = constant::bytes(&encoded);
    quote! {
        ExceptionSpec {
            shapes: &[#(#shapes),*],
            time: #time,
            items: #items,
            exempts: #exempts,
        }
    }
}

/// Adds `fn(&Event, &Items) -> bool` for all shapes: true if an item of some shape
/// answers each of its questions.
fn exempts(unit: &mut Unit, shapes: &[ExceptionShape], fields: &Fields) -> Ident {
    let of_shape = |(number, shape): (usize, &ExceptionShape)| {
        let mut list = 0usize;
        let entries = shape.entries.iter().map(|entry| question(entry, &mut list, fields));
        let entries: Vec<TokenStream> = entries.collect();
        quote!(items.of(event, #number).any(|item| #(#entries)&&*))
    };
    let shapes: Vec<TokenStream> = shapes.iter().enumerate().map(of_shape).collect();
    let name = unit.name("exempts");
    unit.item(quote! {
        fn #name(event: &Event<'_>, items: &Items) -> bool {
            #(#shapes)||*
        }
    });
    name
}

/// An entry as an expression over `event` and the values `item`; `list` is the number
/// of the next list of values.
fn question(entry: &ShapeEntry, list: &mut usize, fields: &Fields) -> TokenStream {
    let number = |path: &str| fields.get(path).unwrap_or(u16::MAX);
    let mut next = || {
        *list += 1;
        *list - 1
    };
    let found = match &entry.ask {
        Ask::Value(field) => {
            let (list, field) = (next(), number(&field.path));
            quote!(item.any(#list, event, #field))
        }
        Ask::Pattern(pattern) => {
            let list = next();
            quote!(item.any_named(#list, event, #pattern))
        }
        Ask::Exists(field, objects) => {
            let field = number(&field.path);
            quote!(exception::present(event, #field, #objects))
        }
        Ask::Nested(path, below) => {
            let field = number(path);
            let below = below.iter().map(|Below { negate, path, value }| {
                let found = if *value {
                    let list = next();
                    quote!(item.any_below(#list, event, element, #path))
                } else {
                    quote!(exception::present_below(event, element, #path))
                };
                negated(*negate, found)
            });
            let below: Vec<TokenStream> = below.collect();
            quote!(event.elements(#field).any(|element| #(#below)&&*))
        }
    };
    negated(entry.negate, found)
}

fn negated(negate: bool, found: TokenStream) -> TokenStream {
    if negate { quote!(!#found) } else { found }
}

/// The same as data, for reference mode and for items that come at run time.
fn entry(entry: &ShapeEntry, fields: &Fields) -> TokenStream {
    let number = |path: &str| fields.get(path).unwrap_or(u16::MAX);
    let ask = match &entry.ask {
        Ask::Value(field) => {
            let field = number(&field.path);
            quote!(Ask::Value(#field))
        }
        Ask::Pattern(pattern) => quote!(Ask::Pattern(#pattern)),
        Ask::Exists(field, objects) => {
            let field = number(&field.path);
            quote!(Ask::Exists(#field, #objects))
        }
        Ask::Nested(path, below) => {
            let field = number(path);
            let below = below.iter().map(|Below { negate, path, value }| {
                quote!(Below { negate: #negate, path: #path, value: #value })
            });
            quote!(Ask::Nested(#field, &[#(#below),*]))
        }
    };
    let negate = entry.negate;
    quote!(Entry { negate: #negate, ask: #ask })
}
