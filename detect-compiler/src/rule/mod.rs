//! The rule model: a rule file with everything that it says.
//!
//! In: TOML text, or a folder of such files. Out: [`Rule`]s whose texts know
//! their place in the file, or all errors of a file at once. Must not know what
//! a query means: the front ends read it, `lower` brings both together.
//!
//! Two shapes of file exist. A *detection rule* has `[rule]` with `rule_id` and
//! `type`. An *endpoint behaviour rule* has `[rule]` with `id` and `os_list`,
//! no type (it is EQL), no severity (high, 73) and no schedule (every event is
//! looked at once), and its `threat` stands beside the rule.

mod error;
mod exceptions;
mod folder;
mod hash;
mod kind;
mod read;
mod schedule;
mod table;
mod text;
mod threat;

pub use error::{Fault, RuleError};
pub(crate) use exceptions::in_order;
pub use exceptions::{Entry, EntryTest, Exceptions, Item};
pub use folder::{File, Folder, FolderError, Ruleset, read_folder};
pub use kind::{Anomalies, Eql, Kind, MappingEntry, NewTerms, ThreatMatch, Threshold};
pub use schedule::{Relative, Schedule, TimeError, parse_duration, parse_relative};
pub use text::Text;
pub use threat::{Tactic, Technique, Threat};

use crate::diagnostic::{Problem, Report};
use detect_runtime::alert::{RuleType, Severity};
use serde_json::Value as Json;
use std::ops::Range;
use std::sync::Arc;

/// A rule file.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Path of the file below the rules folder, with `/`.
    pub path: Arc<str>,
    /// The file's text.
    pub source: Arc<str>,
    /// Which of the two shapes it has.
    pub shape: Shape,
    /// Book-keeping that does not change what the rule matches.
    pub metadata: Metadata,
    /// `rule_id`, or `id` of an endpoint rule.
    pub id: Text,
    /// Name.
    pub name: String,
    /// What type of rule, with what only that type has.
    pub kind: Kind,
    /// Language of the query.
    pub language: Language,
    /// The query; absent for machine learning and for rules of filters only.
    pub query: Option<Text>,
    /// Index patterns; empty = all events.
    pub index: Vec<String>,
    /// Severity before mapping.
    pub severity: Severity,
    /// Risk score before mapping.
    pub risk_score: u8,
    /// When it runs and how far it looks back.
    pub schedule: Schedule,
    /// Field of the rule's time, `@timestamp` if absent.
    pub timestamp_override: Option<String>,
    /// Most alerts of one run.
    pub max_signals: u32,
    /// Kibana filters, ANDed with the query, each with its place.
    pub filters: Vec<Filter>,
    /// `alert_suppression`.
    pub suppression: Option<Suppression>,
    /// Severity by value of a field, lowest severity first.
    pub severity_mapping: Vec<SeverityMapping>,
    /// Field of which the value becomes the risk score.
    pub risk_score_field: Option<String>,
    /// Field of which the value becomes the alert's rule name.
    pub name_field: Option<String>,
    /// Alerts are marked as building blocks.
    pub building_block: bool,
    /// Operating systems of an endpoint rule; empty = all.
    pub os_list: Vec<String>,
    /// Containers of exceptions that the file names.
    pub exception_lists: Vec<ExceptionList>,
    /// What the file says for people.
    pub texts: Texts,
    /// Mapping to tactics and techniques.
    pub threat: Vec<Threat>,
    /// Exceptions from the file beside the rule.
    pub exceptions: Option<Arc<Exceptions>>,
    /// What is doubtful; spans in the file.
    pub warnings: Vec<Problem>,
}

/// Shape of a rule file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `[metadata]` and `[rule]` with `rule_id` and `type`.
    Detection,
    /// `[rule]` with `id`, `os_list` and an EQL query.
    Endpoint,
}

/// Language of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// ES|QL.
    Esql,
    /// EQL.
    Eql,
    /// KQL.
    Kuery,
    /// Lucene query string.
    Lucene,
    /// No query: machine learning.
    None,
}

