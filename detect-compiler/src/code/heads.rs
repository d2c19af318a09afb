//! Constant descriptors of the stateful heads other than pipelines.

use super::constant;
use super::expr::{self, Leaves};
use super::fields::RowFields;
use super::unit::Unit;
use crate::plan::{
    Expr, ExprKind, Field, MappingEntry, NewTerms, PipeLimit, Sample, Sequence, Term, ThreatMatch,
    Threshold,
};
use proc_macro2::TokenStream;
use quote::quote;

/// The rule's schedule in milliseconds, as far as heads need it.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Time between runs.
    pub interval: i64,
    /// Length of the window.
    pub lookback: i64,
}

/// Which bit of a hit's `terms` stands for each term: terms with the same
/// condition number share one (the copies of a run).
pub(super) struct Bits {
    /// Per term, then for `until`.
    pub(super) of_term: Vec<u8>,
    /// Condition number of the rule behind each bit.
    pub(super) conditions: Vec<usize>,
}

impl Bits {
    /// `conditions[t]` is the number of term `t`'s condition.
    pub(super) fn new(conditions: &[usize]) -> Bits {
        let mut bits = Bits { of_term: Vec::new(), conditions: Vec::new() };
        for condition in conditions {
            let bit = bits.conditions.iter().position(|known| known == condition);
            let bit = bit.unwrap_or_else(|| {
                bits.conditions.push(*condition);
                bits.conditions.len() - 1
            });
            bits.of_term.push(bit as u8);
        }
        bits
    }
}

