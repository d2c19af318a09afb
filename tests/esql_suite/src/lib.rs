//! Conformance suites as rulesets: a macro compiles every case through the front
//! end, the plan and the code generator of rules.

mod csv_spec;
mod data_set;
mod expand;
mod front;

use proc_macro::TokenStream;
use std::path::PathBuf;

/// `esql_suite!(Name);` makes a ruleset `Name` of all cases of the csv-spec files
/// in `esql/` of each folder of test data, and `static CASES: &[Expected]`, with
/// what each case expects; the caller declares `Expected`.
#[proc_macro]
pub fn esql_suite(input: TokenStream) -> TokenStream {
    let input: proc_macro2::TokenStream = input.into();
    let name = input.into_iter().find_map(|token| match token {
        proc_macro2::TokenTree::Ident(name) => Some(name),
        _ => None,
    });
    let Some(name) = name else {
        return quote::quote!(compile_error!("expected the ruleset's name");).into();
    };
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    expand::suite(&name, &root).into()
}
