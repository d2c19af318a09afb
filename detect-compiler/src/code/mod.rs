//! Code generation: plans and the optimised ruleset become Rust.
//!
//! In: the plans with what their rules say about schedule and identity, and the
//! [`Ruleset`]. Out: the items of one private module:
//! functions, constant descriptors, byte literals, and one `static TABLE`. Knows
//! the plan and the names of runtime items, not the languages.
//!
//! What belongs to one rule is generated from that rule alone, under names that
//! depend on that rule alone, in a module that a hash of its id chooses. So a
//! change to one rule leaves the text of the other modules as it was.

mod condition;
mod constant;
mod exceptions;
mod expr;
mod fields;
mod heads;
mod join;
mod pipeline;
mod saturation;
mod unit;

pub use heads::Schedule;

use crate::plan::{self, Body, Cond, ExceptionShape, Field, Plan, Rows};
use crate::ruleset::{Atom, Role, RuleEntry, Ruleset};
use detect_runtime::json::{layout, prefilter};
use detect_runtime::state::Encode;
use fields::RowFields;
use heads::Bits;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use unit::Unit;

/// One rule, ready for code.
#[derive(Debug)]
pub struct Rule {
    /// A name for its items, unique in the ruleset and made of letters, digits
    /// and `_`.
    pub name: String,
    /// The plan.
    pub plan: Plan,
    /// Its schedule.
    pub schedule: Schedule,
    /// Field of the rule's time, if it overrides `@timestamp`.
    pub timestamp_override: Option<String>,
    /// Expression of type `RuleInfo`.
    pub info: TokenStream,
    /// Hash of what decides its alerts and state.
    pub meaning: u64,
    /// Its stratum among rules over alerts; 0 = it reads none.
    pub stratum: u32,
    /// What its exceptions ask, and the items of the build.
    pub exceptions: (Vec<ExceptionShape>, Vec<detect_runtime::exception::Item>),
    /// Its conditions in plain form, encoded, in the order of the ruleset's.
    pub plain: Vec<Vec<u8>>,
}

/// A rule that was left out.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Path below the folder.
    pub path: String,
    /// First message.
    pub reason: String,
}

/// Everything that code is made of.
#[derive(Debug)]
pub struct Input<'i> {
    /// The rules, in the order of the ruleset's entries.
    pub rules: &'i mut [Rule],
    /// The optimised ruleset over their plans.
    pub ruleset: &'i Ruleset,
    /// Rules that were left out.
    pub refused: &'i [Refused],
    /// Path and content hash of the files.
    pub files: &'i [(String, u64)],
    /// Path of the runtime crate.
    pub runtime: TokenStream,
}

/// Number of modules over which rules are spread: enough that rustc's code
/// generation units of both cores are fed, and that a changed rule makes few
/// others be compiled again.
const SHARDS: u64 = 64;

/// Field type used for times.
const ORDER_FIELD: &str = "@timestamp";

