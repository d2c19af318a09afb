//! `#[detect::ruleset(path = "rules")]` and `detect::rule_tests!()`: a shell around
//! `detect-compiler`. Path in, tokens out.

use detect_compiler::expand::{Attribute, Cases, OnError, expand, expand_cases};
use proc_macro::TokenStream;
use quote::ToTokens;
use syn::parse::Parser;
use syn::{Expr, ExprArray, ExprLit, Lit, LitStr, Meta, Token, punctuated::Punctuated};

/// Compiles a folder of rules (searched recursively) or one rule file into the
/// annotated unit struct.
///
/// Arguments: `path = "rules"` relative to `Cargo.toml`; `env = "NAME"`: a
/// variable that names another path at build time; `on_error = "skip"`: rules
/// that do not compile are left out and listed instead of stopping the build (with
/// the feature `warnings` of `detect` rustc warns of them, and of lints);
/// `allow = ["lint", "lint:rule id"]`; `crate = "path"` of the facade, if it is
/// not `::detect`; `texts = false`: long texts of the rules (note, setup, query)
/// stay out of the program, `alert::Format::texts` can bring them at run time.
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

/// Makes a `#[test]` of each case of the samples beside the rules
/// (`RULE.tests.ndjson`), in a module `rule_tests` where it is called. Nothing is left
/// of it outside of tests.
///
/// Arguments, all optional: `ruleset = Rules`, the annotated struct; `path = "rules"`,
/// the folder or file that it was made of; `env = "NAME"` and `crate = "path"` as of
/// [`macro@ruleset`].
///
/// A case is a line of JSON:
///
/// ```json
/// {"name":"scp below a shell","rule_id":"8eeeda11-dca6-4c3e-910f-7089db412d1c","events":[{"@timestamp":"2026-03-02T08:10:00Z"}],"expect":"match"}
/// ```
///
/// `expect` is `match` or `no-match`; `path` (below the folder) tells rules of one id
/// apart; `indicators` is a list of documents for an indicator-match rule. Each case
/// runs with empty state, and what new-terms rules saw before counts as complete and
/// empty. `detect test` runs the same cases.
#[proc_macro]
pub fn rule_tests(arguments: TokenStream) -> TokenStream {
    match parse_cases(arguments.into()) {
        Ok(cases) => expand_cases(&cases).into(),
        Err(error) => error.to_compile_error().into(),
    }
}

fn parse_cases(tokens: proc_macro2::TokenStream) -> syn::Result<Cases> {
    let place = Attribute { path: "rules".to_owned(), ..Attribute::default() };
    let mut cases = Cases { place, ruleset: syn::parse_quote!(Rules) };
    for meta in Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)? {
        let pair = meta.require_name_value()?;
        match (pair.path.to_token_stream().to_string().as_str(), &pair.value) {
            ("ruleset", Expr::Path(path)) => cases.ruleset = path.path.clone(),
            ("ruleset", other) => return Err(syn::Error::new_spanned(other, "expected a type")),
            ("path", value) => cases.place.path = text(value)?,
            ("env", value) => cases.place.env = Some(text(value)?),
            ("crate", value) => cases.place.facade = Some(text(value)?),
            _ => {
                let known = "expected `ruleset`, `path`, `env` or `crate`";
                return Err(syn::Error::new_spanned(&pair.path, known));
            }
        }
    }
    Ok(cases)
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
            "texts" => attribute.without_texts = !boolean(&pair.value)?,
            _ => {
                let known = "expected `path`, `env`, `on_error`, `allow`, `texts` or `crate`";
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

fn boolean(value: &Expr) -> syn::Result<bool> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Bool(boolean), .. }) => Ok(boolean.value),
        other => Err(syn::Error::new_spanned(other, "expected `true` or `false`")),
    }
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
