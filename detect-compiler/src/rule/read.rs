//! From TOML text to a [`Rule`].

use super::error::{Fault, Faults};
use super::table::Table;
use super::{
    ExceptionList, Filter, Kind, Language, Metadata, Rule, Schedule, SeverityMapping, Shape,
    Suppression, Text, Texts, kind, parse_duration, parse_relative, threat,
};
use crate::diagnostic::{Problem, Report};
use detect_runtime::alert::{RuleType, Severity};
use toml::de::DeTable;

/// Severity and risk of rules that have none: those of endpoint behaviour rules.
const ENDPOINT_RATING: (Severity, u8) = (Severity::High, 73);

pub(super) fn rule(path: &str, source: &str) -> Result<Rule, Report> {
    let mut faults = Faults::default();
    let rule = document(path, source, &mut faults);
    match rule {
        Some(rule) if !faults.any_error() => Ok(Rule { warnings: faults.problems, ..rule }),
        _ => Err(Report { path: path.into(), source: source.into(), problems: faults.problems }),
    }
}

fn document(path: &str, source: &str, faults: &mut Faults) -> Option<Rule> {
    let document = parse(source, faults)?;
    let document = Table::document(&document);
    let Some(table) = document.table("rule", faults) else {
        if !document.has("rule") {
            faults.error(Fault::NoRule, 0..0);
        }
        return None;
    };
    let is_endpoint =
        !table.has("type") && !table.has("rule_id") && (table.has("id") || table.has("os_list"));
    let rule = if is_endpoint {
        endpoint(path, source, &document, &table, faults)
    } else {
        detection(path, source, &document, &table, faults)
    };
    table.finish(faults);
    document.finish(faults);
    rule
}

/// Parses TOML; after syntax errors nothing else is worth saying.
pub(super) fn parse<'s>(source: &'s str, faults: &mut Faults) -> Option<DeTable<'s>> {
    let (document, errors) = DeTable::parse_recoverable(source);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        faults.error(Fault::Syntax(error.message().to_owned()), span);
    }
    errors.is_empty().then(|| document.into_inner())
}

fn detection(
    path: &str,
    source: &str,
    document: &Table<'_, '_>,
    table: &Table<'_, '_>,
    faults: &mut Faults,
) -> Option<Rule> {
    document.ignore(&["transform"]);
    table.ignore(&[
        "enabled",
        "actions",
        "response_actions",
        "throttle",
        "meta",
        "version",
        "revision",
        "related_integrations",
        "required_fields",
        "threat_mappings",
        "namespace",
        "timestamp_override_fallback_disabled",
    ]);
    let id = table.required_text("rule_id", faults);
    let name = table.required_text("name", faults);
    if !table.has("description") {
        faults.error(Fault::Missing(table.path("description")), table.span.clone());
    }
    let rule_type = rule_type(table, faults);
    let severity = match table.text("severity", faults) {
        Some(text) => severity(table.path("severity"), &text, faults),
        None => missing(table, "severity", faults),
    };
    let risk_score = match table.integer("risk_score", (0, 100), faults) {
        Some((score, _)) => Some(score as u8),
        None => missing(table, "risk_score", faults),
    };
    let texts = texts(table, faults);
    let schedule = schedule(table, &texts, faults);
    let metadata = document.table("metadata", faults).map_or_else(Metadata::default, |table| {
        let metadata = metadata(&table, faults);
        table.finish(faults);
        metadata
    });
    let building_block = table.one_of("building_block_type", &["default"], faults).is_some();
    let rule = Rule {
        path: path.into(),
        source: source.into(),
        shape: Shape::Detection,
        metadata,
        id: id.clone().unwrap_or_default(),
        name: name.as_ref().map(|text| text.value.clone()).unwrap_or_default(),
        kind: Kind::Query,
        language: Language::None,
        query: None,
        index: Vec::new(),
        severity: severity.unwrap_or(ENDPOINT_RATING.0),
        risk_score: risk_score.unwrap_or(ENDPOINT_RATING.1),
        schedule: schedule.unwrap_or(Schedule { interval: 1, lookback: 1, delay: 0 }),
        timestamp_override: table.string("timestamp_override", faults),
        max_signals: table
            .integer("max_signals", (1, i64::from(u32::MAX)), faults)
            .map_or(100, |(most, _)| most as u32),
        filters: filters(table, "filters", faults),
        suppression: suppression(table, rule_type, faults),
        severity_mapping: severity_mapping(table, faults),
        risk_score_field: risk_score_field(table, faults),
        name_field: table.string("rule_name_override", faults).filter(|name| !name.is_empty()),
        building_block,
        os_list: Vec::new(),
        exception_lists: exception_lists(table, faults),
        texts,
        threat: threat::read(table, faults),
        exceptions: None,
        warnings: Vec::new(),
    };
    let Some(rule_type) = rule_type else {
        table.ignore(TYPE_MEMBERS);
        return None;
    };
    let query = query(table, rule_type, faults);
    let index = index(table, rule_type, faults);
    let kind = kind::read(rule_type, table, schedule, faults)?;
    let (language, query) = query?;
    (id.is_some() && name.is_some() && severity.is_some() && risk_score.is_some()).then(|| Rule {
        kind,
        language,
        query,
        index,
        ..rule
    })
}