/// The items of the module.
///
/// # Errors
/// [`layout::LayoutError`] if the fields do not fit the projector's table.
pub fn generate(input: Input<'_>) -> Result<TokenStream, layout::LayoutError> {
    let Input { rules, ruleset, refused, files, runtime } = input;
    let mut shards: Vec<Vec<TokenStream>> = vec![Vec::new(); SHARDS as usize];
    let mut entries = Vec::new();
    let mut conditions = Vec::new();
    let mut lineages = Vec::new();
    for (number, (rule, entry)) in rules.iter_mut().zip(&ruleset.rules).enumerate() {
        let shard = fnv(rule.name.as_bytes()) % SHARDS;
        let mut unit = Unit::new(rule.name.clone());
        let first_lineage = lineages.len();
        let mut code = RuleCode { rule, entry, ruleset, unit: &mut unit, number, first_lineage };
        entries.push(code.entry(shard));
        conditions.extend(code.conditions(shard));
        lineages.extend(code.lineages());
        if let Some(items) = shards.get_mut(shard as usize) {
            items.extend(unit.into_items());
        }
    }
    let modules =
        shards.iter().enumerate().filter(|(_, items)| !items.is_empty()).map(|(number, items)| {
            let name = shard_name(number as u64);
            quote! {
                pub(super) mod #name {
                    use super::prelude::*;
                    #(#items)*
                }
            }
        });
    let table = table(ruleset, &entries, &conditions, &lineages, refused, files)?;
    Ok(quote! {
        mod prelude {
            pub(super) use #runtime::aggregate;
            pub(super) use #runtime::aggregate::Aggregate as _;
            pub(super) use #runtime::alert::{
                MappedSeverity, RuleInfo, RuleType, Severity, SuppressionInfo,
            };
            pub(super) use #runtime::engine::{
                Condition, Flag, HeadSpec, Origin, Refused, Rule, Table,
            };
            pub(super) use #runtime::event::{Element, Event};
            pub(super) use #runtime::exception::{
                self, Ask, Below, Entry, ExceptionSpec, Items, Shape,
            };
            pub(super) use #runtime::functions::{self, Ready, logic};
            pub(super) use #runtime::group;
            pub(super) use #runtime::indicator::{EntrySpec, ThreatSpec};
            pub(super) use #runtime::key::KeyColumn;
            pub(super) use #runtime::leaf::{self, Leaf, Source, element};
            pub(super) use #runtime::matcher::{Probe, Tables};
            pub(super) use #runtime::sequence::{
                Limit, SampleSpec, SampleTerm, SequenceSpec, TermSpec, UntilSpec,
            };
            pub(super) use #runtime::table::{
                LookupSpec, OutputColumn, Program, SortKey, Stage, StatsSpec,
            };
            pub(super) use #runtime::terms::NewTermsSpec;
            pub(super) use #runtime::test::Tests;
            pub(super) use #runtime::text::{dissect::Dissect, grok::Grok};
            pub(super) use #runtime::threshold::ThresholdSpec;
            pub(super) use #runtime::value::{Cx, Point, Type, Value};
        }
        #(#modules)*
        #table
    })
}

