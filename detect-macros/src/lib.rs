//! `#[detect::ruleset(path = "rules")]`: a shell around `detect-compiler`.
//! Path in, tokens out.

use detect_compiler::expand::{Attribute, OnError, expand};
use proc_macro::TokenStream;
use quote::ToTokens;
use syn::parse::Parser;
use syn::{Expr, ExprArray, Lit, LitStr, Meta, Token, punctuated::Punctuated};

/// Compiles a folder of rules (searched recursively) or one rule file into the
/// annotated unit struct.
///
/// Arguments: `path = "rules"` relative to `Cargo.toml`; `env = "NAME"`: a
/// variable that names another path at build time; `on_error = "skip"`: rules
/// that do not compile are left out and listed instead of stopping the build (with
/// the feature `warnings` of `detect` rustc warns of them, and of lints);
/// `allow = ["lint", "lint:rule id"]`; `crate = "path"` of the facade, if it is
/// not `::detect`.
#[proc_macro_attribute]
pub fn ruleset(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let parsed = parse(attribute.into()).and_then(|attribute| {
        let item: syn::ItemStruct = syn::parse(item)?;
        Ok((attribute, item))
    });
    match parsed {
        Ok((attribute, item)) => expand(&attribute, &item).into(),
        Err(error) => error.to_compile_error().into(),
    }
}

fn parse(tokens: proc_macro2::TokenStream) -> syn::Result<Attribute> {
    let mut attribute = Attribute { warn: cfg!(feature = "warnings"), ..Attribute::default() };
    for meta in Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)? {
        let pair = meta.require_name_value()?;
        let name = pair.path.to_token_stream().to_string();
        match name.as_str() {
            "path" => attribute.path = text(&pair.value)?,
            "env" => attribute.env = Some(text(&pair.value)?),
            "crate" => attribute.facade = Some(text(&pair.value)?),
            "on_error" => attribute.on_error = on_error(&pair.value)?,
            "allow" => attribute.allow = list(&pair.value)?,
            _ => {
                let known = "expected `path`, `env`, `on_error`, `allow` or `crate`";
                return Err(syn::Error::new_spanned(&pair.path, known));
            }
        }
    }
    if attribute.path.is_empty() {
        return Err(syn::Error::new(
            proc_macro2::Span::call_site(),
            "expected `path = \"...\"`: a folder of rules or one rule file, relative to Cargo.toml",
        ));
    }
    Ok(attribute)
}

fn text(value: &Expr) -> syn::Result<String> {
    literal(value).map(|literal| literal.value())
}

fn literal(value: &Expr) -> syn::Result<LitStr> {
    match value {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Ok(text.clone()),
            other => Err(syn::Error::new_spanned(other, "expected a string")),
        },
        other => Err(syn::Error::new_spanned(other, "expected a string")),
    }
}

fn on_error(value: &Expr) -> syn::Result<OnError> {
    let literal = literal(value)?;
    OnError::parse(&literal.value())
        .ok_or_else(|| syn::Error::new_spanned(literal, "expected \"stop\" or \"skip\""))
}

fn list(value: &Expr) -> syn::Result<Vec<String>> {
    match value {
        Expr::Array(ExprArray { elems, .. }) => elems.iter().map(text).collect(),
        other => Err(syn::Error::new_spanned(other, "expected a list of strings")),
    }
}
