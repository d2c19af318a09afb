//! Which events a rule is about: data sets, operating systems, fields that it reads.

use crate::lower::Compiled;
use crate::predicate::{Kind, Predicate};
use crate::rule::Rule;
use crate::ruleset;
use std::collections::BTreeSet;

/// What a rule reads of which events; all sorted.
pub(super) struct Scope {
    pub(super) data_sets: Vec<String>,
    pub(super) os: Vec<String>,
    pub(super) reads: Vec<String>,
}

impl Scope {
    pub(super) fn of(rule: &Rule, compiled: &Compiled, predicates: &[Predicate]) -> Scope {
        let mut data_sets: BTreeSet<String> =
            compiled.plan.index.iter().filter_map(|pattern| data_set(pattern)).collect();
        let dataset = ["event.dataset", "data_stream.dataset", "event.module"];
        data_sets.extend(named(predicates, &dataset));
        let mut os: BTreeSet<String> =
            rule.os_list.iter().map(|name| name.to_lowercase()).collect();
        let fields = ["host.os.type", "host.os.family", "host.os.platform"];
        os.extend(named(predicates, &fields).map(|name| name.to_lowercase()));
        let tags = rule.texts.tags.iter().filter_map(|tag| tag.strip_prefix("OS: "));
        os.extend(tags.map(str::to_lowercase));
        let reads: BTreeSet<String> = ruleset::fields_read(&compiled.plan);
        Scope {
            data_sets: data_sets.into_iter().collect(),
            os: os.into_iter().collect(),
            reads: reads.into_iter().collect(),
        }
    }
}

/// Values that one of these fields must have.
fn named<'p>(predicates: &'p [Predicate], fields: &[&str]) -> impl Iterator<Item = String> + 'p {
    let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
    predicates
        .iter()
        .filter(move |row| {
            let positive = !row.negated && matches!(row.kind, Kind::Eq | Kind::In);
            positive && fields.contains(&row.field)
        })
        .flat_map(|row| row.values.iter().cloned())
}

/// The data set that an index pattern names: `endpoint.events.process` of
/// `logs-endpoint.events.process-*`, `winlogbeat` of `winlogbeat-*`; none of `logs-*`.
fn data_set(pattern: &str) -> Option<String> {
    let pattern = pattern.rsplit(':').next().unwrap_or(pattern);
    let streams = ["logs-", "metrics-", "traces-"];
    let named = streams.iter().find_map(|kind| pattern.strip_prefix(kind)).unwrap_or(pattern);
    let end = named.find(['-', '*']).unwrap_or(named.len());
    let name = named[..end].trim_end_matches('.');
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sets_of_patterns() {
        for (pattern, expected) in [
            ("logs-endpoint.events.process-*", Some("endpoint.events.process")),
            ("logs-endpoint.events.*", Some("endpoint.events")),
            ("logs-okta*", Some("okta")),
            ("winlogbeat-*", Some("winlogbeat")),
            ("auditbeat-*", Some("auditbeat")),
            ("eu:logs-aws.cloudtrail-*", Some("aws.cloudtrail")),
            ("logs-*", None),
            ("*", None),
        ] {
            assert_eq!(data_set(pattern).as_deref(), expected, "{pattern}");
        }
    }
}
