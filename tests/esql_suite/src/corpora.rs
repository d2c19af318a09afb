//! The public rules, compiled: one ruleset for each corpus folder at hand.

use crate::cases::tracked;
use crate::csv_spec::folders;
use detect_compiler::expand::{Attribute, OnError, expand as expand_ruleset};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::path::{Path, PathBuf};

pub(crate) fn expand(root: &Path) -> TokenStream {
    let found = at_hand(root);
    let (rulesets, entries): (Vec<_>, Vec<_>) =
        found.iter().enumerate().map(|(number, folder)| corpus(number, folder)).unzip();
    let tracked = tracked(root, "triggers");
    quote!(#(#rulesets)* static CORPORA: &[Corpus] = &[#(#entries),*]; #tracked)
}

/// The corpora: `corpus` beside each folder of test data or in it.
pub(crate) fn at_hand(root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in folders(root) {
        for corpus in [folder.join("../corpus"), folder.join("corpus")] {
            if let Ok(corpus) = corpus.canonicalize()
                && !found.contains(&corpus)
            {
                found.push(corpus);
            }
        }
    }
    found
}

/// The ruleset of a folder, and its entry in the table.
fn corpus(number: usize, folder: &Path) -> (TokenStream, TokenStream) {
    let name = format_ident!("Corpus{number}");
    let folder = folder.to_string_lossy().into_owned();
    let attribute =
        Attribute { path: folder.clone(), on_error: OnError::Skip, ..Attribute::default() };
    let ruleset = match syn::parse2(quote!(struct #name;)) {
        Ok(item) => expand_ruleset(&attribute, &item),
        Err(error) => error.to_compile_error(),
    };
    (ruleset, quote!(Corpus::of::<#name>(#folder)))
}
