//! Constants as Rust expressions.

use detect_runtime::value::{Owned, Type};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// A constant expression of type `Value<'static>`; `rt` is the path of the runtime.
pub(super) fn value(owned: &Owned) -> TokenStream {
    match owned {
        Owned::Null => quote!(Value::Null),
        Owned::Boolean(b) => quote!(Value::Boolean(#b)),
        Owned::Integer(n) => quote!(Value::Integer(#n)),
        Owned::Long(n) => quote!(Value::Long(#n)),
        Owned::UnsignedLong(n) => quote!(Value::UnsignedLong(#n)),
        Owned::Double(n) => {
            let n = double(*n);
            quote!(Value::Double(#n))
        }
        Owned::Text(t) => quote!(Value::Text(#t)),
        Owned::Date(n) => quote!(Value::Date(#n)),
        Owned::DateNanos(n) => quote!(Value::DateNanos(#n)),
        Owned::Ip(a) => {
            let bytes = Literal::byte_string(a);
            quote!(Value::Ip(*#bytes))
        }
        Owned::Version(t) => quote!(Value::Version(#t)),
        Owned::Point(p) => {
            let (x, y, geo) = (double(p.x), double(p.y), p.geo);
            quote!(Value::Point(&Point { x: #x, y: #y, geo: #geo }))
        }
        Owned::Shape(t) => quote!(Value::Shape(#t)),
        Owned::Period { months, days } => quote!(Value::Period { months: #months, days: #days }),
        Owned::Duration(n) => quote!(Value::Duration(#n)),
        Owned::Multi(all) => {
            let all = all.iter().map(value);
            quote!(Value::Multi(&[#(#all),*]))
        }
    }
}

/// A finite double as a literal, others by their bits (no literal exists for them).
fn double(n: f64) -> TokenStream {
    if n.is_finite() {
        quote!(#n)
    } else {
        let bits = n.to_bits();
        quote!(f64::from_bits(#bits))
    }
}

/// A byte string literal: the only form in which tables enter the tokens. A
/// list of numbers would cost the compiler a hundred times the memory.
pub(super) fn bytes(bytes: &[u8]) -> Literal {
    Literal::byte_string(bytes)
}

/// A [`Type`] as a path.
pub(super) fn ty(ty: Type) -> TokenStream {
    let name = quote::format_ident!("{ty:?}");
    quote!(Type::#name)
}
