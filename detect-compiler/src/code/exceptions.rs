//! The constant descriptor of a rule's exceptions.

use super::{ORDER_FIELD, constant};
use crate::plan::{Ask, Below, ExceptionShape, ShapeEntry};
use crate::ruleset::Fields;
use detect_runtime::exception::Item;
use detect_runtime::state::Encode as _;
use proc_macro2::TokenStream;
use quote::quote;

/// `ExceptionSpec` of a rule.
pub(super) fn spec(shapes: &[ExceptionShape], items: &[Item], fields: &Fields) -> TokenStream {
    let shapes = shapes.iter().map(|ExceptionShape { words, entries }| {
        let entries = entries.iter().map(|entry| self::entry(entry, fields));
        quote!(Shape { words: #words, entries: &[#(#entries),*] })
    });
    let time = fields.get(ORDER_FIELD).unwrap_or(u16::MAX);
    let mut encoded = Vec::new();
    items[..].encode(&mut encoded);
    let items = constant::bytes(&encoded);
    quote!(ExceptionSpec { shapes: &[#(#shapes),*], time: #time, items: #items })
}

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
