//! The stages of a rule: those of its query as written, and what the rule does before
//! and behind it.

use crate::lower::Compiled;
use crate::plan::Body;
use crate::rule::{Kind, Language, Rule};

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What it is: the keyword of a command in lower case, `sequence`, `until`, the
    /// language of a query, or the name of what the rule adds (`filter`, `threshold`,
    /// `new_terms`, `indicators`, `mapping`, `anomalies`, `exceptions`).
    pub command: String,
    /// Its text as written; commands of ES|QL with their pipe.
    pub text: String,
}

/// The stages in the order in which an event goes through them.
pub(super) fn of(rule: &Rule, compiled: &Compiled) -> Vec<Stage> {
    let mut stages = query(rule, compiled);
    let stage = |command: &str, text: String| Stage { command: command.to_owned(), text };
    stages.extend(rule.filters.iter().map(|filter| stage("filter", filter.json.to_string())));
    if let Some(exceptions) = &rule.exceptions {
        let names: Vec<&str> = exceptions.items.iter().map(|item| item.name.as_str()).collect();
        stages.push(stage("exceptions", names.join("\n")));
    }
    match &rule.kind {
        Kind::Threshold(threshold) => {
            let distinct =
                threshold.cardinality.as_ref().map_or(String::new(), |(field, least)| {
                    format!(" and count_distinct({}) >= {least}", field.value)
                });
            let by = match compiled.group_by.as_slice() {
                [] => String::new(),
                fields => format!(" by {}", fields.join(", ")),
            };
            stages.push(stage("threshold", format!("count >= {}{distinct}{by}", threshold.value)));
        }
        Kind::NewTerms(terms) => {
            let fields = compiled.group_by.join(", ");
            let history = super::span(terms.history);
            let text = format!("{fields} not seen in the {history} before the window");
            stages.push(stage("new_terms", text));
        }
        Kind::ThreatMatch(threat) => {
            let query = threat.query.as_ref().map_or("*", |query| query.value.trim());
            let index = threat.index.join(", ");
            stages.push(stage("indicators", format!("from {index}\n{query}")));
            let group = |group: &Vec<crate::rule::MappingEntry>| {
                let entry = |entry: &crate::rule::MappingEntry| {
                    let operator = if entry.negate { "!=" } else { "==" };
                    format!("{} {operator} {}", entry.field.value, entry.indicator.value)
                };
                group.iter().map(entry).collect::<Vec<_>>().join(" and ")
            };
            let groups: Vec<String> = threat.mapping.iter().map(group).collect();
            stages.push(stage("mapping", groups.join("\nor ")));
        }
        Kind::MachineLearning(job) => {
            let jobs: Vec<&str> = job.jobs.iter().map(|job| job.value.as_str()).collect();
            let text = format!("job {} with score >= {}", jobs.join(", "), job.threshold);
            stages.push(stage("anomalies", text));
        }
        Kind::Query | Kind::SavedQuery | Kind::Eql(_) | Kind::Esql => {}
    }
    stages
}

fn query(rule: &Rule, compiled: &Compiled) -> Vec<Stage> {
    let last = compiled.stages.len().saturating_sub(1);
    let until = matches!(&compiled.plan.body, Body::Sequence(sequence) if sequence.until.is_some());
    let stage = |(number, written): (usize, &crate::lower::StageText)| {
        let command = match (&compiled.plan.body, rule.language) {
            (_, Language::Esql) => written.command.to_lowercase(),
            (Body::Sequence(_), _) if until && number == last => "until".to_owned(),
            (Body::Sequence(_), _) => "sequence".to_owned(),
            (Body::Sample(_), _) => "sample".to_owned(),
            _ => written.command.clone(),
        };
        let piped = rule.language == Language::Esql && number > 0;
        let text = if piped { format!("| {}", written.text) } else { written.text.clone() };
        Stage { command, text }
    };
    compiled.stages.iter().enumerate().map(stage).collect()
}
