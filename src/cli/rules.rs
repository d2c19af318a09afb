//! `detect rules`: what is compiled in.

use super::failure::Failure;
use super::output::{self, Cell, Column, Format, Table, Tone};
use super::ruleset::Rules;
use clap::Args;
use detect::runtime::alert::RuleInfo;
use detect::runtime::engine::{self, Need, Rule, Ruleset as _};
use detect_compiler::rule::read_folder;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Lists the rules that are compiled into this program
#[derive(Args, Debug)]
pub(crate) struct ListRules {
    /// How they are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Compare with a folder instead: which files differ from what is compiled in
    #[arg(long, value_name = "DIR")]
    verify: Option<PathBuf>,
}

impl ListRules {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let table = Rules::table();
        match &self.verify {
            Some(folder) => verify(table, folder, self.format),
            None => list(table, self.format),
        }
    }
}

fn list(table: &engine::Table, format: Format) -> Result<(), Failure> {
    let compiled = table.rules.iter().map(record);
    let refused = table.refused.iter().map(
        |refused| json!({ "path": refused.path, "status": "refused", "reason": refused.reason }),
    );
    let records: Vec<Json> = compiled.chain(refused).collect();
    output::records(format, &records, || {
        let mut rows = Table::new(vec![
            Column::left("SEVERITY"),
            Column::right("RISK"),
            Column::left("TYPE"),
            Column::left("NAME").most(56),
            Column::left("WINDOW"),
            Column::left("GROUP BY").most(40),
            Column::left("STATUS"),
            Column::left("ID"),
            Column::left("PATH"),
        ]);
        for rule in table.rules {
            let info = rule.info;
            rows.row(vec![
                Cell::new(info.severity.name()),
                Cell::new(info.risk_score.to_string()),
                Cell::new(info.rule_type.name()),
                Cell::new(info.name),
                Cell::new(window(info)),
                Cell::new(info.group_by.join(", ")),
                Cell::new(status(rule)).tone(Tone::Dim),
                Cell::new(info.id).tone(Tone::Dim),
                Cell::new(info.path).tone(Tone::Dim),
            ]);
        }
        for refused in table.refused {
            let mut cells = vec![""; 9].into_iter().map(Cell::new).collect::<Vec<_>>();
            cells[3] = Cell::new(refused.reason);
            cells[6] = Cell::new("refused").tone(Tone::Bad);
            cells[8] = Cell::new(refused.path);
            rows.row(cells);
        }
        rows
    })
}

fn record(rule: &Rule) -> Json {
    let info = rule.info;
    let waits_for: Vec<String> = rule.needs().map(wanted).collect();
    json!({
        "id": info.id,
        "path": info.path,
        "name": info.name,
        "type": info.rule_type.name(),
        "language": info.language,
        "status": status(rule),
        "waits_for": waits_for,
        "severity": info.severity.name(),
        "risk_score": info.risk_score,
        "interval_ms": info.interval,
        "lookback_ms": info.lookback,
        "index": info.index,
        "group_by": info.group_by,
        "content_hash": format!("{:016x}", info.content),
        "meaning_hash": format!("{:016x}", info.meaning),
    })
}

/// A rule that waits runs once it is given what it needs.
fn status(rule: &Rule) -> &'static str {
    if rule.info.deprecated {
        "deprecated"
    } else if rule.needs().next().is_some() {
        "waiting"
    } else {
        "active"
    }
}

/// The option that gives a rule what it needs.
pub(super) fn wanted(need: Need) -> String {
    match need {
        Need::Completion => "--completion-cmd".to_owned(),
        Need::Lookup(name) => format!("--lookup {name}=FILE"),
    }
}

/// `61m every 1h`
fn window(info: &RuleInfo) -> String {
    format!("{} every {}", span(info.lookback), span(info.interval))
}

fn span(millis: i64) -> String {
    const UNITS: [(i64, &str); 4] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = UNITS.iter().find(|(length, _)| millis >= *length && millis % length == 0);
    unit.map_or_else(
        || format!("{millis}ms"),
        |(length, name)| format!("{}{name}", millis / length),
    )
}

/// Says for each file whether it is as it was compiled in.
fn verify(table: &engine::Table, folder: &Path, format: Format) -> Result<(), Failure> {
    let files = read_folder(folder).map_err(|error| Failure::read(&error.path, &error.error))?;
    let there: BTreeMap<&str, u64> =
        files.files.iter().map(|file| (file.path.as_str(), file.content_hash())).collect();
    let compiled: BTreeMap<&str, u64> = table.files.iter().copied().collect();
    let mut records = Vec::new();
    for (path, hash) in &compiled {
        let state = match there.get(path) {
            None => "missing",
            Some(other) if other == hash => "equal",
            Some(_) => "changed",
        };
        records.push(json!({ "path": path, "state": state }));
    }
    let added = there.keys().filter(|path| !compiled.contains_key(*path));
    records.extend(added.map(|path| json!({ "path": path, "state": "added" })));
    let state = |record: &Json| record["state"].as_str().unwrap_or_default().to_owned();
    output::records(format, &records, || {
        let mut rows = Table::new(vec![Column::left("STATE"), Column::left("FILE")]);
        for record in &records {
            let state = state(record);
            let tone = if state == "equal" { Tone::Good } else { Tone::Bad };
            let path = record["path"].as_str().unwrap_or_default();
            rows.row(vec![Cell::new(state).tone(tone), Cell::new(path)]);
        }
        rows
    })?;
    if records.iter().all(|record| state(record) == "equal") { Ok(()) } else { Err(Failure::Found) }
}
