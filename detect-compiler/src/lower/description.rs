//! What alerts say of their rule, as constants.

use super::Compiled;
use crate::plan::{Body, Pipeline};
use crate::rule::{Kind, Rule, Technique, Text, Threat};
use detect_runtime::alert::rule_uuid;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use serde_json::{Map, Value as Json, json};
use std::fmt::Write as _;

/// The expression of type `RuleInfo` for generated code; names of
/// `detect_runtime::alert` are used without path. `fields` is the hash of the
/// ruleset's own field types; without `texts` the long ones are left out.
pub fn info_tokens(rule: &Rule, compiled: &Compiled, fields: u64, texts: bool) -> TokenStream {
    let (id, path, name) = (&rule.id.value, &*rule.path, &rule.name);
    let uuid = rule_uuid(id);
    let rule_type = variant(&format!("{:?}", rule.rule_type()));
    let severity = variant(&format!("{:?}", rule.severity));
    let language = rule.language.name();
    let risk_score = rule.risk_score;
    let (interval, lookback) = (rule.schedule.interval, rule.schedule.lookback);
    let index = &compiled.plan.index;
    let (group_by, columns) = (&compiled.group_by, &compiled.columns);
    let cardinality = optional(match &rule.kind {
        Kind::Threshold(threshold) => {
            threshold.cardinality.as_ref().map(|(field, _)| field.value.as_str())
        }
        _ => None,
    });
    let indicator_path = match &rule.kind {
        Kind::ThreatMatch(threat) => threat.indicator_path.as_str(),
        _ => "threat.indicator",
    };
    let timestamp_override = optional(rule.timestamp_override.as_deref());
    let max_signals = rule.max_signals;
    let building_block = rule.building_block;
    let deprecated = rule.deprecated();
    let aggregating =
        matches!(&compiled.plan.body, Body::Pipeline(Pipeline { aggregating: true, .. }));
    let severity_mapping = rule.severity_mapping.iter().map(|item| {
        let (field, value) = (&item.field, &item.value);
        let severity = variant(&format!("{:?}", item.severity));
        quote!(MappedSeverity { field: #field, value: #value, severity: Severity::#severity })
    });
    let risk_score_field = optional(rule.risk_score_field.as_deref());
    let name_field = optional(rule.name_field.as_deref());
    let suppression = suppression(rule);
    let members = members(rule, &compiled.plan.index);
    let texts = if texts { long_texts(rule) } else { String::new() };
    let (meaning, content) = (rule.meaning_hash(fields), rule.content_hash());
    quote! {
        RuleInfo {
            id: #id,
            uuid: #uuid,
            path: #path,
            name: #name,
            rule_type: RuleType::#rule_type,
            language: #language,
            severity: Severity::#severity,
            risk_score: #risk_score,
            interval: #interval,
            lookback: #lookback,
            index: &[#(#index),*],
            group_by: &[#(#group_by),*],
            columns: &[#(#columns),*],
            cardinality: #cardinality,
            indicator_path: #indicator_path,
            timestamp_override: #timestamp_override,
            max_signals: #max_signals,
            building_block: #building_block,
            deprecated: #deprecated,
            aggregating: #aggregating,
            severity_mapping: &[#(#severity_mapping),*],
            risk_score_field: #risk_score_field,
            name_field: #name_field,
            suppression: #suppression,
            members: #members,
            texts: #texts,
            meaning: #meaning,
            content: #content,
        }
    }
}

fn variant(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

fn optional(text: Option<&str>) -> TokenStream {
    text.map_or_else(|| quote!(None), |text| quote!(Some(#text)))
}

fn suppression(rule: &Rule) -> TokenStream {
    let Some(suppression) = &rule.suppression else { return quote!(None) };
    let own: &[Text] = match &rule.kind {
        Kind::Threshold(threshold) => &threshold.fields,
        _ => &suppression.group_by,
    };
    let group_by = own.iter().map(|field| &field.value);
    let duration =
        suppression.duration.map_or_else(|| quote!(None), |millis| quote!(Some(#millis)));
    let missing_is_value = suppression.missing_is_value;
    quote! {
        Some(SuppressionInfo {
            group_by: &[#(#group_by),*],
            duration: #duration,
            missing_is_value: #missing_is_value,
        })
    }
}

/// What every alert of a rule says, whatever it was made from.
#[derive(Clone, Debug)]
pub struct AlertOutline {
    /// The members as a JSON object.
    pub text: String,
    /// Members of alerts whose values depend on what they were made from.
    open: Vec<&'static str>,
}

impl AlertOutline {
    /// The outline of a rule's alerts.
    pub fn of(rule: &Rule, compiled: &Compiled) -> AlertOutline {
        let mut open = Vec::new();
        let mut text = String::from(
            r#"{"event.kind":"signal","kibana.alert.status":"active","kibana.alert.workflow_status":"open","#,
        );
        let mut set = |name: &'static str, value: Json, known: bool| {
            if known {
                let _infallible = write!(text, "\"{name}\":{value},");
            } else {
                open.push(name);
            }
        };
        set("kibana.alert.rule.name", json!(rule.name), rule.name_field.is_none());
        let severity = json!(rule.severity.name());
        set("kibana.alert.severity", severity, rule.severity_mapping.is_empty());
        let risk_score = json!(rule.risk_score);
        set("kibana.alert.risk_score", risk_score, rule.risk_score_field.is_none());
        // Events of a sequence are building blocks whatever the rule says.
        let sequence = matches!(compiled.plan.body, Body::Sequence(_) | Body::Sample(_));
        if rule.building_block || sequence {
            set("kibana.alert.building_block_type", json!("default"), rule.building_block);
        }
        text.push_str(&members(rule, &compiled.plan.index));
        text.push('}');
        AlertOutline { text, open }
    }

    /// Whether the outline says what an alert has at a path, and be it nothing.
    pub fn knows(&self, path: &str) -> bool {
        const FIXED: [&str; 6] = [
            "event.kind",
            "kibana.alert.status",
            "kibana.alert.workflow_status",
            "kibana.alert.severity",
            "kibana.alert.risk_score",
            "kibana.alert.building_block_type",
        ];
        (FIXED.contains(&path) || path.starts_with("kibana.alert.rule."))
            && !self.open.contains(&path)
    }
}

/// Members that every alert of the rule has.
fn members(rule: &Rule, index: &[String]) -> String {
    let texts = &rule.texts;
    let rule_type = rule.rule_type();
    let mut all = Members::default();
    all.set("uuid", rule_uuid(&rule.id.value));
    all.set("rule_id", rule.id.value.as_str());
    all.set("type", rule_type.name());
    all.set("rule_type_id", rule_type.type_id());
    all.set("category", rule_type.category());
    all.set("consumer", "siem");
    all.set("producer", "siem");
    all.set_some("version", rule.metadata.version.as_deref());
    all.set("enabled", true);
    all.set("author", json!(texts.author));
    all.set_some("license", texts.license.as_deref());
    all.set("description", texts.description.trim());
    all.set("tags", json!(texts.tags));
    all.set("references", json!(texts.references));
    all.set("false_positives", json!(texts.false_positives));
    all.set("from", texts.from.as_str());
    all.set("to", texts.to.as_str());
    all.set("interval", texts.interval.as_str());
    all.set("max_signals", rule.max_signals);
    all.set("severity", rule.severity.name());
    all.set("risk_score", rule.risk_score);
    all.set_some("timestamp_override", rule.timestamp_override.as_deref());
    all.set_some("rule_name_override", rule.name_field.as_deref());
    all.set_some("building_block_type", rule.building_block.then_some("default"));
    all.set_some("timeline_id", texts.timeline_id.as_deref());
    all.set_some("timeline_title", texts.timeline_title.as_deref());
    all.set("indices", json!(index));
    all.set("threat", Json::Array(rule.threat.iter().map(threat).collect()));
    all.set("parameters", parameters(rule, index));
    all.text()
}

/// The members of a full alert that are long texts: `RuleInfo::texts`.
pub fn long_texts(rule: &Rule) -> String {
    let mut all = Members::default();
    all.set_some("note", rule.texts.note.as_deref());
    all.set_some("setup", rule.texts.setup.as_deref());
    let query = rule.query.as_ref().map(|query| query.value.as_str());
    all.set_some("parameters.query", query);
    all.text()
}

/// The rule's own values, whatever an alert overrides.
fn parameters(rule: &Rule, index: &[String]) -> Json {
    let mut all = Map::new();
    all.insert("type".into(), rule.rule_type().name().into());
    all.insert("language".into(), rule.language.name().into());
    all.insert("index".into(), json!(index));
    all.insert("severity".into(), rule.severity.name().into());
    all.insert("risk_score".into(), rule.risk_score.into());
    let fields =
        |texts: &[Text]| -> Vec<String> { texts.iter().map(|text| text.value.clone()).collect() };
    match &rule.kind {
        Kind::Threshold(threshold) => {
            let cardinality = threshold.cardinality.iter();
            let cardinality = cardinality
                .map(|(field, value)| json!({ "field": field.value, "value": value }))
                .collect::<Vec<_>>();
            all.insert(
                "threshold".into(),
                json!({
                    "field": fields(&threshold.fields),
                    "value": threshold.value,
                    "cardinality": cardinality,
                }),
            );
        }
        Kind::NewTerms(terms) => {
            all.insert("new_terms_fields".into(), json!(fields(&terms.fields)));
        }
        Kind::MachineLearning(anomalies) => {
            all.insert("machine_learning_job_id".into(), json!(fields(&anomalies.jobs)));
            all.insert("anomaly_threshold".into(), anomalies.threshold.into());
        }
        Kind::ThreatMatch(threat) => {
            all.insert("threat_index".into(), json!(threat.index));
        }
        Kind::Query | Kind::SavedQuery | Kind::Eql(_) | Kind::Esql => {}
    }
    Json::Object(all)
}

fn threat(threat: &Threat) -> Json {
    let mut object = json!({
        "framework": threat.framework,
        "tactic": {
            "id": threat.tactic.id,
            "name": threat.tactic.name,
            "reference": threat.tactic.reference,
        },
    });
    if !threat.techniques.is_empty() {
        object["technique"] = threat.techniques.iter().map(technique).collect();
    }
    object
}

fn technique(technique: &Technique) -> Json {
    let mut object = json!({
        "id": technique.id,
        "name": technique.name,
        "reference": technique.reference,
    });
    if !technique.subtechniques.is_empty() {
        object["subtechnique"] = technique.subtechniques.iter().map(self::technique).collect();
    }
    object
}

/// Members `kibana.alert.rule.*` as JSON text without braces.
#[derive(Default)]
struct Members(Map<String, Json>);

impl Members {
    fn set(&mut self, name: &str, value: impl Into<Json>) {
        self.0.insert(format!("kibana.alert.rule.{name}"), value.into());
    }

    fn set_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    fn text(self) -> String {
        let text = Json::Object(self.0).to_string();
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        inner.unwrap_or_default().to_owned()
    }
}
