//! What generated code hands to the engine: one constant [`Table`].

use crate::alert::RuleInfo;
use crate::event::FieldId;
use crate::exception::ExceptionSpec;
use crate::head::Head;
use crate::indicator::ThreatSpec;
use crate::matcher::{Probe, Tables};
use crate::sequence::{SampleSpec, SequenceSpec};
use crate::table::{Program, Resources, Stage};
use crate::terms::NewTermsSpec;
use crate::threshold::ThresholdSpec;
use crate::value::Type;

/// A compiled ruleset, all constants.
#[derive(Debug)]
pub struct Table {
    /// The rules, by number.
    pub rules: &'static [Rule],
    /// Path of each field, by [`FieldId`].
    pub fields: &'static [&'static str],
    /// Fields that name an event's index.
    pub origin: Origin,
    /// The projector's layout.
    pub layout: &'static [u8],
    /// Guards, field matchers, witnesses, atoms.
    pub matchers: Tables,
    /// The conditions, by number; those of one rule stand together.
    pub conditions: &'static [Condition],
    /// Numbers of the conditions that make a process the source of a lineage, in
    /// order of their rules.
    pub lineages: &'static [u32],
    /// Needles of search before parse; empty = every line is walked.
    pub needles: &'static [u8],
    /// Rules that were left out.
    pub refused: &'static [Refused],
    /// Files that the ruleset was made of: path below the folder and hash of
    /// the contents, sorted by path.
    pub files: &'static [(&'static str, u64)],
}

/// Fields that the engine itself reads: where an event comes from, and its
/// process.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// `_index`
    pub index: FieldId,
    /// `data_stream.type`
    pub stream_type: FieldId,
    /// `data_stream.dataset`
    pub dataset: FieldId,
    /// `data_stream.namespace`
    pub namespace: FieldId,
    /// `@metadata.beat`
    pub beat: FieldId,
    /// `kibana.alert.uuid`
    pub alert: FieldId,
    /// `process.entity_id`
    pub entity: FieldId,
    /// `process.parent.entity_id`
    pub parent: FieldId,
    /// `process.Ext.ancestry`
    pub ancestry: FieldId,
    /// `event.category`
    pub category: FieldId,
    /// `event.type`
    pub kind: FieldId,
}

/// A rule that does not compile and was skipped.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    /// Path below the folder.
    pub path: &'static str,
    /// First message.
    pub reason: &'static str,
}

/// The compiled form of a condition.
pub type Holds = for<'a> fn(&mut Probe<'_, 'a>) -> bool;

/// One condition on one event.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// The compiled form.
    pub holds: Holds,
    /// The plain form, encoded.
    pub plain: &'static [u8],
    /// The rule.
    pub rule: u32,
    /// Bits of [`Hit::terms`](crate::head::Hit::terms) that it stands for; 0 = it
    /// only fills a slot of the row.
    pub bits: u64,
}

/// A slot of a rule's row that says whether a condition holds.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// The slot.
    pub slot: usize,
    /// The compiled form of the condition.
    pub holds: Holds,
    /// Its plain form, encoded.
    pub plain: &'static [u8],
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Identity and what alerts say of it.
    pub info: &'static RuleInfo,
    /// Field of the rule's time, if it overrides `@timestamp`.
    pub time: Option<FieldId>,
    /// Field that orders events (`@timestamp` unless the rule says otherwise).
    pub order: FieldId,
    /// Row of a hit: the fields the head wants.
    pub row: &'static [(FieldId, Type)],
    /// Slots of the row that say whether a condition holds (KQL() in an
    /// aggregate's WHERE).
    pub flags: &'static [Flag],
    /// Number in [`Table::lineages`] of its first process lineage, and how many it
    /// has.
    pub lineages: (u32, u32),
    /// What exceptions of the rule may ask for; none = it has none.
    pub exceptions: Option<&'static ExceptionSpec>,
    /// 0: it reads no alerts of this engine. Rules over alerts run behind those of
    /// lower strata, and see their alerts.
    pub stratum: u32,
    /// The head.
    pub head: HeadSpec,
    /// Hash of what decides its alerts and its state.
    pub meaning: u64,
}

impl Rule {
    /// What the user must give for it to run.
    pub fn needs(&self) -> impl Iterator<Item = Need> {
        let stages = match self.head {
            HeadSpec::Pipeline(program) => program.stages,
            _ => &[],
        };
        stages.iter().filter_map(|stage| match stage {
            Stage::Completion { .. } => Some(Need::Completion),
            Stage::Lookup(spec) => Some(Need::Lookup(spec.table)),
            _ => None,
        })
    }
}

/// Something that a rule needs beside its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// What answers COMPLETION.
    Completion,
    /// The table of this name, for ENRICH and LOOKUP JOIN.
    Lookup(&'static str),
}

impl Need {
    /// Whether it is there.
    pub fn is_met(self, by: &Resources) -> bool {
        match self {
            Need::Completion => by.completion.is_some(),
            Need::Lookup(name) => by.lookups.contains_key(name),
        }
    }
}

/// Descriptor of a head.
#[derive(Clone, Copy, Debug)]
pub enum HeadSpec {
    /// Every hit is an alert.
    Events,
    /// ES|QL.
    Pipeline(&'static Program),
    /// EQL sequence.
    Sequence(&'static SequenceSpec),
    /// EQL sample.
    Sample(&'static SampleSpec),
    /// Threshold.
    Threshold(&'static ThresholdSpec),
    /// New terms.
    NewTerms(&'static NewTermsSpec),
    /// Indicator match.
    Threat(&'static ThreatSpec),
}

/// Implemented by the struct that `#[detect::ruleset]` annotates.
pub trait Ruleset {
    /// The constants.
    fn table() -> &'static Table;

    /// The state of all rules; see [`Heads`].
    fn heads(&mut self) -> &mut Heads;

    /// The ruleset with empty state.
    fn new() -> Self;
}

/// The stateful heads of all rules, by rule number.
pub struct Heads(pub(super) Vec<Box<dyn Head>>);

impl core::fmt::Debug for Heads {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Heads").field(&self.0.len()).finish()
    }
}
