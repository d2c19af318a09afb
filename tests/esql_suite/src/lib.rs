//! Conformance suites as rulesets: a macro compiles every case through the front
//! end, the plan and the code generator of rules.

mod csv_spec;
mod data_set;
mod expand;
mod front;
mod rules;

use proc_macro::TokenStream;
use proc_macro2::Ident;
use std::path::{Path, PathBuf};

/// `esql_suite!(Name);` makes a ruleset `Name` of all cases of the csv-spec files
/// in `esql/` of each folder of test data, and `static CASES: &[Expected]`, with
/// what each case expects; the caller declares `Expected`.
#[proc_macro]
pub fn esql_suite(input: TokenStream) -> TokenStream {
    named(input, expand::suite)
}

/// `esql_rules!(Name);` makes a ruleset `Name` of the ES|QL rules of the public corpus,
/// and `static REST`, with the columns by pattern of each.
#[proc_macro]
pub fn esql_rules(input: TokenStream) -> TokenStream {
    named(input, |name, root| rules::ruleset(name, &root.join("../shared/corpus/detection-rules")))
}

fn named(
    input: TokenStream,
    make: impl FnOnce(&Ident, &Path) -> proc_macro2::TokenStream,
) -> TokenStream {
    let input: proc_macro2::TokenStream = input.into();
    let name = input.into_iter().find_map(|token| match token {
        proc_macro2::TokenTree::Ident(name) => Some(name),
        _ => None,
    });
    let Some(name) = name else {
        return quote::quote!(compile_error!("expected the ruleset's name");).into();
    };
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    make(&name, &root).into()
}
