//! The suite as one ruleset: each case is a rule.

use crate::csv_spec::{self, Case};
use crate::data_set::{self, DataSet};
use crate::front;
use detect_compiler::code::{self, Schedule};
use detect_compiler::diagnostic::Problem;
use detect_compiler::esql::Compiled;
use detect_compiler::plan::{Body, Cond, Expr, ExprKind, Plan, Rows, Stage, plain};
use detect_compiler::ruleset::{self, statistics::Statistics};
use detect_runtime::json::layout::Flags;
use detect_runtime::state::Encode;
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
    let compiled: Vec<&Compiled> =
        entries.iter().filter_map(|entry| entry.outcome.as_ref().ok()).collect();
    let inputs: Vec<(usize, &Plan)> =
        compiled.iter().enumerate().map(|(number, compiled)| (number, &compiled.plan)).collect();
    let fields =
        code::engine_fields().into_iter().map(|path| (path.to_owned(), Flags::NONE)).collect();
    let optimised =
        ruleset::build(&inputs, &ruleset::Options { statistics: Statistics::default(), fields });
    let mut rules: Vec<code::Rule> = compiled
        .iter()
        .enumerate()
        .zip(&optimised.rules)
        .map(|((number, compiled), entry)| {
            let conditions = entry.conditions.clone();
            let plain = conditions.filter_map(|n| optimised.conditions.get(n)).map(|condition| {
                let mut bytes = Vec::new();
                if let Some(role) = condition.roles.first()
                    && let Some(cond) = ruleset::condition_of(&compiled.plan, *role)
                {
                    plain::form(cond).encode(&mut bytes);
                }
                bytes
            });
            code::Rule {
                exceptions: (Vec::new(), Vec::new()),
                name: format!("case_{number}"),
                plan: compiled.plan.clone(),
                schedule: Schedule { interval: 300_000, lookback: 300_000 },
                timestamp_override: None,
                info: info(number, compiled),
                meaning: number as u64,
                plain: plain.collect(),
            }
        })
        .collect();
    let generated = code::generate(code::Input {
        rules: &mut rules,
        ruleset: &optimised,
        refused: &[],
        files: &[],
        runtime: quote!(::detect::runtime),
    });
    let generated = match generated {
        Ok(tokens) => tokens,
        Err(error) => {
            let message = error.to_string();
            return quote!(compile_error!(#message););
        }
    };
    quote! {
        struct #name {
            heads: ::detect::runtime::engine::Heads,
        }

        const _: () = {
            #[allow(clippy::all, clippy::pedantic, unused, missing_docs, unreachable_pub)]
            mod generated {
                #generated
            }

            impl ::detect::runtime::engine::Ruleset for #name {
                fn table() -> &'static ::detect::runtime::engine::Table {
                    &generated::TABLE
                }

                fn heads(&mut self) -> &mut ::detect::runtime::engine::Heads {
                    &mut self.heads
                }

                fn new() -> Self {
                    #name { heads: ::detect::runtime::engine::Heads::none() }
                }
            }
        };
    }
}

/// Expression of type `RuleInfo`.
fn info(number: usize, compiled: &Compiled) -> TokenStream {
    let Body::Pipeline(pipeline) = &compiled.plan.body else { return TokenStream::new() };
    let columns = pipeline.output.iter().map(|column| &column.name);
    let (index, id) = (&compiled.plan.index, number.to_string());
    let aggregating = pipeline.aggregating;
    quote! {
        RuleInfo {
            id: #id,
            uuid: #id,
            path: #id,
            name: #id,
            rule_type: RuleType::Esql,
            language: "esql",
            severity: Severity::Low,
            risk_score: 0,
            interval: 300_000,
            lookback: 300_000,
            index: &[#(#index),*],
            group_by: &[],
            columns: &[#(#columns),*],
            cardinality: None,
            indicator_path: "",
            timestamp_override: None,
            max_signals: u32::MAX,
            building_block: false,
            deprecated: false,
            aggregating: #aggregating,
            severity_mapping: &[],
            risk_score_field: None,
            name_field: None,
            suppression: None,
            members: "",
            texts: "",
            meaning: 0,
            content: 0,
        }
    }
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
