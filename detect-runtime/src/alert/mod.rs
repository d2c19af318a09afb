//! Alerts: what a rule's match looks like as a JSON document.
//!
//! In: [`Draft`](crate::head::Draft)s and the constant description of the rule
//! that made them ([`RuleInfo`]). Out: one line of JSON for each alert, in the
//! shape of Elastic's alert index: flat dotted `kibana.alert.*` keys beside a
//! copy of the event or the columns of the row. Must not know how a draft came
//! to be, nor where alerts go.

mod fields;
mod identity;
mod info;
mod json;
mod origin;
mod rating;
mod reason;
mod row;
mod shared;
mod writer;

pub use identity::{RULE_NAMESPACE, content_hash, rule_uuid};
pub use info::{MappedSeverity, RuleInfo, RuleType, Severity, SuppressionInfo, UnknownSeverity};
pub use rating::Rating;
pub use writer::{Format, Writer, Written};

use identity::Identity;
