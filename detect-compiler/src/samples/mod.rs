//! Samples of a rule, made of its own literals: documents on which it must alert, and a
//! near miss.
//!
//! In: the rule's plan, and a trial that says whether documents make the rule alert. Out:
//! [`Samples`], each of which was tried, or an [`Unsolved`] that says why there are none.
//! Must not know engines (the trial is the caller's) nor languages.
//!
//! | file | what |
//! | --- | --- |
//! | [`values`] | texts, numbers, addresses that may pass a test |
//! | [`wishes`] | what one field has to satisfy, and values that do |
//! | [`outcome`] | what is wanted of the value of an expression |
//! | [`search`] | from conditions and expressions to wishes, by cases |
//! | [`calls`] | the same for calls of functions |
//! | [`aggregates`] | what is wanted of aggregates: kinds of document and their numbers |
//! | [`columns`] | what a slot of a pipeline holds |
//! | [`captures`] | texts for DISSECT and GROK |
//! | [`fixed`] | values of expressions that read nothing |
//! | [`documents`] | as many documents as aggregates demand |
//! | [`heads`] | what each kind of rule asks of its documents |
//! | [`misses`] | documents that fail by little |
//!
//! No semantics are decided here: a value is put to the test that it is for, a sample to the
//! trial. What is proposed wrongly is refused there and the next is proposed.

mod aggregates;
mod calls;
mod captures;
mod columns;
mod documents;
mod fixed;
mod heads;
mod misses;
mod outcome;
mod search;
mod values;
mod wishes;

#[cfg(test)]
mod tests;

use crate::compile::Planned;
use documents::{Flat, nested};
use serde_json::{Value as Json, json};
use thiserror::Error;

/// Time of the first document of a sample: 2024-05-06T10:00:01Z, in milliseconds.
const START: i64 = 1_714_989_601_000;

/// Steps of the search for one rule.
const BUDGET: usize = 300_000;

/// Proposals that are tried for one rule.
const TRIALS: usize = 12;

/// One case.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// What it is about.
    pub name: String,
    /// The documents, in the order in which they come.
    pub events: Vec<Json>,
    /// Indicators, for rules that match some.
    pub indicators: Vec<Json>,
    /// Whether the rule has to alert.
    pub alerts: bool,
}

/// The samples of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// On which it alerts.
    pub alert: Sample,
    /// The same with one thing changed, so that it does not.
    pub miss: Sample,
}

/// Why a rule has no samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Unsolved {
    /// Its rows are constants.
    #[error("its rows are constants: no document matters")]
    Constants,
    /// It asks what an earlier process was.
    #[error("it asks for the descendants of a process")]
    Lineage,
    /// It asks a language model, and nobody answers.
    #[error("it asks a language model: what it does is known when somebody answers")]
    Completion,
    /// No document was found that satisfies all that it asks.
    #[error("no documents were found that satisfy all its conditions")]
    Nothing,
    /// Documents were found, but the rule does not alert on them.
    #[error("it stayed silent on the {0} proposals that were tried")]
    Silent(usize),
    /// It alerts on every near miss.
    #[error("it alerts on all {0} changes of its sample that were tried")]
    Loud(usize),
}

/// A proposal: documents and indicators.
#[derive(Clone, Debug, Default)]
struct Proposal {
    docs: Vec<Flat>,
    indicators: Vec<Flat>,
}

impl Proposal {
    fn sample(&self, name: String, alerts: bool) -> Sample {
        let events = self.docs.iter().map(nested).collect();
        let indicators = self.indicators.iter().map(nested).collect();
        Sample { name, events, indicators, alerts }
    }
}

/// Makes the samples of a rule. `trial` says whether the rule alerts on a sample's documents;
/// it is asked some dozens of times at most.
///
/// # Errors
/// [`Unsolved`] if none were found that stand the trial.
///
/// ```
/// use detect_compiler::compile::Planned;
/// use detect_compiler::rule::Rule;
/// use detect_compiler::schema::Schema;
/// use detect_compiler::{lower, samples};
/// let rule = Rule::parse("shell.toml", r#"
/// [rule]
/// name = "Shell"
/// description = "A shell."
/// rule_id = "6a8f1f8e-90b7-44a1-a4a5-1d4a9e1f2c01"
/// type = "query"
/// severity = "low"
/// risk_score = 21
/// query = "process.name: (sh or bash)"
/// "#).unwrap();
/// let lowered = lower::compile(&rule, &Schema::builtin()).unwrap();
/// // A trial that knows the rule.
/// let shell = |sample: &samples::Sample| {
///     ["sh", "bash"].iter().any(|name| sample.events[0]["process"]["name"] == *name)
/// };
/// let samples = samples::of(&Planned { rule, lowered }, &mut { shell }).unwrap();
/// assert!(samples.alert.alerts && !samples.miss.alerts);
/// ```
pub fn of(planned: &Planned, trial: &mut dyn FnMut(&Sample) -> bool) -> Result<Samples, Unsolved> {
    let plan = &planned.lowered.plan;
    let mut tried = 0;
    let mut found = None;
    let mut missed = 0;
    heads::propose(plan, &mut |proposal, wishes| {
        tried += 1;
        let alert = proposal.sample("alerts".to_owned(), true);
        if !trial(&alert) {
            return tried >= TRIALS;
        }
        let misses = misses::of(&proposal, wishes);
        for (name, miss) in misses {
            missed += 1;
            let miss = miss.sample(format!("near miss: {name}"), false);
            if !trial(&miss) {
                found = Some(Samples { alert, miss });
                return true;
            }
        }
        // Another way through the rule may depend on less.
        tried >= TRIALS
    })?;
    match (found, missed, tried) {
        (Some(samples), ..) => Ok(samples),
        (None, 0, 0) => Err(Unsolved::Nothing),
        (None, 0, _) if planned.lowered.completion => Err(Unsolved::Completion),
        (None, 0, tried) => Err(Unsolved::Silent(tried)),
        (None, missed, _) => Err(Unsolved::Loud(missed)),
    }
}

impl Sample {
    /// The line of a file of cases (`RULE.tests.ndjson`) for the rule.
    pub fn line(&self, rule: &crate::rule::Rule) -> String {
        let mut case = json!({
            "name": self.name,
            "rule_id": rule.id.value,
            "events": self.events,
            "expect": if self.alerts { "match" } else { "no-match" },
        });
        if !self.indicators.is_empty() {
            case["indicators"] = self.indicators.clone().into();
        }
        case.to_string()
    }
}