fn endpoint(
    path: &str,
    source: &str,
    document: &Table<'_, '_>,
    table: &Table<'_, '_>,
    faults: &mut Faults,
) -> Option<Rule> {
    document.ignore(&["actions", "optional_actions", "internal", "metadata"]);
    table.ignore(&["actions", "optional_actions", "min_endpoint_version", "reputation"]);
    let id = table.required_text("id", faults);
    let name = table.required_text("name", faults);
    let query = table.required_text("query", faults);
    let severity = table
        .text("severity", faults)
        .and_then(|text| severity(table.path("severity"), &text, faults));
    let risk_score = table.integer("risk_score", (0, 100), faults);
    let mut texts = texts(table, faults);
    texts.references.extend(table.strings("reference", faults));
    let metadata = Metadata { version: table.string("version", faults), ..Metadata::default() };
    let mut threat = threat::read(document, faults);
    threat.extend(threat::read(table, faults));
    let schedule = schedule(table, &texts, faults);
    Some(Rule {
        path: path.into(),
        source: source.into(),
        shape: Shape::Endpoint,
        metadata,
        id: id?,
        name: name?.value,
        kind: Kind::Eql(kind::eql(table, faults)),
        language: Language::Eql,
        query: Some(query?),
        index: table.strings("index", faults),
        severity: severity.unwrap_or(ENDPOINT_RATING.0),
        risk_score: risk_score.map_or(ENDPOINT_RATING.1, |(score, _)| score as u8),
        schedule: schedule?,
        timestamp_override: table.string("timestamp_override", faults),
        max_signals: 100,
        filters: Vec::new(),
        suppression: None,
        severity_mapping: Vec::new(),
        risk_score_field: None,
        name_field: None,
        building_block: false,
        os_list: table.strings("os_list", faults),
        exception_lists: Vec::new(),
        texts,
        threat,
        exceptions: None,
        warnings: Vec::new(),
    })
}

fn missing<T>(table: &Table<'_, '_>, key: &'static str, faults: &mut Faults) -> Option<T> {
    if !table.has(key) {
        faults.error(Fault::Missing(table.path(key)), table.span.clone());
    }
    None
}

/// Members that only some types have: not unknown where the type is.
const TYPE_MEMBERS: &[&str] = &[
    "query",
    "language",
    "index",
    "data_view_id",
    "saved_id",
    "timestamp_field",
    "event_category_override",
    "tiebreaker_field",
    "threshold",
    "new_terms",
    "new_terms_fields",
    "history_window_start",
    "threat_index",
    "threat_query",
    "threat_language",
    "threat_filters",
    "threat_mapping",
    "threat_indicator_path",
    "machine_learning_job_id",
    "anomaly_threshold",
];

const RULE_TYPES: &[&str] = &[
    "query",
    "saved_query",
    "eql",
    "esql",
    "threshold",
    "new_terms",
    "threat_match",
    "machine_learning",
];

fn rule_type(table: &Table<'_, '_>, faults: &mut Faults) -> Option<RuleType> {
    let Some((name, _)) = table.one_of("type", RULE_TYPES, faults) else {
        return missing(table, "type", faults);
    };
    RuleType::ALL.into_iter().find(|rule_type| rule_type.name() == name)
}

fn severity(name: String, text: &Text, faults: &mut Faults) -> Option<Severity> {
    let severity = text.value.parse().ok();
    if severity.is_none() {
        let allowed = &["low", "medium", "high", "critical"];
        let fault = Fault::NotOneOf { name, value: text.value.clone(), allowed };
        faults.error(fault, text.span.clone());
    }
    severity
}

