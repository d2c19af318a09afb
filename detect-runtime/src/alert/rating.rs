//! Severity, risk and name of one alert: the rule's, or what fields of the
//! event say instead.

use super::fields::Fields;
use super::{RuleInfo, Severity};

/// Severity and risk score of a rule while it runs: data that can change
/// without a new build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// Severity.
    pub severity: Severity,
    /// Risk score 0 to 100.
    pub risk_score: u8,
}

impl RuleInfo {
    /// The rating that the rule's file gives.
    pub const fn rating(&self) -> Rating {
        Rating { severity: self.severity, risk_score: self.risk_score }
    }
}

/// What an alert says of itself after mapping.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) severity: Severity,
    pub(super) risk_score: f64,
    pub(super) name: String,
}

impl Verdict {
    /// Without mapping: sequences.
    pub(super) fn plain(info: &RuleInfo, rating: Rating) -> Verdict {
        Verdict {
            severity: rating.severity,
            risk_score: f64::from(rating.risk_score),
            name: info.name.to_owned(),
        }
    }

    /// With `severity_mapping`, `risk_score_mapping` and `rule_name_override`.
    pub(super) fn mapped(info: &RuleInfo, rating: Rating, fields: Fields<'_>) -> Verdict {
        let mut verdict = Verdict::plain(info, rating);
        // From lowest to highest: the last that holds wins.
        for item in info.severity_mapping {
            let equal = |text: &String| same_value(item.field, text, item.value);
            if fields.texts(item.field).iter().any(equal) {
                verdict.severity = item.severity;
            }
        }
        if let Some(field) = info.risk_score_field {
            let scores =
                fields.texts(field).into_iter().filter_map(|text| text.trim().parse().ok());
            let best = scores.filter(|score| (0.0..=100.0).contains(score)).reduce(f64::max);
            verdict.risk_score = best.unwrap_or(verdict.risk_score);
        }
        if let Some(name) =
            info.name_field.and_then(|field| fields.strings(field).into_iter().next())
        {
            verdict.name = name;
        }
        verdict
    }
}

/// `event.severity` is compared as a number rounded down, all else as text.
fn same_value(field: &str, text: &str, value: &str) -> bool {
    if field != "event.severity" {
        return text == value;
    }
    match (text.trim().parse::<f64>(), value.trim().parse::<f64>()) {
        (Ok(text), Ok(value)) => text.floor() == value.floor(),
        _ => text == value,
    }
}
