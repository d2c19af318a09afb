//! `sequences.series-spec`: for each stage of a sequence the events that satisfy
//! it, and the sequences that come of them.

use detect_compiler::diagnostic::Problem;
use detect_compiler::eql::{self, Compiled, Context, Dialect};
use detect_compiler::schema::Schema;
use serde_json::{Value as Json, json};
use std::path::Path;

/// A case.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) query: String,
    /// In order of time.
    pub(crate) events: Vec<(i64, Json)>,
    /// Times of the events of each sequence.
    pub(crate) expected: Vec<Vec<i64>>,
}

/// The cases of a folder.
pub(crate) fn of(folder: &Path) -> Vec<Series> {
    let text = std::fs::read_to_string(folder.join("sequences.series-spec")).unwrap_or_default();
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let mut all = Vec::new();
    while let Some(name) = lines.next() {
        let stages: Vec<&str> = lines.by_ref().take_while(|line| *line != ";").collect();
        let expected: Vec<&str> = lines.by_ref().take_while(|line| *line != ";").collect();
        all.push(series(name, &stages, &expected));
    }
    all
}

impl Series {
    /// Its query, compiled.
    pub(crate) fn compile(&self) -> Result<Compiled, Vec<Problem>> {
        eql::compile(&self.query, &Context::new(&Schema::builtin(), Dialect::Elasticsearch))
    }
}

/// An event of a series: `A3` or `key|A3`.
fn moment(token: &str) -> Option<(i64, Option<&str>)> {
    let (key, event) = match token.split_once('|') {
        Some((key, event)) => (Some(key), event),
        None => (None, token),
    };
    let time = event.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok()?;
    (!event.starts_with('X')).then_some((time, key))
}

fn series(name: &str, stages: &[&str], expected: &[&str]) -> Series {
    let mut events: Vec<(i64, Json)> = Vec::new();
    let mut keyed = false;
    for (number, stage) in stages.iter().enumerate() {
        for (time, key) in stage.split_whitespace().filter_map(moment) {
            keyed |= key.is_some();
            let same = |(other, event): &(i64, Json)| *other == time && event["key"] == json!(key);
            let at = events.iter().position(same).unwrap_or_else(|| {
                events.push((time, json!({"@timestamp": time, "key": key, "stage": []})));
                events.len() - 1
            });
            if let Some(list) = events[at].1["stage"].as_array_mut() {
                list.push(json!(format!("s{number}")));
            }
        }
    }
    events.sort_by_key(|(time, _)| *time);
    let terms: Vec<String> =
        (0..stages.len()).map(|number| format!("[any where stage == \"s{number}\"]")).collect();
    let by = if keyed { "by key " } else { "" };
    let times = |line: &&str| -> Vec<i64> {
        line.split_whitespace().filter_map(moment).map(|(time, _)| time).collect()
    };
    Series {
        name: name.to_owned(),
        query: format!("sequence {by}{}", terms.join(" ")),
        events,
        expected: expected.iter().map(times).collect(),
    }
}