/// `SequenceSpec` of a sequence.
pub(super) fn sequence(
    unit: &mut Unit,
    plan: &Sequence,
    bits: &Bits,
    row: &mut RowFields,
    schedule: Schedule,
) -> TokenStream {
    let captures = captures(&plan.terms);
    let tiebreaker = if let Some(field) = &plan.tiebreaker {
        let position = row.position(field);
        quote!(Some(#position))
    } else {
        quote!(None)
    };
    let terms: Vec<TokenStream> = plan
        .terms
        .iter()
        .enumerate()
        .map(|(number, term)| {
            let bit = bits.of_term[number];
            let keys = keys(term, row);
            let missing = term.missing;
            let join = if let Some(expr) = &term.join {
                let join = join(unit, expr, &captures, row);
                quote!(Some(#join))
            } else { quote!(None) };
            let captured = captures[number].iter().map(|field| row.position(field));
            let captured = quote!(&[#(#captured),*]);
            quote!(TermSpec { bit: #bit, keys: #keys, missing: #missing, join: #join, captured: #captured })
        })
        .collect();
    let until = if let Some(term) = &plan.until {
        let bit = bits.of_term[plan.terms.len()];
        let keys = keys(term, row);
        quote!(Some(UntilSpec { bit: #bit, keys: #keys }))
    } else {
        quote!(None)
    };
    let maxspan = option(plan.maxspan);
    let limits = limits(&plan.limits);
    let lookback = schedule.lookback;
    quote!(SequenceSpec {
        terms: &[#(#terms),*],
        until: #until,
        maxspan: #maxspan,
        lookback: #lookback,
        tiebreaker: #tiebreaker,
        limits: #limits,
    })
}

/// `SampleSpec` of a sample.
pub(super) fn sample(
    plan: &Sample,
    bits: &Bits,
    row: &mut RowFields,
    schedule: Schedule,
) -> TokenStream {
    let terms: Vec<TokenStream> = plan
        .terms
        .iter()
        .zip(&bits.of_term)
        .map(|(term, bit)| {
            let keys = keys(term, row);
            quote!(SampleTerm { bit: #bit, keys: #keys })
        })
        .collect();
    let limits = limits(&plan.limits);
    let lookback = schedule.lookback;
    quote!(SampleSpec { terms: &[#(#terms),*], lookback: #lookback, per_key: 1, limits: #limits })
}

/// `ThresholdSpec` of a threshold rule.
pub(super) fn threshold(plan: &Threshold, row: &mut RowFields, schedule: Schedule) -> TokenStream {
    for field in &plan.fields {
        row.push(field);
    }
    let cardinality = if let Some((field, value)) = &plan.cardinality {
        row.push(field);
        quote!(Some(#value))
    } else {
        quote!(None)
    };
    let (fields, value) = (plan.fields.len(), plan.value);
    let Schedule { interval, lookback } = schedule;
    quote!(ThresholdSpec {
        fields: #fields,
        value: #value,
        cardinality: #cardinality,
        interval: #interval,
        lookback: #lookback,
    })
}

/// `NewTermsSpec` of a new-terms rule.
pub(super) fn new_terms(plan: &NewTerms, row: &mut RowFields) -> TokenStream {
    for field in &plan.fields {
        row.push(field);
    }
    let (fields, history) = (plan.fields.len(), plan.history);
    quote!(NewTermsSpec { fields: #fields, history: #history })
}

/// `ThreatSpec` of an indicator-match rule.
pub(super) fn threat_match(plan: &ThreatMatch, row: &mut RowFields) -> TokenStream {
    let groups: Vec<TokenStream> = plan
        .mapping
        .iter()
        .map(|group| {
            let entries: Vec<TokenStream> = group.iter().map(|entry| mapping(entry, row)).collect();
            quote!(&[#(#entries),*])
        })
        .collect();
    quote!(ThreatSpec { mapping: &[#(#groups),*] })
}

fn mapping(entry: &MappingEntry, row: &mut RowFields) -> TokenStream {
    let position = row.position(&entry.field);
    let (field, indicator) = (&entry.field.path, &entry.indicator.path);
    let ty = constant::ty(entry.field.ty);
    let negate = entry.negate;
    quote!(EntrySpec {
        position: #position,
        field: #field,
        ty: #ty,
        indicator: #indicator,
        negate: #negate,
    })
}

fn keys(term: &Term, row: &mut RowFields) -> TokenStream {
    let columns = term.keys.iter().map(|(field, optional)| {
        let position = row.position(field);
        quote!(KeyColumn { position: #position, optional: #optional })
    });
    quote!(&[#(#columns),*])
}

fn limits(limits: &[PipeLimit]) -> TokenStream {
    let limits = limits.iter().map(|limit| match limit {
        PipeLimit::Head(n) => quote!(Limit::Head(#n)),
        PipeLimit::Tail(n) => quote!(Limit::Tail(#n)),
    });
    quote!(&[#(#limits),*])
}

fn option(value: Option<i64>) -> TokenStream {
    if let Some(value) = value { quote!(Some(#value)) } else { quote!(None) }
}

/// Fields of each term that joins of later terms read, in order of appearance.
fn captures(terms: &[Term]) -> Vec<Vec<Field>> {
    let mut captures = vec![Vec::new(); terms.len()];
    for term in terms {
        if let Some(join) = &term.join {
            collect(join, &mut captures);
        }
    }
    captures
}

fn collect(expr: &Expr, captures: &mut [Vec<Field>]) {
    if let ExprKind::Captured { term, field } = &expr.kind
        && let Some(of_term) = captures.get_mut(*term)
        && !of_term.contains(field)
    {
        of_term.push(field.clone());
    }
    expr.children(&mut |child| collect(child, captures));
}

/// A join: some choice of one value for each field occurrence, of this event
/// and of captured ones, makes the expression true.
fn join(unit: &mut Unit, expr: &Expr, captures: &[Vec<Field>], row: &mut RowFields) -> TokenStream {
    let mut occurrences = Vec::new();
    let eval = expr::function(unit, expr, &mut Leaves::Occurrences(&mut occurrences));
    // `Leaves::Occurrences` lists fields in order of appearance; walk again to
    // know which of them are captured.
    let mut sources = Vec::new();
    sources_in_order(expr, &mut sources);
    let values = sources.iter().map(|source| match source {
        Source::Event(field) => {
            let position = usize::from(row.position(field));
            quote!(row[#position])
        }
        Source::Captured(term, field) => {
            let position =
                captures[*term].iter().position(|known| known == *field).unwrap_or_default();
            quote!(captured[#term][#position])
        }
    });
    let name = unit.name("join");
    unit.item(quote! {
        fn #name<'a>(captured: &[&'a [Value<'a>]], row: &'a [Value<'a>], cx: &Cx<'a>) -> bool {
            leaf::some_choice(&[#(#values),*], cx, #eval)
        }
    });
    quote!(#name)
}

enum Source<'e> {
    Event(&'e Field),
    Captured(usize, &'e Field),
}

fn sources_in_order<'e>(expr: &'e Expr, sources: &mut Vec<Source<'e>>) {
    match &expr.kind {
        ExprKind::Field(field) => sources.push(Source::Event(field)),
        ExprKind::Captured { term, field } => sources.push(Source::Captured(*term, field)),
        _ => expr.children(&mut |child| sources_in_order(child, sources)),
    }
}
