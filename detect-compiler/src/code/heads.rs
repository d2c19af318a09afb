//! Constant descriptors of the stateful heads other than pipelines.

use super::constant;
use super::fields::RowFields;
use super::join;
use super::unit::Unit;
use crate::plan::{
    MappingEntry, NewTerms, PipeLimit, Sample, Sequence, Term, ThreatMatch, Threshold, plain,
};
use detect_runtime::state::Encode as _;
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

/// `SequenceSpec` of a sequence; `delayed` if the rule's time is another than the
/// sequence's.
pub(super) fn sequence(
    unit: &mut Unit,
    plan: &Sequence,
    bits: &Bits,
    row: &mut RowFields,
    (schedule, delayed): (Schedule, bool),
) -> TokenStream {
    let captures = join::captures(&plan.terms);
    let tiebreaker = match &plan.tiebreaker {
        Some(field) => {
            let position = row.position(field);
            quote!(Some(#position))
        }
        None => quote!(None),
    };
    let terms: Vec<TokenStream> = plan
        .terms
        .iter()
        .enumerate()
        .map(|(number, term)| {
            let bit = bits.of_term[number];
            let keys = keys(term, row);
            let missing = term.missing;
            let join = match &term.join {
                Some(cond) => {
                    let join = join::function(unit, cond, &captures, row);
                    quote!(Some(#join))
                }
                None => quote!(None),
            };
            let captured = captures[number].iter().map(|field| row.position(field));
            let captured = quote!(&[#(#captured),*]);
            quote!(TermSpec { bit: #bit, keys: #keys, missing: #missing, join: #join, captured: #captured })
        })
        .collect();
    let until = match &plan.until {
        Some(term) => {
            let bit = bits.of_term[plan.terms.len()];
            let keys = keys(term, row);
            quote!(Some(UntilSpec { bit: #bit, keys: #keys }))
        }
        None => quote!(None),
    };
    let maxspan = option(plan.maxspan);
    let limits = limits(&plan.limits);
    let lookback = schedule.lookback;
    quote!(SequenceSpec {
        terms: &[#(#terms),*],
        until: #until,
        maxspan: #maxspan,
        lookback: #lookback,
        delayed: #delayed,
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
    let per_key = plan.per_key;
    quote!(SampleSpec {
        terms: &[#(#terms),*],
        lookback: #lookback,
        per_key: #per_key,
        limits: #limits,
    })
}

/// `ThresholdSpec` of a threshold rule.
pub(super) fn threshold(plan: &Threshold, row: &mut RowFields, schedule: Schedule) -> TokenStream {
    for field in &plan.fields {
        row.push(field);
    }
    let cardinality = match &plan.cardinality {
        Some((field, value)) => {
            row.push(field);
            quote!(Some(#value))
        }
        None => quote!(None),
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
    let indices = &plan.indicator_index;
    let mut filter = Vec::new();
    plain::form(&plan.indicator_filter).encode(&mut filter);
    let filter = constant::bytes(&filter);
    quote!(ThreatSpec {
        mapping: &[#(#groups),*],
        indices: &[#(#indices),*],
        filter: #filter,
    })
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
    match value {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}
