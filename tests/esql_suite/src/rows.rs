//! The ES|QL rules of a folder as one ruleset, for sets of documents with the rows
//! that each query must give.

use detect_compiler::compile::{self, Options, Plans};
use detect_compiler::expand::OnError;
use detect_compiler::plan::{Body, FieldPattern};
use detect_compiler::rule::{File, Folder, read_folder};
use detect_runtime::test::Piece;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::path::Path;

/// The struct with its implementation of `Ruleset`, and what the columns of each rule
/// are beside the named ones.
pub(crate) fn ruleset(name: &Ident, folder: &Path) -> TokenStream {
    let rules = esql_rules(folder);
    let options = Options {
        on_error: OnError::Skip,
        allow: Vec::new(),
        runtime: quote!(::detect::runtime),
        below: String::new(),
    };
    let rest = rest(&compile::plans(&rules, &options));
    let compiled = match compile::compile(&rules, &options) {
        Ok(compiled) => compiled,
        Err(failure) => {
            let message = format!("{failure:?}");
            return quote!(compile_error!(#message););
        }
    };
    let generated = compiled.tokens;
    let body = crate::rules::implementation(name, &generated);
    let tracked = rules.files.iter().filter_map(|file| {
        let path = folder.join(&file.path);
        let path = path.to_str()?;
        Some(quote!(
            const _: &[u8] = include_bytes!(#path);
        ))
    });
    quote!(#body #rest #(#tracked)*)
}

/// The rule files with an ES|QL query, without suppression: the sets say what rows the
/// query gives.
fn esql_rules(folder: &Path) -> Folder {
    let mut rules = read_folder(folder).unwrap_or_default();
    rules.files.retain_mut(|file| {
        let Some(mut table) = parsed(file) else { return false };
        let Some(rule) = table.get_mut("rule").and_then(toml::Value::as_table_mut) else {
            return false;
        };
        let esql = rule.get("language").and_then(toml::Value::as_str) == Some("esql");
        if esql && rule.remove("alert_suppression").is_some() {
            file.bytes = table.to_string().into_bytes();
        }
        esql
    });
    rules
}

fn parsed(file: &File) -> Option<toml::Table> {
    std::str::from_utf8(&file.bytes).ok()?.parse().ok()
}

/// `REST`: path of a rule, and the patterns of the stored fields that are columns of its
/// rows without having been named: all of the first, none of the second.
fn rest(plans: &Plans) -> TokenStream {
    let rows = plans.rules.iter().filter_map(|planned| {
        let Body::Pipeline(pipeline) = &planned.lowered.plan.body else { return None };
        let path = planned.rule.path.to_string();
        let patterns = pipeline.rest.iter().map(|FieldPattern { all_of, none_of }| {
            let all_of = all_of.iter().map(|glob| text(&glob.0));
            let none_of = none_of.iter().map(|glob| text(&glob.0));
            quote!((&[#(#all_of),*], &[#(#none_of),*]))
        });
        Some(quote!((#path, &[#(#patterns),*])))
    });
    quote!(static REST: &[(&str, &[(&[&str], &[&str])])] = &[#(#rows),*];)
}

/// Names of fields have no `*` of their own.
fn text(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        _ => "*".to_owned(),
    };
    pieces.iter().map(piece).collect()
}