fn texts(table: &Table<'_, '_>, faults: &mut Faults) -> Texts {
    let investigation_fields = match table.table("investigation_fields", faults) {
        Some(inner) => {
            let names = inner.strings("field_names", faults);
            inner.finish(faults);
            names
        }
        None => Vec::new(),
    };
    let mut or = |key, default: &str| table.string(key, faults).unwrap_or_else(|| default.into());
    let (from, to, interval) = (or("from", "now-6m"), or("to", "now"), or("interval", "5m"));
    Texts {
        description: table.string("description", faults).unwrap_or_default(),
        author: table.strings("author", faults),
        license: table.string("license", faults),
        note: table.string("note", faults),
        setup: table.string("setup", faults),
        references: table.strings("references", faults),
        false_positives: table.strings("false_positives", faults),
        tags: table.strings("tags", faults),
        investigation_fields,
        timeline_id: table.string("timeline_id", faults),
        timeline_title: table.string("timeline_title", faults),
        from,
        to,
        interval,
    }
}

fn metadata(table: &Table<'_, '_>, faults: &mut Faults) -> Metadata {
    table.ignore(&[
        "min_stack_comments",
        "bypass_bbr_timing",
        "promotion",
        "os_type_list",
        "query_schema_validation",
        "related_endpoint_rules",
        "comments",
        "extended",
    ]);
    let maturities = &["development", "experimental", "beta", "production", "deprecated"];
    Metadata {
        created: table.string("creation_date", faults),
        updated: table.string("updated_date", faults),
        maturity: table.one_of("maturity", maturities, faults).map(|(name, _)| name.to_owned()),
        integration: table.strings("integration", faults),
        min_stack_version: table.string("min_stack_version", faults),
        deprecation_date: table.string("deprecation_date", faults),
        deprecated_reason: table.string("deprecated_reason", faults),
        version: None,
    }
}

fn schedule(table: &Table<'_, '_>, texts: &Texts, faults: &mut Faults) -> Option<Schedule> {
    let mut time = |key: &'static str, text: &str| match parse_relative(text) {
        Ok(relative) => {
            if let Some(unit) = relative.rounded {
                let message =
                    format!("rounding is ignored: the window does not grow by up to {unit} ms");
                faults.warn("rounded_window", message, table.place(key));
            }
            Some(relative.offset)
        }
        Err(error) => {
            faults.error(Fault::Time { name: table.path(key), error }, table.place(key));
            None
        }
    };
    let (from, to) = (time("from", &texts.from), time("to", &texts.to));
    let interval = parse_duration(&texts.interval).map_err(|error| {
        let fault = Fault::Time { name: table.path("interval"), error };
        faults.error(fault, table.place("interval"));
    });
    let (from, to, interval) = (from?, to?, interval.ok()?);
    let lookback = to.checked_sub(from).filter(|length| *length > 0);
    let Some(lookback) = lookback else {
        faults.error(Fault::EmptyWindow, table.place("from"));
        return None;
    };
    if to != 0 {
        let message = "the window ends before its tick; alerts come at the window's end".into();
        faults.warn("delayed_window", message, table.place("to"));
    }
    if lookback < interval {
        let message = "the window is shorter than the interval: events between two windows are \
                       not seen"
            .to_owned();
        faults.warn("window_gap", message, table.place("from"));
    }
    Some(Schedule { interval, lookback, delay: -to })
}

/// The language and the query, checked against the type.
fn query(
    table: &Table<'_, '_>,
    rule_type: RuleType,
    faults: &mut Faults,
) -> Option<(Language, Option<Text>)> {
    let written = table.text("language", faults);
    let text = table.text("query", faults);
    if rule_type == RuleType::MachineLearning {
        if table.has("query") {
            let fault = Fault::NotAllowed {
                name: table.path("query"),
                rule_type: rule_type.name(),
                reason: "it reads the results of a job",
            };
            faults.error(fault, table.place("query"));
        }
        return Some((Language::None, None));
    }
    let (allowed, names): (&[Language], _) = match rule_type {
        RuleType::Esql => (&[Language::Esql], "`esql`"),
        RuleType::Eql => (&[Language::Eql], "`eql`"),
        _ => (&[Language::Kuery, Language::Lucene], "`kuery` or `lucene`"),
    };
    let language = match &written {
        None => allowed[0],
        Some(text) => {
            let found = allowed.iter().find(|language| language.name() == text.value);
            let Some(language) = found else {
                let fault = Fault::Language {
                    rule_type: rule_type.name(),
                    language: text.value.clone(),
                    allowed: names,
                };
                faults.error(fault, text.span.clone());
                return None;
            };
            *language
        }
    };
    // A rule of filters only may have no query, or an empty one.
    let query = text.filter(|text| !text.value.trim().is_empty());
    let by_filters = table.has("filters") && allowed.len() == 2;
    if query.is_none() && !by_filters {
        let name = table.path("query");
        let fault = if table.has("query") { Fault::Empty(name) } else { Fault::Missing(name) };
        faults.error(fault, table.place("query"));
        return None;
    }
    Some((language, query))
}

