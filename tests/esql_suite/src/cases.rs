//! EQL and KQL suites as rulesets: each case that compiles is a rule.

use crate::csv_spec::folders;
use crate::{eql, kql, rules};
use detect_compiler::diagnostic::Problem;
use detect_compiler::plan::{Body, Plan};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::path::Path;

/// A case and its plan, or the first message.
struct Entry {
    name: String,
    query: String,
    outcome: Result<Plan, String>,
}

/// Queries and then series of each folder, in the order of the folders.
pub(crate) fn eql(name: &Ident, root: &Path) -> TokenStream {
    let mut entries = Vec::new();
    for folder in folders(root).iter().map(|folder| folder.join("eql")) {
        let cases = eql::of(&folder);
        entries.extend(
            cases
                .cases
                .iter()
                .map(|case| entry(&case.name, &case.query, cases.compile(case).map(plan))),
        );
        entries.extend(
            eql::series::of(&folder)
                .iter()
                .map(|series| entry(&series.name, &series.query, series.compile().map(plan))),
        );
    }
    suite(name, root, "eql", &entries)
}

/// The cases of each folder that are not to be refused.
pub(crate) fn kql(name: &Ident, root: &Path) -> TokenStream {
    let cases = folders(root).into_iter().flat_map(|folder| kql::of(&folder.join("kql")));
    let entries: Vec<Entry> = cases
        .filter(|case| case.matches.is_some())
        .map(|case| {
            let outcome = case.compile().map(|cond| Plan {
                index: Vec::new(),
                body: Body::Events(cond),
                lineages: Vec::new(),
            });
            entry(&case.name, &case.query, outcome)
        })
        .collect();
    suite(name, root, "kql", &entries)
}

fn plan(compiled: detect_compiler::eql::Compiled) -> Plan {
    Plan { index: Vec::new(), body: compiled.body, lineages: compiled.lineages }
}

fn entry(name: &str, query: &str, outcome: Result<Plan, Vec<Problem>>) -> Entry {
    let message = |problems: Vec<Problem>| {
        problems.first().map_or_else(String::new, |problem| problem.message.clone())
    };
    let outcome = outcome.map_err(message);
    Entry { name: name.to_owned(), query: query.to_owned(), outcome }
}

/// The ruleset, and `BUILT`: name and query of each case with the number of its
/// rule or why it has none.
fn suite(name: &Ident, root: &Path, kind: &str, entries: &[Entry]) -> TokenStream {
    let plans: Vec<Plan> =
        entries.iter().filter_map(|entry| entry.outcome.as_ref().ok().cloned()).collect();
    let ruleset = rules::ruleset(name, &plans);
    let mut rule = 0usize;
    let built = entries.iter().map(|Entry { name, query, outcome }| {
        let outcome = match outcome {
            Ok(_) => {
                rule += 1;
                let number = rule - 1;
                quote!(Ok(#number))
            }
            Err(message) => quote!(Err(#message)),
        };
        quote!(Built { name: #name, query: #query, outcome: #outcome })
    });
    let tracked = tracked(root, kind);
    quote!(#ruleset static BUILT: &[Built] = &[#(#built),*]; #tracked)
}

/// The data's files and the variable that names their folders, as the build's own.
pub(crate) fn tracked(root: &Path, kind: &str) -> TokenStream {
    let mut files = Vec::new();
    for folder in folders(root).iter().map(|folder| folder.join(kind)) {
        for folder in [folder.join("data"), folder] {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
            files.extend(paths.filter(|path| path.is_file()));
        }
    }
    files.sort();
    let files = files.iter().filter_map(|path| path.to_str());
    quote! {
        #(const _: &[u8] = include_bytes!(#files);)*
        const _: Option<&str> = option_env!("DETECT_TEST_DATA");
    }
}
