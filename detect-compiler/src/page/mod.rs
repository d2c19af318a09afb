//! The page of a rule: everything that is worth knowing about it, as typed data.
//!
//! In: a rule and what its front end made of it. Out: a [`Page`], and for a folder a
//! [`Catalogue`] of them, in which each indicator knows how many other rules look for
//! the same. The sections are files: [`indicators`], [`stages`], [`output`],
//! [`scope`] (data sets, operating systems, fields that are read), and for an event
//! [`verdict`] (the conditions, predicate by predicate); [`json`] fixes the
//! form for programs (`docs/EXPLAIN.md`). Everything is read off the syntax trees and
//! the plan; there is no second parser. Must not know how a page is shown.

mod catalogue;
mod coverage;
mod indicators;
mod json;
mod output;
mod scope;
mod stages;
#[cfg(test)]
mod tests;
mod verdict;

pub use catalogue::{Catalogue, Entry, Usage};
pub use coverage::{Coverage, Mapped, Tactic};
pub use output::Column;
pub use stages::Stage;
pub use verdict::{Conditions, Verdict};

use crate::lower::Compiled;
use crate::predicate::Predicate;
use crate::rule::{Rule, Shape, Threat};
use crate::schema::Schema;

/// The page of a rule.
#[derive(Clone, Debug)]
pub struct Page {
    /// Who it is.
    pub identity: Identity,
    /// Tactics and techniques.
    pub threat: Vec<Threat>,
    /// The query's stages and what the rule does around it, in order.
    pub stages: Vec<Stage>,
    /// What the rule looks for, sorted by field and kind.
    pub indicators: Vec<Indicator>,
    /// What its alerts hold.
    pub output: Vec<Column>,
    /// Names of data sets that its index patterns and conditions mention.
    pub data_sets: Vec<String>,
    /// Operating systems that it is about; empty = it does not say.
    pub os: Vec<String>,
    /// Fields of events that it reads, for its conditions and its head.
    pub reads: Vec<String>,
}

/// What a rule says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `rule_id`, or `id` of an endpoint rule.
    pub id: String,
    /// Name.
    pub name: String,
    /// Path of its file below the rules folder.
    pub path: String,
    /// Type.
    pub rule_type: &'static str,
    /// Language of the query; empty if there is none.
    pub language: &'static str,
    /// `maturity`; `deprecated` for retired rules, `active` where the file has none.
    pub status: String,
    /// Severity.
    pub severity: &'static str,
    /// Risk score.
    pub risk_score: u8,
    /// Authors.
    pub author: Vec<String>,
    /// How far it looks back (`61m`); `None` if it looks at each event once.
    pub window: Option<String>,
    /// How often it runs (`1h`); `None` if it looks at each event once.
    pub interval: Option<String>,
    /// What it groups by.
    pub group_by: Vec<String>,
    /// Index patterns; empty = all events.
    pub index: Vec<String>,
    /// What it finds, in a few sentences.
    pub description: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Addresses of what to read.
    pub references: Vec<String>,
    /// Known reasons for false alarms.
    pub false_positives: Vec<String>,
    /// When it was written, as the file says.
    pub created: Option<String>,
    /// When it was last changed, as the file says.
    pub updated: Option<String>,
}

/// A row of the table of indicators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// What is looked for.
    pub predicate: Predicate,
    /// In how many other rules of the catalogue the same field, kind and values stand.
    pub corpus: usize,
}

impl Page {
    /// The page of a rule by itself: nothing is known of other rules yet, so
    /// [`Indicator::corpus`] is 0.
    pub fn of(rule: &Rule, compiled: &Compiled, schema: &Schema) -> Page {
        let predicates = indicators::of(rule, schema);
        let scope = scope::Scope::of(rule, compiled, &predicates);
        Page {
            identity: identity(rule, compiled),
            threat: rule.threat.clone(),
            stages: stages::of(rule, compiled),
            indicators: predicates
                .into_iter()
                .map(|predicate| Indicator { predicate, corpus: 0 })
                .collect(),
            output: output::of(rule, compiled),
            data_sets: scope.data_sets,
            os: scope.os,
            reads: scope.reads,
        }
    }
}

fn identity(rule: &Rule, compiled: &Compiled) -> Identity {
    let status = match &rule.metadata.maturity {
        _ if rule.deprecated() => "deprecated",
        Some(maturity) => maturity,
        None => "active",
    };
    let scheduled = rule.shape == Shape::Detection;
    let from = rule.texts.from.strip_prefix("now-").map(str::to_owned);
    let window = match from {
        Some(from) if rule.schedule.delay == 0 => from,
        _ => span(rule.schedule.lookback),
    };
    Identity {
        id: rule.id.value.clone(),
        name: rule.name.clone(),
        path: rule.path.to_string(),
        rule_type: rule.rule_type().name(),
        language: rule.language.name(),
        status: status.to_owned(),
        severity: rule.severity.name(),
        risk_score: rule.risk_score,
        author: rule.texts.author.clone(),
        window: scheduled.then_some(window),
        interval: scheduled.then(|| rule.texts.interval.clone()),
        group_by: compiled.group_by.clone(),
        index: compiled.plan.index.clone(),
        description: rule.texts.description.trim().to_owned(),
        tags: rule.texts.tags.clone(),
        references: rule.texts.references.clone(),
        false_positives: rule.texts.false_positives.clone(),
        created: rule.metadata.created.clone(),
        updated: rule.metadata.updated.clone(),
    }
}

/// A duration in the largest unit that it is a multiple of.
fn span(millis: i64) -> String {
    const UNITS: [(i64, &str); 4] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    match UNITS.iter().find(|(length, _)| millis >= *length && millis % length == 0) {
        Some((length, name)) => format!("{}{name}", millis / length),
        None => format!("{millis}ms"),
    }
}