fn table(
    ruleset: &Ruleset,
    entries: &[TokenStream],
    conditions: &[TokenStream],
    lineages: &[TokenStream],
    refused: &[Refused],
    files: &[(String, u64)],
) -> Result<TokenStream, layout::LayoutError> {
    let specs = ruleset.fields.specs();
    let paths = specs.iter().map(|spec| &spec.path);
    let layout = constant::bytes(&layout::build(specs)?);
    let matchers = constant::bytes(&ruleset.tables);
    let literals = ruleset.needles.iter().flatten().map(|needle| needle.literal.clone());
    let literals: Vec<prefilter::Literal> = literals.collect();
    // What cannot be searched for (too short, too many) is walked for.
    let needles = constant::bytes(&prefilter::build(&literals).unwrap_or_default());
    let origin = |path: &str| ruleset.fields.get(path).unwrap_or(u16::MAX);
    let (index, stream_type) = (origin("_index"), origin("data_stream.type"));
    let (dataset, namespace) = (origin("data_stream.dataset"), origin("data_stream.namespace"));
    let (beat, alert) = (origin("@metadata.beat"), origin("kibana.alert.uuid"));
    let (entity, parent) = (origin("process.entity_id"), origin("process.parent.entity_id"));
    let (ancestry, category) = (origin("process.Ext.ancestry"), origin("event.category"));
    let kind = origin("event.type");
    let refused = refused
        .iter()
        .map(|Refused { path, reason }| quote!(Refused { path: #path, reason: #reason }));
    let files = files.iter().map(|(path, hash)| quote!((#path, #hash)));
    Ok(quote! {
        use prelude::*;

        static RULES: &[Rule] = &[#(#entries),*];
        static CONDITIONS: &[Condition] = &[#(#conditions),*];

        /// The ruleset as constants.
        pub(super) static TABLE: Table = Table {
            rules: RULES,
            fields: &[#(#paths),*],
            origin: Origin {
                index: #index,
                stream_type: #stream_type,
                dataset: #dataset,
                namespace: #namespace,
                beat: #beat,
                alert: #alert,
                entity: #entity,
                parent: #parent,
                ancestry: #ancestry,
                category: #category,
                kind: #kind,
            },
            layout: #layout,
            matchers: Tables::new(#matchers),
            conditions: CONDITIONS,
            lineages: &[#(#lineages),*],
            needles: #needles,
            refused: &[#(#refused),*],
            files: &[#(#files),*],
        };
    })
}

/// Fields that the engine itself reads; the optimiser must know them.
pub fn engine_fields() -> Vec<&'static str> {
    vec![
        ORDER_FIELD,
        "_index",
        "data_stream.type",
        "data_stream.dataset",
        "data_stream.namespace",
        "@metadata.beat",
        "kibana.alert.uuid",
    ]
}

/// Fields that process lineages read.
pub fn lineage_fields() -> Vec<&'static str> {
    vec![
        "process.entity_id",
        "process.parent.entity_id",
        "process.Ext.ancestry",
        "event.category",
        "event.type",
    ]
}

/// One rule under way.
struct RuleCode<'c> {
    rule: &'c mut Rule,
    entry: &'c RuleEntry,
    ruleset: &'c Ruleset,
    unit: &'c mut Unit,
    number: usize,
    /// Number in the ruleset of the rule's first lineage.
    first_lineage: usize,
}

impl RuleCode<'_> {
    /// Expression of type `Rule`.
    fn entry(&mut self, shard: u64) -> TokenStream {
        let mut row = RowFields::default();
        let flags = self.flags(shard);
        let head = self.head(shard, &mut row);
        let exceptions = self.exceptions(shard);
        let info = self.unit.static_name("info");
        let info_value = &self.rule.info;
        self.unit.item(quote!(pub(super) static #info: RuleInfo = #info_value;));
        let info = item_path(shard, &info);
        let time = if let Some(path) = &self.rule.timestamp_override {
            let field = self.field(path);
            quote!(Some(#field))
        } else {
            quote!(None)
        };
        let order = match &self.rule.plan.body {
            Body::Sequence(sequence) => self.field(&sequence.timestamp.path),
            _ => self.field(ORDER_FIELD),
        };
        let row = row.into_fields();
        let row = row.iter().map(|Field { path, ty }| {
            let (field, ty) = (self.field(path), constant::ty(*ty));
            quote!((#field, #ty))
        });
        let (meaning, stratum) = (self.rule.meaning, self.rule.stratum);
        let first_lineage = self.first_lineage as u32;
        let lineages = self.rule.plan.lineages.len() as u32;
        quote!(Rule {
            info: &#info,
            time: #time,
            order: #order,
            row: &[#(#row),*],
            flags: &[#(#flags),*],
            lineages: (#first_lineage, #lineages),
            exceptions: #exceptions,
            stratum: #stratum,
            head: #head,
            meaning: #meaning,
        })
    }

    /// Slots that hold the truth of conditions inside expressions.
    fn flags(&mut self, shard: u64) -> Vec<TokenStream> {
        let Body::Pipeline(pipeline) = &mut self.rule.plan.body else { return Vec::new() };
        let lifted = pipeline::lift_conditions(pipeline);
        lifted
            .iter()
            .map(|(slot, cond)| {
                let formula = self.ruleset.nested(self.entry.rule, cond).cloned();
                let function = match formula {
                    Some(formula) => self.formula(&formula),
                    None => condition::direct(self.unit, &self.ruleset.fields, cond),
                };
                let function = item_path(shard, &function);
                let mut plain = Vec::new();
                plan::plain::form(cond).encode(&mut plain);
                let plain = constant::bytes(&plain);
                quote!(Flag { slot: #slot, holds: #function, plain: #plain })
            })
            .collect()
    }

    /// Expression of type `Option<&ExceptionSpec>`.
    fn exceptions(&mut self, shard: u64) -> TokenStream {
        let (shapes, items) = &self.rule.exceptions;
        if shapes.is_empty() {
            return quote!(None);
        }
        let spec = exceptions::spec(self.unit, shapes, items, &self.ruleset.fields);
        let name = self.unit.static_name("exceptions");
        self.unit.item(quote!(pub(super) static #name: ExceptionSpec = #spec;));
        let name = item_path(shard, &name);
        quote!(Some(&#name))
    }

    fn head(&mut self, shard: u64, row: &mut RowFields) -> TokenStream {
        let schedule = self.rule.schedule;
        let bits = self.bits();
        let (kind, ty, value) = match &self.rule.plan.body {
            Body::Events(_) => return quote!(HeadSpec::Events),
            Body::Pipeline(pipeline) => {
                if let Rows::Events { slots, .. } = &pipeline.rows {
                    slots.iter().for_each(|field| row.push(field));
                }
                ("Pipeline", "Program", pipeline::program(self.unit, pipeline))
            }
            Body::Sequence(plan) => {
                let time = self.rule.timestamp_override.as_deref().unwrap_or(ORDER_FIELD);
                let schedule = (schedule, time != plan.timestamp.path);
                let spec = heads::sequence(self.unit, plan, &bits, row, schedule);
                ("Sequence", "SequenceSpec", spec)
            }
            Body::Sample(plan) => {
                ("Sample", "SampleSpec", heads::sample(plan, &bits, row, schedule))
            }
            Body::Threshold(plan) => {
                ("Threshold", "ThresholdSpec", heads::threshold(plan, row, schedule))
            }
            Body::NewTerms(plan) => ("NewTerms", "NewTermsSpec", heads::new_terms(plan, row)),
            Body::ThreatMatch(plan) => ("Threat", "ThreatSpec", heads::threat_match(plan, row)),
        };
        let (kind, ty) = (format_ident!("{kind}"), format_ident!("{ty}"));
        let name = self.unit.static_name("head");
        self.unit.item(quote!(pub(super) static #name: #ty = #value;));
        let name = item_path(shard, &name);
        quote!(HeadSpec::#kind(&#name))
    }

    /// Bits of hits: one for each condition of terms and `until`.
    fn bits(&self) -> Bits {
        let roles: Vec<Role> = match &self.rule.plan.body {
            Body::Sequence(plan) => {
                let terms = (0..plan.terms.len()).map(Role::Term);
                terms.chain(plan.until.iter().map(|_| Role::Until)).collect()
            }
            Body::Sample(plan) => (0..plan.terms.len()).map(Role::Term).collect(),
            _ => vec![Role::Body],
        };
        let numbers: Vec<usize> = roles
            .iter()
            .map(|role| self.ruleset.condition(self.entry.rule, *role).unwrap_or(usize::MAX))
            .collect();
        Bits::new(&numbers)
    }

    /// Expressions of type `Condition`.
    fn conditions(&mut self, shard: u64) -> Vec<TokenStream> {
        let bits = self.bits();
        let rule = self.number as u32;
        self.entry
            .conditions
            .clone()
            .enumerate()
            .filter_map(|(own, number)| Some((own, number, self.ruleset.conditions.get(number)?)))
            .map(|(own, number, condition)| {
                let holds = self.formula(&condition.formula);
                let holds = item_path(shard, &holds);
                let plain = constant::bytes(self.rule.plain.get(own).map_or(&[], Vec::as_slice));
                let bit = bits.conditions.iter().position(|known| *known == number);
                let bits = bit.map_or(0u64, |bit| 1 << bit);
                quote!(Condition { holds: #holds, plain: #plain, rule: #rule, bits: #bits })
            })
            .collect()
    }

    /// Numbers of the conditions that make processes sources of lineages.
    fn lineages(&self) -> Vec<TokenStream> {
        (0..self.rule.plan.lineages.len())
            .map(|lineage| {
                let role = Role::Lineage(lineage);
                let number = self.ruleset.condition(self.entry.rule, role);
                let number = number.unwrap_or(usize::MAX) as u32;
                quote!(#number)
            })
            .collect()
    }

    fn formula(&mut self, formula: &crate::ruleset::Formula) -> Ident {
        let mut leaves: Vec<(u32, TokenStream)> = Vec::new();
        let mut wanted = Vec::new();
        formula.atoms(&mut |local| wanted.push(local));
        for local in wanted {
            let global = self.entry.locals.get(local as usize).copied().unwrap_or(u32::MAX);
            if leaves.iter().any(|(known, _)| *known == local) {
                continue;
            }
            if let Some(Atom::Leaf(cond)) = self.ruleset.atoms.get(global as usize) {
                let truth = if let Cond::DescendantOf(lineage) = **cond {
                    condition::descends(lineage)
                } else {
                    let function = self.leaf(cond);
                    quote!(p.leaf(#local, #function))
                };
                leaves.push((local, truth));
            }
        }
        let leaf = |local: u32| {
            leaves.iter().find(|(known, _)| *known == local).map(|(_, truth)| truth.clone())
        };
        condition::formula(self.unit, formula, &leaf)
    }

    fn leaf(&mut self, cond: &Cond) -> Ident {
        condition::direct(self.unit, &self.ruleset.fields, cond)
    }

    fn field(&self, path: &str) -> u16 {
        self.ruleset.fields.get(path).unwrap_or(u16::MAX)
    }
}

/// Path of an item from the module of the table.
fn item_path(shard: u64, item: &Ident) -> TokenStream {
    let shard = shard_name(shard);
    quote!(#shard::#item)
}

fn shard_name(shard: u64) -> Ident {
    format_ident!("shard_{shard:02}")
}

/// FNV-1a, for the choice of a module: any hash does, it must only stay the same.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
