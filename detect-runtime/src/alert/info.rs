//! What is constant about a rule and its alerts.

use std::fmt;
use std::str::FromStr;

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
    /// `critical`
    Critical,
}

impl Severity {
    /// All, from lowest to highest.
    pub const ALL: [Severity; 4] =
        [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The name in rules and alerts.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is none of the four severities.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity `{0}`, expected low, medium, high or critical")]
pub struct UnknownSeverity(pub String);

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(name: &str) -> Result<Severity, UnknownSeverity> {
        Severity::ALL
            .into_iter()
            .find(|severity| severity.name() == name)
            .ok_or_else(|| UnknownSeverity(name.to_owned()))
    }
}

/// The type of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleType {
    /// Each event that satisfies a KQL or Lucene query.
    Query,
    /// The same with a query that is stored elsewhere.
    SavedQuery,
    /// EQL event query, sequence or sample.
    Eql,
    /// ES|QL.
    Esql,
    /// Counts per combination of values.
    Threshold,
    /// Values not seen before.
    NewTerms,
    /// Events that match indicators.
    ThreatMatch,
    /// Results of an anomaly detection job.
    MachineLearning,
}

impl RuleType {
    /// All types.
    pub const ALL: [RuleType; 8] = [
        RuleType::Query,
        RuleType::SavedQuery,
        RuleType::Eql,
        RuleType::Esql,
        RuleType::Threshold,
        RuleType::NewTerms,
        RuleType::ThreatMatch,
        RuleType::MachineLearning,
    ];

    /// The value of `rule.type` and `kibana.alert.rule.type`.
    pub const fn name(self) -> &'static str {
        match self {
            RuleType::Query => "query",
            RuleType::SavedQuery => "saved_query",
            RuleType::Eql => "eql",
            RuleType::Esql => "esql",
            RuleType::Threshold => "threshold",
            RuleType::NewTerms => "new_terms",
            RuleType::ThreatMatch => "threat_match",
            RuleType::MachineLearning => "machine_learning",
        }
    }

    /// The value of `kibana.alert.rule.rule_type_id`.
    pub const fn type_id(self) -> &'static str {
        match self {
            RuleType::Query => "siem.queryRule",
            RuleType::SavedQuery => "siem.savedQueryRule",
            RuleType::Eql => "siem.eqlRule",
            RuleType::Esql => "siem.esqlRule",
            RuleType::Threshold => "siem.thresholdRule",
            RuleType::NewTerms => "siem.newTermsRule",
            RuleType::ThreatMatch => "siem.indicatorRule",
            RuleType::MachineLearning => "siem.mlRule",
        }
    }

    /// The value of `kibana.alert.rule.category`: the type for people.
    pub const fn category(self) -> &'static str {
        match self {
            RuleType::Query => "Custom Query Rule",
            RuleType::SavedQuery => "Saved Query Rule",
            RuleType::Eql => "Event Correlation Rule",
            RuleType::Esql => "ES|QL Rule",
            RuleType::Threshold => "Threshold Rule",
            RuleType::NewTerms => "New Terms Rule",
            RuleType::ThreatMatch => "Indicator Match Rule",
            RuleType::MachineLearning => "Machine Learning Rule",
        }
    }
}

impl fmt::Display for RuleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One item of `severity_mapping`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappedSeverity {
    /// Field of the event.
    pub field: &'static str,
    /// Its value, compared as text (`event.severity` as a number, rounded down).
    pub value: &'static str,
    /// The severity of the alert then.
    pub severity: Severity,
}

/// `alert_suppression`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuppressionInfo {
    /// Fields or columns whose values make the group.
    pub group_by: &'static [&'static str],
    /// Milliseconds from the first alert of a group during which it absorbs
    /// others; `None`: as long as the run lasts.
    pub duration: Option<i64>,
    /// A missing value is a value of its own; else such a match is not suppressed.
    pub missing_is_value: bool,
}

/// The constant description of a compiled rule. All fields are public and
/// constant, so that generated code is one literal.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    /// `rule_id` of the file (`id` of an endpoint rule).
    pub id: &'static str,
    /// Version-5 UUID of the id in the name space [`RULE_NAMESPACE`](super::RULE_NAMESPACE).
    pub uuid: &'static str,
    /// Path of the file below the rules folder, with `/`.
    pub path: &'static str,
    /// Name.
    pub name: &'static str,
    /// Type.
    pub rule_type: RuleType,
    /// `esql`, `eql`, `kuery`, `lucene`; empty for machine learning.
    pub language: &'static str,
    /// Severity, before mapping.
    pub severity: Severity,
    /// Risk score 0 to 100, before mapping.
    pub risk_score: u8,
    /// Milliseconds between ticks.
    pub interval: i64,
    /// Milliseconds that a tick looks back.
    pub lookback: i64,
    /// Index patterns; empty = all events.
    pub index: &'static [&'static str],
    /// What the rule groups by: keys of the last STATS, of a sequence, of a
    /// threshold; fields of new terms.
    pub group_by: &'static [&'static str],
    /// Names of the values that a draft carries without names: output columns
    /// of a pipeline, fields of a threshold or of new terms, join keys.
    pub columns: &'static [&'static str],
    /// Field that `cardinality` of a threshold counts.
    pub cardinality: Option<&'static str>,
    /// Path of the indicator object (`threat.indicator`).
    pub indicator_path: &'static str,
    /// Field that stands for `@timestamp` in windows.
    pub timestamp_override: Option<&'static str>,
    /// Most alerts of one run.
    pub max_signals: u32,
    /// `building_block_type` is set.
    pub building_block: bool,
    /// `maturity = "deprecated"` or a date of deprecation.
    pub deprecated: bool,
    /// Alerts are rows, not events (ES|QL with STATS).
    pub aggregating: bool,
    /// `severity_mapping`, lowest severity first.
    pub severity_mapping: &'static [MappedSeverity],
    /// Field of `risk_score_mapping`.
    pub risk_score_field: Option<&'static str>,
    /// `rule_name_override`.
    pub name_field: Option<&'static str>,
    /// `alert_suppression`.
    pub suppression: Option<SuppressionInfo>,
    /// The alert's constant members as JSON text without braces:
    /// `"kibana.alert.rule.uuid":"..",...`.
    pub members: &'static str,
    /// Members with long texts, written only where alerts are to be full; the
    /// same form, empty if there are none or they were left out.
    pub texts: &'static str,
    /// Hash of everything that changes alerts or state.
    pub meaning: u64,
    /// Hash of the file's bytes.
    pub content: u64,
}
