//! The suite as one ruleset: each case is a rule.

use crate::csv_spec::{self, Case};
use crate::data_set::{self, DataSet};
use crate::front;
use crate::rules;
use detect_compiler::diagnostic::Problem;
use detect_compiler::esql::Compiled;
use detect_compiler::plan::{Body, Cond, Expr, ExprKind, Plan, Rows, Stage};
use detect_runtime::value::{Owned, Type};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Index of the one document that ROW queries read.
const ROW: &str = "row";

/// A case and what became of it.
struct Entry {
    file: String,
    case: Case,
    /// The plan, or the first message.
    outcome: Result<Compiled, String>,
}

/// The struct with its implementation of `Ruleset`, and the table of cases.
pub(crate) fn suite(name: &Ident, root: &Path) -> TokenStream {
    let mut entries = Vec::new();
    let mut read: Vec<PathBuf> = Vec::new();
    for folder in csv_spec::folders(root) {
        let folder = folder.join("esql");
        let data = data_set::all(&folder);
        for path in csv_spec::files(&folder, "csv-spec") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            entries
                .extend(csv_spec::cases(&text).into_iter().map(|case| entry(&file, case, &data)));
            read.push(path);
        }
    }
    let ruleset = ruleset(name, &entries);
    let table = table(&entries);
    let tracked = read.iter().filter_map(|path| path.to_str()).map(|path| {
        quote!(
            const _: &[u8] = include_bytes!(#path);
        )
    });
    quote!(#ruleset #table #(#tracked)* const _: Option<&str> = option_env!("DETECT_TEST_DATA");)
}

fn entry(file: &str, case: Case, data: &HashMap<String, DataSet>) -> Entry {
    let outcome = front::plan(&case, data).map(|mut compiled| {
        from_a_document(&mut compiled.plan);
        compiled
    });
    let outcome = outcome.map_err(|problems| first_message(&problems));
    Entry { file: file.to_owned(), case, outcome }
}

fn first_message(problems: &[Problem]) -> String {
    problems.first().map(|problem| problem.message.clone()).unwrap_or_default()
}

/// ROW's constants become computed columns of one empty document, so that the
/// query runs like any other.
fn from_a_document(plan: &mut Plan) {
    let Body::Pipeline(pipeline) = &mut plan.body else { return };
    let Rows::Constants(constants) = &mut pipeline.rows else { return };
    let computed = std::mem::take(constants)
        .into_iter()
        .enumerate()
        .map(|(slot, value)| (slot, Expr { ty: Type::Null, kind: ExprKind::Const(value) }));
    let computed: Vec<(usize, Expr)> =
        computed.filter(|(_, expr)| !matches!(expr.kind, ExprKind::Const(Owned::Null))).collect();
    pipeline.stages.insert(0, Stage::Eval(computed));
    pipeline.rows = Rows::Events { filter: Cond::Const(true), exact: true, slots: Vec::new() };
    plan.index = vec![ROW.to_owned()];
}

fn ruleset(name: &Ident, entries: &[Entry]) -> TokenStream {
    let compiled = entries.iter().filter_map(|entry| entry.outcome.as_ref().ok());
    rules::ruleset(name, &compiled.map(|compiled| compiled.plan.clone()).collect::<Vec<_>>())
}

/// `CASES`: what each case expects, and its rule or why it has none.
fn table(entries: &[Entry]) -> TokenStream {
    let mut rule = 0usize;
    let cases = entries.iter().map(|Entry { file, case, outcome }| {
        let Case { name, query, line, any_order, header, rows } = case;
        let outcome = match outcome {
            Ok(compiled) => {
                let types = match &compiled.plan.body {
                    Body::Pipeline(pipeline) => pipeline.output.iter().map(|c| c.ty).collect(),
                    _ => Vec::new(),
                };
                let types = types.iter().map(|ty| format!("{ty:?}"));
                rule += 1;
                let number = rule - 1;
                quote!(Ok((#number, &[#(#types),*])))
            }
            Err(message) => quote!(Err(#message)),
        };
        quote! {
            Expected {
                name: concat!(#file, ".", #name),
                line: #line,
                query: #query,
                any_order: #any_order,
                header: #header,
                rows: &[#(#rows),*],
                outcome: #outcome,
            }
        }
    });
    quote!(static CASES: &[Expected] = &[#(#cases),*];)
}