fn index(table: &Table<'_, '_>, rule_type: RuleType, faults: &mut Faults) -> Vec<String> {
    let index = table.strings("index", faults);
    let view = table.text("data_view_id", faults);
    if rule_type == RuleType::Esql && table.has("index") {
        let fault = Fault::NotAllowed {
            name: table.path("index"),
            rule_type: rule_type.name(),
            reason: "the query's FROM says it",
        };
        faults.error(fault, table.place("index"));
    }
    if let Some(view) = view {
        if table.has("index") {
            faults.error(Fault::Both("rule.index", "rule.data_view_id"), view.span);
        } else {
            let message = "data views are not known here: the rule sees all events".to_owned();
            faults.warn("data_view", message, view.span);
        }
    }
    index
}

pub(super) fn filters(
    table: &Table<'_, '_>,
    key: &'static str,
    faults: &mut Faults,
) -> Vec<Filter> {
    let filters = table.tables(key, faults);
    filters.into_iter().map(|filter| Filter { json: filter.json(), span: filter.span }).collect()
}

fn suppression(
    table: &Table<'_, '_>,
    rule_type: Option<RuleType>,
    faults: &mut Faults,
) -> Option<Suppression> {
    let inner = table.table("alert_suppression", faults)?;
    let group_by = inner.texts("group_by", faults);
    if rule_type == Some(RuleType::Threshold) && !group_by.is_empty() {
        let fault = Fault::NotAllowed {
            name: inner.path("group_by"),
            rule_type: RuleType::Threshold.name(),
            reason: "it is suppressed by its own fields",
        };
        faults.error(fault, inner.place("group_by"));
    } else if rule_type != Some(RuleType::Threshold) && !(1..=5).contains(&group_by.len()) {
        let name = inner.path("group_by");
        let fault = Fault::Length { name, count: group_by.len(), least: 1, most: 5 };
        faults.error(fault, inner.place("group_by"));
    }
    let strategies = &["suppress", "doNotSuppress"];
    let strategy = inner.one_of("missing_fields_strategy", strategies, faults);
    let duration = inner.table("duration", faults).and_then(|duration| {
        let value = duration.integer("value", (1, 1_000_000_000), faults);
        let unit = duration.one_of("unit", &["s", "m", "h"], faults);
        for key in ["value", "unit"] {
            if !duration.has(key) {
                faults.error(Fault::Missing(duration.path(key)), duration.span.clone());
            }
        }
        duration.finish(faults);
        let millis = match unit?.0 {
            "s" => 1000,
            "m" => 60_000,
            _ => 3_600_000,
        };
        Some(value?.0 * millis)
    });
    inner.finish(faults);
    Some(Suppression {
        group_by,
        duration,
        missing_is_value: strategy.is_none_or(|(name, _)| name == "suppress"),
    })
}

fn severity_mapping(table: &Table<'_, '_>, faults: &mut Faults) -> Vec<SeverityMapping> {
    let mut mappings = Vec::new();
    for item in table.tables("severity_mapping", faults) {
        item.one_of("operator", &["equals"], faults);
        let field = item.required_text("field", faults);
        let value = item.string("value", faults);
        let severity = item
            .required_text("severity", faults)
            .and_then(|text| severity(item.path("severity"), &text, faults));
        item.finish(faults);
        if let (Some(field), Some(severity)) = (field, severity) {
            let value = value.unwrap_or_default();
            mappings.push(SeverityMapping { field: field.value, value, severity });
        }
    }
    mappings.sort_by_key(|mapping| mapping.severity);
    mappings
}

/// Only the first item counts.
fn risk_score_field(table: &Table<'_, '_>, faults: &mut Faults) -> Option<String> {
    let mut field = None;
    for item in table.tables("risk_score_mapping", faults) {
        item.ignore(&["value", "risk_score"]);
        item.one_of("operator", &["equals"], faults);
        let text = item.required_text("field", faults);
        item.finish(faults);
        field = field.or(text.map(|text| text.value));
    }
    field
}

fn exception_lists(table: &Table<'_, '_>, faults: &mut Faults) -> Vec<ExceptionList> {
    let mut lists = Vec::new();
    for item in table.tables("exceptions_list", faults) {
        item.ignore(&["id", "namespace_type"]);
        let list_id = item.required_text("list_id", faults);
        let kind = item.string("type", faults).unwrap_or_default();
        item.finish(faults);
        if let Some(list_id) = list_id {
            lists.push(ExceptionList { list_id: list_id.value, kind });
        }
    }
    lists
}

/// A problem that concerns a whole file.
pub(super) fn file_problem(fault: Fault) -> Problem {
    Problem::of(&super::RuleError { fault, span: 0..0 })
}
