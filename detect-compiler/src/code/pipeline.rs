//! ES|QL pipelines: a constant `Program`, its stage functions and group structs.

use super::constant;
use super::expr::{self, Leaves, expression};
use super::saturation;
use super::unit::Unit;
use crate::plan::{Aggregate, Column, Cond, Expr, ExprKind, Pipeline, SortKey, Stage, Stats};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The expression of type `Program`. Conditions on the event that stand inside
/// expressions have been moved into slots: see [`lift_conditions`].
pub(super) fn program(unit: &mut Unit, pipeline: &Pipeline) -> TokenStream {
    let per_event = per_event(&pipeline.stages);
    let uses_now = pipeline.stages[per_event..].iter().any(calls_now);
    let stages: Vec<TokenStream> = pipeline
        .stages
        .iter()
        .enumerate()
        .map(|(number, stage)| {
            let following = &pipeline.stages[number + 1..];
            self::stage(unit, stage, following)
        })
        .collect();
    let frames = &pipeline.frames;
    let output = pipeline.output.iter().map(|Column { name, ty, slot }| {
        let ty = constant::ty(*ty);
        quote!(OutputColumn { name: #name, ty: #ty, slot: #slot })
    });
    let aggregating = pipeline.aggregating;
    quote!(Program {
        frames: &[#(#frames),*],
        stages: &[#(#stages),*],
        per_event: #per_event,
        output: &[#(#output),*],
        aggregating: #aggregating,
        uses_now: #uses_now,
    })
}

/// How many stages at the front run per event: up to the first breaker or the
/// first stage that calls `now()`, which is the tick that no event knows.
fn per_event(stages: &[Stage]) -> usize {
    stages
        .iter()
        .position(|stage| {
            matches!(
                stage,
                Stage::Stats(_) | Stage::InlineStats { .. } | Stage::Sort(_) | Stage::Limit { .. }
            ) || calls_now(stage)
        })
        .unwrap_or(stages.len())
}

fn calls_now(stage: &Stage) -> bool {
    let mut found = false;
    for_each_expr(stage, &mut |expr| found |= expr_calls_now(expr));
    found
}

fn expr_calls_now(expr: &Expr) -> bool {
    if let ExprKind::Call { function, .. } = &expr.kind
        && function.name == "now"
    {
        return true;
    }
    let mut found = false;
    expr.children(&mut |child| found |= expr_calls_now(child));
    found
}

fn for_each_expr<'s>(stage: &'s Stage, visit: &mut dyn FnMut(&'s Expr)) {
    match stage {
        Stage::Where(expr)
        | Stage::Dissect { input: expr, .. }
        | Stage::Grok { input: expr, .. }
        | Stage::Completion { prompt: expr, .. } => visit(expr),
        Stage::Eval(all) => all.iter().for_each(|(_, expr)| visit(expr)),
        Stage::Stats(stats) => for_each_stats_expr(stats, visit),
        Stage::InlineStats { stats, computed, .. } => {
            for_each_stats_expr(stats, visit);
            computed.iter().for_each(visit);
        }
        Stage::Sort(keys) => keys.iter().for_each(|key| visit(&key.expr)),
        Stage::Limit { by, .. } => by.iter().for_each(visit),
        Stage::Lookup { on, .. } => on.iter().for_each(|(expr, _)| visit(expr)),
        Stage::MvExpand(_) | Stage::Sample(_) => {}
    }
}

fn for_each_stats_expr<'s>(stats: &'s Stats, visit: &mut dyn FnMut(&'s Expr)) {
    for aggregate in &stats.aggregates {
        aggregate.args.iter().chain(&aggregate.filter).for_each(&mut *visit);
    }
    stats.keys.iter().for_each(visit);
}

fn stage(unit: &mut Unit, stage: &Stage, following: &[Stage]) -> TokenStream {
    match stage {
        Stage::Where(condition) => {
            let name = predicate(unit, condition);
            quote!(Stage::Where(#name))
        }
        Stage::Eval(assignments) => {
            let all = assignments.iter().map(|(slot, expr)| (*slot, expr));
            let name = assigned(unit, "eval", all);
            quote!(Stage::Eval(#name))
        }
        Stage::MvExpand(slot) => quote!(Stage::MvExpand(#slot)),
        Stage::Dissect { input, pattern, separator, outputs } => {
            let ready = unit.static_name("dissect");
            let keys = outputs.iter().map(|(key, _)| key);
            unit.item(quote! {
                static #ready: Dissect = Dissect::new(#pattern, #separator, &[#(#keys),*]);
            });
            let slots = outputs.iter().map(|(_, slot)| slot);
            extraction(unit, "dissect", input, &ready, &slots.copied().collect::<Vec<_>>())
        }
        Stage::Grok { input, patterns, outputs } => {
            let ready = unit.static_name("grok");
            let captures = outputs.iter().map(|(name, ty, _)| {
                let ty = constant::ty(*ty);
                quote!((#name, #ty))
            });
            unit.item(quote! {
                static #ready: Grok = Grok::new(&[#(#patterns),*], &[#(#captures),*]);
            });
            let slots = outputs.iter().map(|(_, _, slot)| slot);
            extraction(unit, "grok", input, &ready, &slots.copied().collect::<Vec<_>>())
        }
        Stage::Stats(stats) => {
            let bound = saturation::bound(stats, following);
            let spec = stats_spec(unit, stats, &bound);
            quote!(Stage::Stats(&#spec))
        }
        Stage::InlineStats { stats, computed, into } => {
            let spec = stats_spec(unit, stats, &quote!(false));
            let computed = if computed.is_empty() {
                quote!(None)
            } else {
                let first = stats.aggregates.len() + stats.keys.len();
                let name = assigned(unit, "of_group", (first..).zip(computed));
                quote!(Some(#name))
            };
            quote!(Stage::InlineStats { stats: &#spec, computed: #computed, into: &[#(#into),*] })
        }
        Stage::Sort(keys) => {
            let keys: Vec<TokenStream> = keys.iter().map(|key| sort_key(unit, key)).collect();
            quote!(Stage::Sort(&[#(#keys),*]))
        }
        Stage::Limit { count, by } => {
            let by: Vec<TokenStream> =
                by.iter().map(|expr| expr::function(unit, expr, &mut Leaves::Row)).collect();
            quote!(Stage::Limit { count: #count, by: &[#(#by),*] })
        }
        Stage::Lookup { table, on, outputs, multiply } => {
            let on: Vec<TokenStream> = on
                .iter()
                .map(|(expr, column)| {
                    let expr = expr::function(unit, expr, &mut Leaves::Row);
                    quote!((#expr, #column))
                })
                .collect();
            let outputs = outputs.iter().map(|(column, ty, slot)| {
                let ty = constant::ty(*ty);
                quote!((#column, #ty, #slot))
            });
            quote!(Stage::Lookup(&LookupSpec {
                table: #table,
                on: &[#(#on),*],
                outputs: &[#(#outputs),*],
                multiply: #multiply,
            }))
        }
        Stage::Completion { prompt, slot } => {
            let prompt = expr::function(unit, prompt, &mut Leaves::Row);
            quote!(Stage::Completion { prompt: #prompt, slot: #slot })
        }
        Stage::Sample(probability) => quote!(Stage::Sample(#probability)),
    }
}

fn predicate(unit: &mut Unit, condition: &Expr) -> Ident {
    let body = expression(unit, condition, &mut Leaves::Row);
    let name = unit.name("where");
    unit.item(quote! {
        fn #name<'a>(s: &[Value<'a>], cx: &Cx<'a>) -> bool {
            logic::holds(cx, #body)
        }
    });
    name
}

/// A function that computes slots of a row, left to right.
fn assigned<'e>(
    unit: &mut Unit,
    kind: &str,
    all: impl Iterator<Item = (usize, &'e Expr)>,
) -> Ident {
    let steps: Vec<TokenStream> = all
        .map(|(slot, expr)| {
            let value = expression(unit, expr, &mut Leaves::Row);
            quote!(s[#slot] = #value;)
        })
        .collect();
    compute(unit, kind, &quote!(#(#steps)*))
}

fn compute(unit: &mut Unit, kind: &str, steps: &TokenStream) -> Ident {
    let name = unit.name(kind);
    unit.item(quote! {
        fn #name<'a>(s: &mut [Value<'a>], cx: &Cx<'a>) {
            #steps
        }
    });
    name
}

fn extraction(
    unit: &mut Unit,
    kind: &str,
    input: &Expr,
    ready: &Ident,
    slots: &[usize],
) -> TokenStream {
    let input = expression(unit, input, &mut Leaves::Row);
    let count = slots.len();
    let numbers = 0..count;
    let name = compute(
        unit,
        kind,
        &quote! {
            let mut out = [Value::Null; #count];
            #ready.extract(cx, #input, &mut out);
            #(s[#slots] = out[#numbers];)*
        },
    );
    quote!(Stage::Eval(#name))
}

fn sort_key(unit: &mut Unit, key: &SortKey) -> TokenStream {
    let expr = expr::function(unit, &key.expr, &mut Leaves::Row);
    let (descending, nulls_first) = (key.descending, key.nulls_first);
    quote!(SortKey { expr: #expr, descending: #descending, nulls_first: #nulls_first })
}

/// A static `StatsSpec` with its group struct and key function.
fn stats_spec(unit: &mut Unit, stats: &Stats, bound: &TokenStream) -> Ident {
    let group = unit.type_name("Group");
    let fields: Vec<Ident> =
        (0..stats.aggregates.len()).map(|number| format_ident!("a{number}")).collect();
    let types: Vec<TokenStream> = stats.aggregates.iter().map(aggregate_type).collect();
    let updates: Vec<TokenStream> = stats
        .aggregates
        .iter()
        .zip(&fields)
        .map(|(aggregate, field)| update(unit, aggregate, field))
        .collect();
    unit.item(quote! {
        group! {
            struct #group { #(#fields: #types),* }
            update(state, s, cx) { #(#updates)* }
            saturated(state) { #bound }
        }
    });
    let keys: Vec<TokenStream> =
        stats.keys.iter().map(|key| expression(unit, key, &mut Leaves::Row)).collect();
    let numbers = 0..keys.len();
    let compute_keys = unit.name("keys");
    unit.item(quote! {
        fn #compute_keys<'a>(s: &[Value<'a>], keys: &mut [Value<'a>], cx: &Cx<'a>) {
            #(keys[#numbers] = #keys;)*
        }
    });
    let (aggregates, key_count) = (stats.aggregates.len(), stats.keys.len());
    let spec = unit.static_name("stats");
    unit.item(quote! {
        static #spec: StatsSpec = StatsSpec {
            aggregates: #aggregates,
            keys: #key_count,
            compute_keys: #compute_keys,
            store: aggregate::store::<#group>,
        };
    });
    spec
}

fn aggregate_type(aggregate: &Aggregate) -> TokenStream {
    let path = detect_runtime::aggregate::lookup(aggregate.name).map(|kind| kind.path);
    let path: TokenStream = path.unwrap_or(aggregate.name).parse().unwrap_or_default();
    quote!(aggregate::#path)
}

fn update(unit: &mut Unit, aggregate: &Aggregate, field: &Ident) -> TokenStream {
    let args: Vec<TokenStream> =
        aggregate.args.iter().map(|arg| expression(unit, arg, &mut Leaves::Row)).collect();
    let update = quote!(state.#field.update(&[#(#args),*], cx););
    match &aggregate.filter {
        None => update,
        Some(filter) => {
            let filter = expression(unit, filter, &mut Leaves::Row);
            quote!(if logic::holds(cx, #filter) { #update })
        }
    }
}

/// Moves conditions on the event out of expressions: each becomes a slot of the
/// first frame that the scanner fills. Gives the conditions with their slots.
pub(super) fn lift_conditions(pipeline: &mut Pipeline) -> Vec<(usize, Cond)> {
    let mut lifted = Vec::new();
    let Some(width) = pipeline.frames.first_mut() else { return lifted };
    for stage in &mut pipeline.stages {
        let ends = matches!(stage, Stage::Stats(_));
        for_each_expr_mut(stage, &mut |expr| lift(expr, width, &mut lifted));
        if ends {
            break;
        }
    }
    lifted
}

fn lift(expr: &mut Expr, width: &mut usize, lifted: &mut Vec<(usize, Cond)>) {
    if let ExprKind::Cond(cond) = &mut expr.kind {
        let cond = std::mem::replace(&mut **cond, Cond::Const(false));
        lifted.push((*width, cond));
        expr.kind = ExprKind::Slot(*width);
        *width += 1;
        return;
    }
    expr.children_mut(&mut |child| lift(child, width, lifted));
}

fn for_each_expr_mut(stage: &mut Stage, visit: &mut dyn FnMut(&mut Expr)) {
    match stage {
        Stage::Where(expr)
        | Stage::Dissect { input: expr, .. }
        | Stage::Grok { input: expr, .. }
        | Stage::Completion { prompt: expr, .. } => visit(expr),
        Stage::Eval(all) => all.iter_mut().for_each(|(_, expr)| visit(expr)),
        Stage::Stats(stats) | Stage::InlineStats { stats, .. } => {
            for aggregate in &mut stats.aggregates {
                aggregate.args.iter_mut().chain(&mut aggregate.filter).for_each(&mut *visit);
            }
            stats.keys.iter_mut().for_each(visit);
        }
        Stage::Sort(keys) => keys.iter_mut().for_each(|key| visit(&mut key.expr)),
        Stage::Limit { by, .. } => by.iter_mut().for_each(visit),
        Stage::Lookup { on, .. } => on.iter_mut().for_each(|(expr, _)| visit(expr)),
        Stage::MvExpand(_) | Stage::Sample(_) => {}
    }
}
