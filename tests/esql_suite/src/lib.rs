//! Conformance suites as rulesets: a macro compiles every case through the front
//! end, the plan and the code generator of rules.

mod cases;
mod corpora;
mod csv_spec;
mod data_set;
mod eql;
mod expand;
mod front;
mod kql;
mod random;
mod rows;
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

/// `esql_rules!(Name);` makes a ruleset `Name` of the ES|QL rules of the public corpora,
/// `static REST`, with the columns by pattern of each, and `static OF_METADATA`, with
/// those that show what a document's metadata holds.
#[proc_macro]
pub fn esql_rules(input: TokenStream) -> TokenStream {
    named(input, rows::ruleset)
}

/// `eql_suite!(Name);` makes a ruleset `Name` of the queries and series in `eql/` of
/// each folder of test data, and `static BUILT: &[Built]`, which says for each case,
/// in the order of folders, files and cases, which rule it is or why it is none; the
/// caller declares `Built`.
#[proc_macro]
pub fn eql_suite(input: TokenStream) -> TokenStream {
    named(input, cases::eql)
}

/// The same for the cases in `kql/`.
#[proc_macro]
pub fn kql_suite(input: TokenStream) -> TokenStream {
    named(input, cases::kql)
}

/// `random_plans!(Name);` makes a ruleset `Name` of random ES|QL queries, the same at
/// every build, and `static QUERIES`, their texts by rule.
#[proc_macro]
pub fn random_plans(input: TokenStream) -> TokenStream {
    named(input, |name, _| random::ruleset(name))
}

/// `corpora!();` makes a ruleset of each folder of public rules that lies beside a
/// folder of test data, and `static CORPORA: &[Corpus]`; the caller declares `Corpus`.
#[proc_macro]
pub fn corpora(_input: TokenStream) -> TokenStream {
    corpora::expand(&root()).into()
}

fn named(input: TokenStream, make: fn(&Ident, &Path) -> proc_macro2::TokenStream) -> TokenStream {
    let input: proc_macro2::TokenStream = input.into();
    let name = input.into_iter().find_map(|token| match token {
        proc_macro2::TokenTree::Ident(name) => Some(name),
        _ => None,
    });
    let Some(name) = name else {
        return quote::quote!(compile_error!("expected the ruleset's name");).into();
    };
    make(&name, &root()).into()
}

fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default()
}
