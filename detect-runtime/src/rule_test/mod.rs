//! Samples of a rule: events, and whether the rule has to alert on them.
//!
//! In: a line of a file of cases (`RULE.tests.ndjson`) and a compiled ruleset.
//! Out: why the case fails, if it does. Knows the engine from outside, as an
//! embedder does; finds no files and prints nothing.
//!
//! | member | meaning |
//! | --- | --- |
//! | `name` | what the case is about |
//! | `rule_id` | the rule |
//! | `path` | path of the rule below its folder, where several rules have one id |
//! | `events` | the events, in the order in which they come |
//! | `expect` | `match` or `no-match` |
//! | `indicators` | documents for an indicator-match rule, as if read at the time of the latest event |
//!
//! Other members are for people. Each case runs with empty state; what new-terms rules saw before counts as
//! complete and empty. An event may come a minute late.

mod error;

pub use error::CaseError;

use crate::alert::RuleInfo;
use crate::engine::{Alert, Engine, Feed, HeadSpec, Live, Options, Rule, Ruleset, Sink};
use crate::head::Settings;
use crate::input::BadLine;
use crate::value::date;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// How late an event of a case may come, in milliseconds.
const LATENESS: i64 = 60_000;

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is about.
    pub name: Option<String>,
    /// The rule's id.
    rule: String,
    /// The rule's path, if the case gives one.
    path: Option<String>,
    events: Vec<Json>,
    indicators: Option<Vec<Json>>,
    /// Whether the rule has to alert.
    alerts: bool,
}

impl Case {
    /// Reads a line.
    ///
    /// # Errors
    /// [`CaseError`] if the line is no JSON object, or a member is missing or wrong.
    ///
    /// ```
    /// use detect_runtime::rule_test::Case;
    /// let case = Case::parse(r#"{"name":"nothing","rule_id":"r","events":[],"expect":"no-match"}"#)?;
    /// assert_eq!(case.name.as_deref(), Some("nothing"));
    /// assert!(Case::parse(r#"{"rule_id":"r","events":[],"expect":"perhaps"}"#).is_err());
    /// # Ok::<(), detect_runtime::rule_test::CaseError>(())
    /// ```
    pub fn parse(line: &str) -> Result<Case, CaseError> {
        let mut members: Map<String, Json> = serde_json::from_str(line).map_err(CaseError::Json)?;
        Ok(Case {
            name: text(&mut members, "name")?,
            rule: text(&mut members, "rule_id")?.ok_or(CaseError::member("rule_id", "a text"))?,
            path: text(&mut members, "path")?,
            events: list(&mut members, "events")?.ok_or(CaseError::member("events", "a list"))?,
            indicators: list(&mut members, "indicators")?,
            alerts: match members.remove("expect").as_ref().and_then(Json::as_str) {
                Some("match") => true,
                Some("no-match") => false,
                _ => return Err(CaseError::member("expect", "`match` or `no-match`")),
            },
        })
    }

    /// Runs the case through a ruleset.
    ///
    /// # Errors
    /// [`CaseError`] if the rule does other than the case says, or if it cannot run.
    pub fn run<R: Ruleset>(&self) -> Result<(), CaseError> {
        let seen = self.through::<R>(false)?;
        match (self.alerts, self.count(&seen)) {
            (true, 0) => {
                let mut others: Vec<&str> = seen.alerts.iter().map(|info| info.name).collect();
                others.dedup();
                Err(CaseError::Silent { events: self.events.len(), others })
            }
            (false, alerts @ 1..) => Err(CaseError::Loud { alerts }),
            _ => Ok(()),
        }
    }

    /// How many alerts the rule gives on the case's events, whatever it is expected to do;
    /// in reference mode or not.
    ///
    /// # Errors
    /// [`CaseError`] if the case cannot run.
    pub fn alerts<R: Ruleset>(&self, reference: bool) -> Result<usize, CaseError> {
        Ok(self.count(&self.through::<R>(reference)?))
    }

    /// Alerts of the rule itself.
    fn count(&self, seen: &Seen) -> usize {
        seen.alerts.iter().filter(|info| self.means(info)).count()
    }

