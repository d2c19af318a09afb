//! What only rules of one type have.

use super::error::{Fault, Faults};
use super::table::Table;
use super::{Filter, Language, Schedule, Text, parse_relative};
use detect_runtime::alert::RuleType;

/// Type of a rule, with the fields that only this type has.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `query`
    Query,
    /// `saved_query`
    SavedQuery,
    /// `eql`
    Eql(Eql),
    /// `esql`
    Esql,
    /// `threshold`
    Threshold(Threshold),
    /// `new_terms`
    NewTerms(NewTerms),
    /// `threat_match`
    ThreatMatch(ThreatMatch),
    /// `machine_learning`
    MachineLearning(Anomalies),
}

/// Fields of an EQL rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eql {
    /// Field that orders events; `@timestamp` if absent.
    pub timestamp_field: Option<Text>,
    /// Field that the leading category word tests; `event.category` if absent.
    pub event_category_override: Option<Text>,
    /// Second order at equal times.
    pub tiebreaker_field: Option<Text>,
}

/// `[rule.threshold]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Grouping fields, 0 to 5.
    pub fields: Vec<Text>,
    /// At least so many events.
    pub value: u64,
    /// At least so many distinct values.
    pub cardinality: Option<(Text, u64)>,
}

/// `[rule.new_terms]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTerms {
    /// The 1 to 3 fields.
    pub fields: Vec<Text>,
    /// Length of the history in milliseconds.
    pub history: i64,
}

/// Fields of an indicator-match rule.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreatMatch {
    /// Index patterns of the indicators.
    pub index: Vec<String>,
    /// Query over indicators.
    pub query: Option<Text>,
    /// Its language.
    pub language: Language,
    /// Filters over indicators.
    pub filters: Vec<Filter>,
    /// Path of the indicator object.
    pub indicator_path: String,
    /// OR of AND groups.
    pub mapping: Vec<Vec<MappingEntry>>,
}

/// An entry of `threat_mapping`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingEntry {
    /// Field of the event.
    pub field: Text,
    /// Field of the indicator.
    pub indicator: Text,
    /// The values must differ.
    pub negate: bool,
}

/// Fields of a machine-learning rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomalies {
    /// Jobs.
    pub jobs: Vec<Text>,
    /// Least score.
    pub threshold: u8,
}

impl Kind {
    /// The type alone.
    pub fn rule_type(&self) -> RuleType {
        match self {
            Kind::Query => RuleType::Query,
            Kind::SavedQuery => RuleType::SavedQuery,
            Kind::Eql(_) => RuleType::Eql,
            Kind::Esql => RuleType::Esql,
            Kind::Threshold(_) => RuleType::Threshold,
            Kind::NewTerms(_) => RuleType::NewTerms,
            Kind::ThreatMatch(_) => RuleType::ThreatMatch,
            Kind::MachineLearning(_) => RuleType::MachineLearning,
        }
    }
}

/// Reads the members of a type; `None` after an error.
pub(super) fn read(
    rule_type: RuleType,
    rule: &Table<'_, '_>,
    schedule: Option<Schedule>,
    faults: &mut Faults,
) -> Option<Kind> {
    Some(match rule_type {
        RuleType::Query => Kind::Query,
        RuleType::SavedQuery => {
            rule.ignore(&["saved_id"]);
            Kind::SavedQuery
        }
        RuleType::Esql => Kind::Esql,
        RuleType::Eql => Kind::Eql(eql(rule, faults)),
        RuleType::Threshold => Kind::Threshold(threshold(rule, faults)?),
        RuleType::NewTerms => Kind::NewTerms(new_terms(rule, schedule, faults)?),
        RuleType::ThreatMatch => Kind::ThreatMatch(threat_match(rule, faults)),
        RuleType::MachineLearning => Kind::MachineLearning(anomalies(rule, faults)?),
    })
}

pub(super) fn eql(rule: &Table<'_, '_>, faults: &mut Faults) -> Eql {
    Eql {
        timestamp_field: rule.text("timestamp_field", faults),
        event_category_override: rule.text("event_category_override", faults),
        tiebreaker_field: rule.text("tiebreaker_field", faults),
    }
}

fn threshold(rule: &Table<'_, '_>, faults: &mut Faults) -> Option<Threshold> {
    let Some(table) = rule.table("threshold", faults) else {
        if !rule.has("threshold") {
            faults.error(Fault::Missing(rule.path("threshold")), rule.span.clone());
        }
        return None;
    };
    let mut fields = table.texts("field", faults);
    // An empty name is how the editor writes "no field".
    fields.retain(|field| !field.value.is_empty());
    within(&table, "field", fields.len(), (0, 5), faults);
    if !table.has("value") {
        faults.error(Fault::Missing(table.path("value")), table.span.clone());
    }
    let value = table.integer("value", (1, i64::MAX), faults);
    let mut cardinalities = table.tables("cardinality", faults).into_iter();
    let cardinality = cardinalities.next().and_then(|entry| {
        let field = entry.required_text("field", faults);
        let value = entry.integer("value", (1, i64::MAX), faults);
        entry.finish(faults);
        Some((field?, value?.0 as u64))
    });
    if let Some(further) = cardinalities.next() {
        let message = "only the first `cardinality` counts".to_owned();
        faults.warn("cardinality", message, further.span);
    }
    table.finish(faults);
    Some(Threshold { fields, value: value?.0 as u64, cardinality })
}

