//! Hash of what a rule means.

use super::{Filter, Item, Kind, Rule, Text};
use detect_runtime::alert::content_hash;
use std::collections::BTreeSet;

/// Written in front of every meaning; raised when the same meaning comes to be
/// stored in another form.
const VERSION: u64 = 1;

/// Parts are joined with their lengths, so that no two meanings give the same bytes.
#[derive(Default)]
struct Meaning(Vec<u8>);

impl Meaning {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn texts<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str>) {
        self.number(texts.len() as u64);
        texts.for_each(|text| self.text(text));
    }

    fn fields(&mut self, fields: &[Text]) {
        self.texts(fields.iter().map(|field| field.value.as_str()));
    }

    fn filters(&mut self, filters: &[Filter]) {
        self.number(filters.len() as u64);
        for filter in filters {
            self.text(&filter.json.to_string());
        }
    }
}

pub(super) fn meaning(rule: &Rule, fields: u64) -> u64 {
    let mut meaning = Meaning::default();
    meaning.number(VERSION);
    meaning.number(fields);
    meaning.text(rule.rule_type().name());
    meaning.text(rule.language.name());
    meaning.optional(rule.query.as_ref().map(|query| query.value.as_str()));
    meaning.texts(rule.index.iter().map(String::as_str));
    meaning.filters(&rule.filters);
    for millis in [rule.schedule.interval, rule.schedule.lookback, rule.schedule.delay] {
        meaning.number(millis as u64);
    }
    meaning.optional(rule.timestamp_override.as_deref());
    meaning.texts(rule.os_list.iter().map(String::as_str));
    if let Some(suppression) = &rule.suppression {
        meaning.fields(&suppression.group_by);
        meaning.number(suppression.duration.unwrap_or_default() as u64);
        meaning.number(u64::from(suppression.missing_is_value));
    }
    kind(&rule.kind, &mut meaning);
    // Fields and operators only: values may change without a new build.
    let items = rule.exceptions.iter().flat_map(|exceptions| &exceptions.items);
    let shapes: BTreeSet<String> = items.map(Item::words).collect();
    meaning.texts(shapes.iter().map(String::as_str));
    content_hash(&meaning.0)
}

fn kind(kind: &Kind, meaning: &mut Meaning) {
    let value = |text: &Option<Text>| text.as_ref().map(|text| text.value.clone());
    match kind {
        Kind::Query | Kind::SavedQuery | Kind::Esql => {}
        Kind::Eql(eql) => {
            for field in [&eql.timestamp_field, &eql.event_category_override, &eql.tiebreaker_field]
            {
                meaning.optional(value(field).as_deref());
            }
        }
        Kind::Threshold(threshold) => {
            meaning.fields(&threshold.fields);
            meaning.number(threshold.value);
            let cardinality = threshold.cardinality.as_ref();
            meaning.optional(cardinality.map(|(field, _)| field.value.as_str()));
            meaning.number(cardinality.map_or(0, |(_, least)| *least));
        }
        Kind::NewTerms(terms) => {
            meaning.fields(&terms.fields);
            meaning.number(terms.history as u64);
        }
        Kind::ThreatMatch(threat) => {
            meaning.texts(threat.index.iter().map(String::as_str));
            meaning.optional(value(&threat.query).as_deref());
            meaning.text(threat.language.name());
            meaning.filters(&threat.filters);
            meaning.text(&threat.indicator_path);
            for group in &threat.mapping {
                meaning.number(group.len() as u64);
                for entry in group {
                    meaning.text(&entry.field.value);
                    meaning.text(&entry.indicator.value);
                    meaning.number(u64::from(entry.negate));
                }
            }
        }
        Kind::MachineLearning(anomalies) => {
            meaning.fields(&anomalies.jobs);
            meaning.number(u64::from(anomalies.threshold));
        }
    }
}
