//! Plans as a ruleset, by the optimiser and the code generator of rules.

use detect_compiler::code::{self, Schedule};
use detect_compiler::plan::{Body, Plan, plain};
use detect_compiler::ruleset::{self, statistics::Statistics};
use detect_runtime::json::layout::Flags;
use detect_runtime::state::Encode;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Every case has the same schedule: interval and look-back in milliseconds.
const SCHEDULE: i64 = 300_000;

/// A struct with its implementation of `Ruleset`; rules in the order of the plans.
pub(crate) fn ruleset(name: &Ident, plans: &[Plan]) -> TokenStream {
    let inputs: Vec<(usize, &Plan)> = plans.iter().enumerate().collect();
    let mut fields = code::engine_fields();
    if plans.iter().any(|plan| !plan.lineages.is_empty()) {
        fields.extend(code::lineage_fields());
    }
    let fields = fields.into_iter().map(|path| (path.to_owned(), Flags::NONE)).collect();
    let optimised =
        ruleset::build(&inputs, &ruleset::Options { statistics: Statistics::default(), fields });
    let mut rules: Vec<code::Rule> =
        inputs.iter().map(|(number, plan)| rule(*number, plan, &optimised)).collect();
    let generated = code::generate(code::Input {
        rules: &mut rules,
        ruleset: &optimised,
        refused: &[],
        files: &[],
        runtime: quote!(::detect::runtime),
    });
    match generated {
        Ok(tokens) => implementation(name, &tokens),
        Err(error) => {
            let message = error.to_string();
            quote!(compile_error!(#message);)
        }
    }
}

fn rule(number: usize, plan: &Plan, optimised: &ruleset::Ruleset) -> code::Rule {
    let conditions = optimised.rules[number].conditions.clone();
    let plain = conditions.filter_map(|own| optimised.conditions.get(own)).map(|condition| {
        let mut bytes = Vec::new();
        if let Some(role) = condition.roles.first()
            && let Some(cond) = ruleset::condition_of(plan, *role)
        {
            plain::form(cond).encode(&mut bytes);
        }
        bytes
    });
    code::Rule {
        exceptions: (Vec::new(), Vec::new()),
        name: format!("case_{number}"),
        plan: plan.clone(),
        schedule: Schedule { interval: SCHEDULE, lookback: SCHEDULE },
        timestamp_override: None,
        info: info(number, plan),
        meaning: number as u64,
        stratum: 0,
        plain: plain.collect(),
    }
}

/// The struct and its implementation of `Ruleset`.
pub(crate) fn implementation(name: &Ident, generated: &TokenStream) -> TokenStream {
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
fn info(number: usize, plan: &Plan) -> TokenStream {
    let (columns, aggregating) = match &plan.body {
        Body::Pipeline(pipeline) => {
            let columns = pipeline.output.iter().map(|column| column.name.as_str());
            (columns.collect(), pipeline.aggregating)
        }
        _ => (Vec::new(), false),
    };
    let (rule_type, language) = match &plan.body {
        Body::Pipeline(_) => (quote!(Esql), "esql"),
        Body::Sequence(_) | Body::Sample(_) => (quote!(Eql), "eql"),
        _ => (quote!(Query), "kuery"),
    };
    let (index, id) = (&plan.index, number.to_string());
    quote! {
        RuleInfo {
            id: #id,
            uuid: #id,
            path: #id,
            name: #id,
            rule_type: RuleType::#rule_type,
            language: #language,
            severity: Severity::Low,
            risk_score: 0,
            interval: #SCHEDULE,
            lookback: #SCHEDULE,
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
