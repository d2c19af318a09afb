//! Why a case fails.

use crate::engine::{FeedError, TableError};
use std::fmt;
use thiserror::Error;

/// Why a case fails.
#[derive(Debug, Error)]
pub enum CaseError {
    /// The line is no JSON object.
    #[error("the line is no JSON object: {0}")]
    Json(#[source] serde_json::Error),
    /// A member is missing or of another kind.
    #[error("`{name}` must be {expected}")]
    Member {
        /// The member.
        name: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The ruleset has no such rule.
    #[error("no rule with the id {id}{} is compiled in", at(.path.as_deref()))]
    NoRule {
        /// Its id.
        id: String,
        /// Its path, if the case gives one.
        path: Option<String>,
    },
    /// An event of the case is none.
    #[error("event {event} is no event: {reason}")]
    NoEvent {
        /// Its number from 1.
        event: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The rule should have alerted.
    #[error("the rule did not alert on {events} events; {}", Others(.others))]
    Silent {
        /// Events of the case.
        events: usize,
        /// Names of rules that did.
        others: Vec<&'static str>,
    },
    /// The rule should not have alerted.
    #[error("the rule made {alerts} alerts and should make none")]
    Loud {
        /// How many it made.
        alerts: usize,
    },
    /// The rule takes no indicators.
    #[error(transparent)]
    Indicators(#[from] FeedError),
    /// The ruleset cannot be read.
    #[error("the compiled rules are damaged: {0}")]
    Table(#[from] TableError),
}

impl CaseError {
    pub(super) fn member(name: &'static str, expected: &'static str) -> CaseError {
        CaseError::Member { name, expected }
    }
}

fn at(path: Option<&str>) -> String {
    path.map_or_else(String::new, |path| format!(" and the path {path}"))
}

struct Others<'o>(&'o [&'static str]);

impl fmt::Display for Others<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("no rule did"),
            names => write!(f, "these did: {}", names.join(", ")),
        }
    }
}