    fn through<R: Ruleset>(&self, reference: bool) -> Result<Seen, CaseError> {
        let settings =
            Settings { lateness: LATENESS, history_complete: true, ..Settings::default() };
        // Every line is walked, so that none passes for an event that is none.
        let options = Options { settings, walk_all: true, reference, ..Options::default() };
        let mut engine = Engine::<R>::new(options)?;
        if !engine.table().rules.iter().any(|rule| self.means(rule.info)) {
            let path = self.path.clone();
            return Err(CaseError::NoRule { id: self.rule.clone(), path });
        }
        self.indicate(&mut engine)?;
        let mut seen = Seen::default();
        for event in &self.events {
            engine.feed(format!("{event}\n").as_bytes(), &mut seen);
            seen.events += 1;
        }
        engine.finish(&mut seen);
        if let Some((event, reason)) = seen.bad {
            return Err(CaseError::NoEvent { event, reason });
        }
        Ok(seen)
    }

    fn means(&self, info: &RuleInfo) -> bool {
        info.id == self.rule && self.path.as_ref().is_none_or(|path| info.path == path)
    }

    /// Gives the case's indicators to its rule.
    fn indicate<R: Ruleset>(&self, engine: &mut Engine<R>) -> Result<(), CaseError> {
        let Some(documents) = &self.indicators else { return Ok(()) };
        let mut lines = Vec::new();
        for document in documents {
            lines.extend_from_slice(document.to_string().as_bytes());
            lines.push(b'\n');
        }
        let now = self.events.iter().filter_map(time).max().unwrap_or_default();
        let table = engine.table();
        let mut live = Live::clone(engine.live());
        for (number, (rule, live)) in table.rules.iter().zip(&mut live.rules).enumerate() {
            if self.means(rule.info) {
                let mut feed = Feed::new(table, number, &live.exceptions, now)?;
                feed.file(index_of(rule), &lines);
                live.indicators = Arc::new(feed.finish().0);
            }
        }
        engine.go_on_with(&Arc::new(live));
        Ok(())
    }
}

/// Runs the case on a line (numbered from 1) of a file of cases: what the tests
/// that `detect::rule_tests!` generates call.
///
/// # Errors
/// [`CaseError`] as for [`Case::parse`] and [`Case::run`].
pub fn run_line<R: Ruleset>(cases: &str, line: usize) -> Result<(), CaseError> {
    let line = cases.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    Case::parse(line)?.run::<R>()
}

/// The index in which the rule looks for indicators.
fn index_of(rule: &Rule) -> &'static str {
    match rule.head {
        HeadSpec::Threat(spec) => spec.indices.first().copied().unwrap_or_default(),
        _ => "",
    }
}

/// The event's `@timestamp` in milliseconds.
fn time(event: &Json) -> Option<i64> {
    match event.get("@timestamp")? {
        Json::String(text) => date::to_millis(date::parse_or_epoch(text)?),
        other => other.as_i64(),
    }
}

fn text(members: &mut Map<String, Json>, name: &'static str) -> Result<Option<String>, CaseError> {
    match members.remove(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(CaseError::member(name, "a text")),
    }
}

fn list(
    members: &mut Map<String, Json>,
    name: &'static str,
) -> Result<Option<Vec<Json>>, CaseError> {
    match members.remove(name) {
        None => Ok(None),
        Some(Json::Array(all)) => Ok(Some(all)),
        Some(_) => Err(CaseError::member(name, "a list")),
    }
}

/// Rules that alerted; members of sequences do not count.
#[derive(Default)]
struct Seen {
    alerts: Vec<&'static RuleInfo>,
    events: usize,
    /// Number from 1 of the first event that is none, and why.
    bad: Option<(usize, String)>,
}

impl Sink for Seen {
    fn alert(&mut self, alert: &Alert<'_>) {
        if !alert.building_block || alert.info.building_block {
            self.alerts.push(alert.info);
        }
    }

    fn bad_line(&mut self, bad: &BadLine, _line: &[u8]) {
        self.bad.get_or_insert_with(|| (self.events + 1, bad.reason.to_string()));
    }
}