/// Both forms: the sent one (`new_terms_fields`, `history_window_start`), and
/// the table of the rule repository that names the same members indirectly.
fn new_terms(
    rule: &Table<'_, '_>,
    schedule: Option<Schedule>,
    faults: &mut Faults,
) -> Option<NewTerms> {
    let (fields, start) = if let Some(table) = rule.table("new_terms", faults) {
        table.one_of("field", &["new_terms_fields"], faults);
        let fields = table.texts("value", faults);
        within(&table, "value", fields.len(), (1, 3), faults);
        let mut start = None;
        for window in table.tables("history_window_start", faults) {
            window.one_of("field", &["history_window_start"], faults);
            start = window.required_text("value", faults);
            window.finish(faults);
        }
        if !table.has("history_window_start") {
            let missing = Fault::Missing(table.path("history_window_start"));
            faults.error(missing, table.span.clone());
        }
        table.finish(faults);
        (fields, start)
    } else {
        let fields = rule.texts("new_terms_fields", faults);
        within(rule, "new_terms_fields", fields.len(), (1, 3), faults);
        (fields, rule.required_text("history_window_start", faults))
    };
    let start = start?;
    let relative = match parse_relative(&start.value) {
        Ok(relative) => relative,
        Err(error) => {
            let name = rule.path("history_window_start");
            faults.error(Fault::Time { name, error }, start.span);
            return None;
        }
    };
    let history = -relative.offset;
    if schedule.is_some_and(|schedule| history <= schedule.lookback + schedule.delay) {
        faults.error(Fault::History, start.span);
        return None;
    }
    Some(NewTerms { fields, history })
}

fn threat_match(rule: &Table<'_, '_>, faults: &mut Faults) -> ThreatMatch {
    rule.ignore(&["concurrent_searches", "items_per_search"]);
    let index = rule.strings("threat_index", faults);
    within(rule, "threat_index", index.len(), (1, usize::MAX), faults);
    let language = match rule.one_of("threat_language", &["kuery", "lucene"], faults) {
        Some(("lucene", _)) => Language::Lucene,
        _ => Language::Kuery,
    };
    let groups = rule.tables("threat_mapping", faults);
    within(rule, "threat_mapping", groups.len(), (1, usize::MAX), faults);
    let mut mapping = Vec::with_capacity(groups.len());
    for group in groups {
        mapping.push(mapping_group(&group, faults));
        group.finish(faults);
    }
    ThreatMatch {
        index,
        query: rule.text("threat_query", faults),
        language,
        filters: super::read::filters(rule, "threat_filters", faults),
        indicator_path: rule
            .string("threat_indicator_path", faults)
            .unwrap_or_else(|| "threat.indicator".to_owned()),
        mapping,
    }
}

fn mapping_group(group: &Table<'_, '_>, faults: &mut Faults) -> Vec<MappingEntry> {
    let mut entries = Vec::new();
    for entry in group.tables("entries", faults) {
        entry.one_of("type", &["mapping"], faults);
        let field = entry.required_text("field", faults);
        let indicator = entry.required_text("value", faults);
        let negate = entry.boolean("negate", faults).unwrap_or(false);
        entry.finish(faults);
        if let (Some(field), Some(indicator)) = (field, indicator) {
            entries.push(MappingEntry { field, indicator, negate });
        }
    }
    within(group, "entries", entries.len(), (1, usize::MAX), faults);
    if !entries.is_empty() && entries.iter().all(|entry| entry.negate) {
        faults.error(Fault::OnlyNegated, group.span.clone());
    }
    entries
}

fn anomalies(rule: &Table<'_, '_>, faults: &mut Faults) -> Option<Anomalies> {
    let jobs = rule.texts("machine_learning_job_id", faults);
    within(rule, "machine_learning_job_id", jobs.len(), (1, usize::MAX), faults);
    if !rule.has("anomaly_threshold") {
        faults.error(Fault::Missing(rule.path("anomaly_threshold")), rule.span.clone());
    }
    let (threshold, _) = rule.integer("anomaly_threshold", (0, 100), faults)?;
    Some(Anomalies { jobs, threshold: threshold as u8 })
}

/// Checks the length of a list; one that is not there counts as missing.
fn within(
    table: &Table<'_, '_>,
    key: &'static str,
    count: usize,
    (least, most): (usize, usize),
    faults: &mut Faults,
) {
    if (least..=most).contains(&count) {
        return;
    }
    let name = table.path(key);
    let fault = if table.has(key) {
        Fault::Length { name, count, least, most }
    } else {
        Fault::Missing(name)
    };
    faults.error(fault, table.place(key));
}