impl Language {
    /// The value of `rule.language`; empty if there is no query.
    pub const fn name(self) -> &'static str {
        match self {
            Language::Esql => "esql",
            Language::Eql => "eql",
            Language::Kuery => "kuery",
            Language::Lucene => "lucene",
            Language::None => "",
        }
    }
}

/// `[metadata]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `creation_date`.
    pub created: Option<String>,
    /// `updated_date`.
    pub updated: Option<String>,
    /// `maturity`.
    pub maturity: Option<String>,
    /// Packages that deliver the data.
    pub integration: Vec<String>,
    /// Oldest stack that can run it.
    pub min_stack_version: Option<String>,
    /// Set when retired.
    pub deprecation_date: Option<String>,
    /// Why it was retired.
    pub deprecated_reason: Option<String>,
    /// Version of an endpoint rule.
    pub version: Option<String>,
}

/// Texts and lists for people; none changes what the rule matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// `description`
    pub description: String,
    /// `author`
    pub author: Vec<String>,
    /// `license`
    pub license: Option<String>,
    /// `note`: investigation guide.
    pub note: Option<String>,
    /// `setup`
    pub setup: Option<String>,
    /// `references`
    pub references: Vec<String>,
    /// `false_positives`
    pub false_positives: Vec<String>,
    /// `tags`
    pub tags: Vec<String>,
    /// `investigation_fields.field_names`
    pub investigation_fields: Vec<String>,
    /// `timeline_id`
    pub timeline_id: Option<String>,
    /// `timeline_title`
    pub timeline_title: Option<String>,
    /// `from` as written, or the default.
    pub from: String,
    /// `to` as written, or the default.
    pub to: String,
    /// `interval` as written, or the default.
    pub interval: String,
}

/// A Kibana filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The filter.
    pub json: Json,
    /// Its place in the file.
    pub span: Range<usize>,
}

/// `alert_suppression`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Fields or columns; empty for threshold rules, which group by their own fields.
    pub group_by: Vec<Text>,
    /// Milliseconds; `None` = per run.
    pub duration: Option<i64>,
    /// `missing_fields_strategy` is `suppress`.
    pub missing_is_value: bool,
}

/// One item of `severity_mapping`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeverityMapping {
    /// Field.
    pub field: String,
    /// Value.
    pub value: String,
    /// Severity then.
    pub severity: Severity,
}

/// A container of exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionList {
    /// `list_id`
    pub list_id: String,
    /// `type`: `detection`, `rule_default`, `endpoint`, ...
    pub kind: String,
}

impl Rule {
    /// Reads a rule file. `path` is what messages and alerts say.
    ///
    /// # Errors
    /// All that is wrong with the file, in one report.
    pub fn parse(path: &str, source: &str) -> Result<Rule, Report> {
        read::rule(path, source)
    }

    /// The type.
    pub fn rule_type(&self) -> RuleType {
        self.kind.rule_type()
    }

    /// True if the rule is retired.
    pub fn deprecated(&self) -> bool {
        self.metadata.maturity.as_deref() == Some("deprecated")
            || self.metadata.deprecation_date.is_some()
    }

    /// A report about this file.
    pub fn report(&self, problems: Vec<Problem>) -> Report {
        Report { path: self.path.clone(), source: self.source.clone(), problems }
    }

    /// Hash of the file's bytes.
    pub fn content_hash(&self) -> u64 {
        detect_runtime::alert::content_hash(self.source.as_bytes())
    }

    /// Hash of everything that changes which alerts the rule makes or what its
    /// state holds: query, type, schedule, index, filters, fields and operators
    /// of exceptions. Not of name, severity, texts, values of exceptions.
    /// `fields` is a hash of the ruleset's own field types.
    pub fn meaning_hash(&self, fields: u64) -> u64 {
        hash::meaning(self, fields)
    }
}
